"""The pods of a deployment or a selector: who is not ready, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.selection import Wanted, pods_of
from bot.providers.kubernetes.workloads import age, image_words, images_of, moment

_SHOWN: Final = 20
_EXPLAINED: Final = 5
_LINE_LIMIT: Final = 240
_PULL_FAILURES: Final = frozenset({"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"})


@dataclass(frozen=True, slots=True)
class _Pod:
    name: str
    image: str
    node: str
    age: str
    is_ready: bool
    is_leaving: bool
    restarts: int
    waiting: frozenset[str]
    ended: frozenset[str]
    phase: str
    why: tuple[str, ...]

    @property
    def is_missed(self) -> bool:
        """Not ready although it should be: neither finished nor being replaced."""
        return not self.is_ready and not self.is_leaving and self.phase != "Succeeded"

    @property
    def state(self) -> str:
        oom = ["OOMKilled"] if "OOMKilled" in self.ended else []
        if self.is_leaving:
            return "Terminating"
        if self.is_ready:
            return ", ".join(["Ready", *oom])
        return ", ".join([*sorted(self.waiting), *oom]) or (
            f"{self.phase}, not ready" if self.is_missed else self.phase
        )

    def __str__(self) -> str:
        return f"{self.name}  {self.state}  {self.restarts} restarts  {self.age}  {self.image}  {self.node}"


async def _read(address: Address, wanted: Wanted) -> Reading:
    async with opened(address) as cluster:
        documents = await pods_of(cluster, wanted)
    pods = sorted(map(_pod, documents), key=lambda pod: (not pod.is_missed, -pod.restarts, pod.name))
    measurements = (
        Measurement("count", len(pods)),
        Measurement("pods", len(pods)),
        Measurement("running", sum(pod.phase == "Running" and not pod.waiting for pod in pods)),
        Measurement("not_ready", sum(pod.is_missed for pod in pods)),
        Measurement("restarts", sum(pod.restarts for pod in pods)),
        Measurement("restarts_max", max((pod.restarts for pod in pods), default=0)),
        Measurement("crash_looping", sum("CrashLoopBackOff" in pod.waiting for pod in pods)),
        Measurement("image_pull_failing", sum(bool(_PULL_FAILURES & pod.waiting) for pod in pods)),
        Measurement("oom_killed", sum("OOMKilled" in pod.ended for pod in pods)),
    )
    return Reading(_summary(pods), measurements, tuple(_evidence(pods)))


def _evidence(pods: list[_Pod]) -> Iterator[str]:
    """One line a pod; the worst few are followed by what their containers and conditions say."""
    for place, pod in enumerate(pods[:_SHOWN]):
        yield mask(str(pod))[:_LINE_LIMIT]
        if place < _EXPLAINED and (pod.is_missed or pod.restarts):
            yield from (mask(f"    {line}")[:_LINE_LIMIT] for line in pod.why)


def _pod(document: Document) -> _Pod:
    metadata, spec, status = document["metadata"], document["spec"], document.get("status") or {}
    containers: list[Document] = [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]
    waiting = {(one.get("state") or {}).get("waiting", {}).get("reason", "") for one in containers}
    ended = {
        (one.get(when) or {}).get("terminated", {}).get("reason", "")
        for one in containers
        for when in ("state", "lastState")
    }
    conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
    return _Pod(
        name=metadata["name"],
        image=image_words(images_of({"spec": spec})),
        node=spec.get("nodeName", "unscheduled"),
        age=age(moment(metadata["creationTimestamp"])),
        is_ready=conditions.get("Ready") == "True",
        is_leaving="deletionTimestamp" in metadata,
        restarts=max((one.get("restartCount", 0) for one in containers), default=0),
        waiting=frozenset(waiting - {""}),
        ended=frozenset(ended - {""}),
        phase=status.get("phase", "Unknown"),
        why=tuple(_why(status, containers)),
    )


def _why(status: Document, containers: list[Document]) -> Iterator[str]:
    """What kubelet and scheduler say, in the manner of `kubectl describe`, without the environment."""
    for container in containers:
        name, state = container["name"], container.get("state") or {}
        if waiting := state.get("waiting"):
            yield f"{name}: {waiting.get('reason', '?')}: {_one_line(waiting.get('message', ''))}"
        ended = (container.get("lastState") or {}).get("terminated") or state.get("terminated")
        if ended:
            when = f", {age(moment(ended['finishedAt']))} ago" if ended.get("finishedAt") else ""
            told = _one_line(ended.get("message", ""))
            yield f"{name}: ended with {ended.get('reason', '?')}, exit code {ended.get('exitCode', '?')}{when} {told}"
    for condition in status.get("conditions", []):
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            yield f"{condition.get('reason', '?')}: {_one_line(condition.get('message', ''))}"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _summary(pods: list[_Pod]) -> Text:
    if not pods:
        return say("there is no such pod")
    missed = [pod for pod in pods if pod.is_missed]
    if not missed:
        return say("all {count} pods ready", count=len(pods))
    first = missed[0]
    return say(
        "{missed} of {count} pods not ready; {pod} is in {state}, {restarts} restarts",
        missed=len(missed),
        count=len(pods),
        pod=first.name,
        state=first.state,
        restarts=first.restarts,
    )


PODS_OF = Read("kubernetes.pods", Address, Wanted, LIMIT, _read)
