"""What nodes have left for a pod, by what the pods there asked for, and how far a scaling or a rollout would come."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.quantities import MEBI, amount

_KEEPS_OUT: Final = ("NoSchedule", "NoExecute")
_PODS: Final = 110  # what a kubelet takes where its node does not say


@dataclass(frozen=True, slots=True)
class Size:
    """What a pod asks for: thousandths of a processor, and bytes."""

    cpu: int
    memory: int

    def __str__(self) -> str:
        return f"{self.cpu}m CPU, {round(self.memory / MEBI)} MiB"


@dataclass(slots=True)
class Node:
    """One node and what is free there; `own` are the sizes of the deployment's pods on it, `why` it takes none."""

    name: str
    free: Size
    places: int
    own: list[Size]
    why: str = ""

    def holds(self, size: Size) -> int:
        """How many more pods of this size fit."""
        most = [self.places]
        most += [self.free.cpu // size.cpu] if size.cpu else []
        most += [self.free.memory // size.memory] if size.memory else []
        return 0 if self.why else max(0, min(most))

    def put(self, size: Size, count: int = 1) -> None:
        """So many pods come; a negative count goes."""
        self.free = Size(self.free.cpu - count * size.cpu, self.free.memory - count * size.memory)
        self.places -= count

    def __str__(self) -> str:
        return f"{self.name}  free {self.free}, {self.places} pods" + (f"  takes none: {self.why}" if self.why else "")


def size_of(spec: Document) -> Size:
    """What the scheduler counts for a pod; a limit without a request is a request, as the API server makes it."""
    return Size(math.ceil(_asked(spec, "cpu") * 1000), math.ceil(_asked(spec, "memory")))


def _asked(spec: Document, kind: str) -> float:
    overhead = amount((spec.get("overhead") or {}).get(kind, "0")) or 0
    if kind in ((spec.get("resources") or {}).get("requests") or {}):
        return _request(spec, kind) + overhead
    first = spec.get("initContainers") or []
    beside = sum(_request(one, kind) for one in first if one.get("restartPolicy") == "Always")
    once = max((_request(one, kind) for one in first if one.get("restartPolicy") != "Always"), default=0)
    return beside + max(once, sum(_request(one, kind) for one in spec["containers"])) + overhead


def _request(holder: Document, kind: str) -> float:
    resources = holder.get("resources") or {}
    asked = (resources.get("requests") or {}).get(kind) or (resources.get("limits") or {}).get(kind) or "0"
    return amount(asked) or 0


def nodes_with(documents: list[Document], pods: Iterable[Document], own: set[str], template: Document) -> list[Node]:
    """The nodes with what the pods there leave free; `own` are the uids of the deployment's pods."""
    nodes = {one["metadata"]["name"]: _node(one, template["spec"]) for one in documents}
    for pod in pods:
        node, size = nodes.get(pod["spec"].get("nodeName", "")), size_of(pod["spec"])
        if node is None:
            continue
        node.put(size)
        if pod["metadata"]["uid"] in own and "deletionTimestamp" not in pod["metadata"]:
            node.own.append(size)
    return sorted(nodes.values(), key=lambda node: node.name)


def _node(document: Document, wanted: Document) -> Node:
    allocatable = (document.get("status") or {}).get("allocatable") or {}
    free = Size(
        math.floor((amount(allocatable.get("cpu", "0")) or 0) * 1000),
        math.floor(amount(allocatable.get("memory", "0")) or 0),
    )
    places = int(amount(allocatable.get("pods", "")) or _PODS)
    return Node(document["metadata"]["name"], free, places, [], _obstacle(document, wanted))


def _obstacle(document: Document, wanted: Document) -> str:
    spec, labels = document.get("spec") or {}, document["metadata"].get("labels") or {}
    conditions = (document.get("status") or {}).get("conditions") or []
    if spec.get("unschedulable"):
        return "cordoned"
    if not any(one["type"] == "Ready" and one["status"] == "True" for one in conditions):
        return "not ready"
    if any(labels.get(key) != value for key, value in (wanted.get("nodeSelector") or {}).items()):
        return "not what the pods' nodeSelector wants"
    tolerations = wanted.get("tolerations") or []
    for taint in spec.get("taints") or []:
        if taint.get("effect") in _KEEPS_OUT and not any(_tolerates(one, taint) for one in tolerations):
            return f"taint {taint['key']}"
    return ""


def _tolerates(toleration: Document, taint: Document) -> bool:
    key, effect = toleration.get("key", ""), toleration.get("effect", "")
    if (key and key != taint["key"]) or (effect and effect != taint.get("effect")):
        return False
    has_value = bool(key) and toleration.get("value", "") == taint.get("value", "")
    return has_value or toleration.get("operator") == "Exists"


@dataclass(frozen=True, slots=True)
class Pace:
    """How many pods a deployment wants, and how many more or fewer there may be while it is rolled."""

    desired: int
    surge: int
    spare: int


def pace_of(deployment: Document) -> Pace:
    spec = deployment["spec"]
    desired, strategy = spec.get("replicas", 1), spec.get("strategy") or {}
    if strategy.get("type") == "Recreate":
        return Pace(desired, 0, desired)
    rolling = strategy.get("rollingUpdate") or {}
    surge = math.ceil(_part(rolling.get("maxSurge", "25%"), desired))
    spare = math.floor(_part(rolling.get("maxUnavailable", "25%"), desired))
    return Pace(desired, surge, spare if surge or spare else 1)


def _part(written: int | str, desired: int) -> float:
    text = str(written)
    return desired * int(text[:-1]) / 100 if text.endswith("%") else int(text)


def rolled(nodes: list[Node], size: Size, pace: Pace) -> int:
    """How many new pods find a place while the old ones go one by one, as the controllers do it.

    New pods go where most is free, old ones go first where most of them are: the defaults of scheduler and controller.
    """
    left = [replace(node, own=list(node.own)) for node in nodes]
    placed, old = 0, sum(len(node.own) for node in left)
    while True:
        while placed < pace.desired and placed + old < pace.desired + pace.surge and _placed(left, size):
            placed += 1
        if placed >= pace.desired or not old or placed + old <= pace.desired - pace.spare:
            return placed
        crowded = max(left, key=lambda node: len(node.own))
        crowded.put(crowded.own.pop(), -1)
        old -= 1


def _placed(nodes: list[Node], size: Size) -> bool:
    fitting = [node for node in nodes if node.holds(size)]
    if not fitting:
        return False
    max(fitting, key=lambda node: (node.free.cpu, node.free.memory)).put(size)
    return True
