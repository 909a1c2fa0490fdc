"""The machines of the cluster: what each has, what pods have asked of it, and where the next pod goes."""

from typing import Any

from sandbox.world.kubernetes.resources import NODES, PODS, Document
from sandbox.world.kubernetes.store import Store

CPU_M, MEMORY_MI = 16_000, 64 * 1024
_WHOLE: tuple[float, float] = (CPU_M, MEMORY_MI)
_OTHERS = "default"
Left = dict[str, tuple[float, float]]


def seed_nodes(store: Store) -> None:
    for letter in "abc":
        store.create(NODES, _node(f"node-{letter}"))


def fill_nodes(store: Store, percent: float) -> None:
    """Another team's pods, one on each node, ask for this share of it; the earlier ones are gone."""
    for pod in store.listing(PODS, _OTHERS):
        store.delete(PODS, _OTHERS, pod["metadata"]["name"])
    for node in store.listing(NODES, "") if percent else ():
        store.create(PODS, _batch(node["metadata"]["name"], percent))


def node_for(store: Store, pod: Document) -> str:
    """Where the pod goes; empty where it fits nowhere. A cluster without any node takes every pod."""
    return chosen(left_on_nodes(store), pod) if store.listing(NODES, "") else "node-a"


def left_on_nodes(store: Store) -> Left:
    """What the pods on each node leave of it, in thousandths of a processor and mebibytes."""
    left = {one["metadata"]["name"]: _WHOLE for one in store.listing(NODES, "") if not one["spec"].get("unschedulable")}
    for pod in store.listing(PODS, ""):
        if (place := pod["spec"].get("nodeName", "")) in left:
            _take(left, place, pod)
    return left


def chosen(left: Left, pod: Document) -> str:
    """The node with most processor time left among those where the pod fits, as the scheduler decides; it is taken."""
    cpu, memory = _asked(pod)
    fitting = [name for name, free in left.items() if free[0] >= cpu and free[1] >= memory]
    best = max(fitting, key=lambda name: left[name], default="")
    if best:
        _take(left, best, pod)
    return best


def _take(left: Left, name: str, pod: Document) -> None:
    cpu, memory = _asked(pod)
    left[name] = (left[name][0] - cpu, left[name][1] - memory)


def _asked(pod: Document) -> tuple[float, float]:
    """Thousandths of a processor and mebibytes."""
    asked = [(one.get("resources") or {}).get("requests") or {} for one in pod["spec"]["containers"]]
    return (
        sum(_number(one.get("cpu", "0"), {"m": 1}, 1000) for one in asked),
        sum(_number(one.get("memory", "0"), {"Ki": 1 / 1024, "Mi": 1, "Gi": 1024}, 1 / 1024**2) for one in asked),
    )


def _number(written: Any, units: dict[str, float], plain: float) -> float:
    text = str(written)
    unit = next((unit for unit in units if text.endswith(unit)), "")
    return float(text.removesuffix(unit)) * units.get(unit, plain)


def _node(name: str) -> Document:
    room = {"cpu": str(CPU_M // 1000), "memory": f"{MEMORY_MI}Mi", "pods": "110"}
    return {
        "apiVersion": NODES.api_version,
        "kind": NODES.kind,
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "spec": {},
        "status": {"capacity": room, "allocatable": room, "conditions": [{"type": "Ready", "status": "True"}]},
    }


def _batch(node: str, percent: float) -> Document:
    asked = {"cpu": f"{int(CPU_M * percent / 100)}m", "memory": f"{int(MEMORY_MI * percent / 100)}Mi"}
    state: Document = {"running": {}}
    container = {"name": "batch", "image": "batch:1.0.0", "resources": {"requests": asked}}
    return {
        "apiVersion": "v1",
        "kind": PODS.kind,
        "metadata": {"name": f"batch-{node}", "namespace": _OTHERS, "labels": {"app": "batch"}},
        "spec": {"nodeName": node, "containers": [container]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "batch", "image": "batch:1.0.0", "restartCount": 0, "state": state}],
        },
    }
