"""A pod among those that do the same work, and whether the others can do without it."""

from dataclasses import dataclass
from typing import Any

from bot.core.errors import TargetError
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import DEPLOYMENTS, PODS
from bot.providers.kubernetes.workloads import selector_of


@dataclass(frozen=True, slots=True)
class Siblings:
    """The pods of one workload that are not on their way out already."""

    pods: tuple[Document, ...]

    @property
    def ready(self) -> int:
        return sum(map(is_ready, self.pods))

    def others(self, pod: Document) -> "Siblings":
        return Siblings(tuple(one for one in self.pods if uid_of(one) != uid_of(pod)))

    def named(self, name: str) -> Document | None:
        return next((one for one in self.pods if one["metadata"]["name"] == name), None)

    def worst(self) -> Document | None:
        """The one that is not ready or has restarted most; None when all are equally well."""
        ranked = sorted(self.pods, key=lambda pod: (is_ready(pod), -restarts_of(pod), pod["metadata"]["name"]))
        if not ranked:
            return None
        first = ranked[0]
        return first if not is_ready(first) or restarts_of(first) else None


@dataclass(frozen=True, slots=True)
class Workload:
    """How the pods of one workload are known: by a selector, or by the uid of what makes them."""

    selector: str
    maker: str

    async def pods(self, cluster: Cluster) -> Siblings:
        found = await cluster.all_of(PODS, labelSelector=self.selector)
        same = (one for one in found if not self.maker or controller_of(one) == self.maker)
        return Siblings(tuple(one for one in same if not is_leaving(one)))


async def workload_of(cluster: Cluster, deployment: str, pod: str) -> Workload:
    """That of a deployment, or, without one, whatever made this pod."""
    if deployment:
        return Workload(selector_of(await cluster.read(DEPLOYMENTS, deployment)), "")
    maker = controller_of(await cluster.read(PODS, pod))
    if maker is None:
        raise TargetError("Nothing would bring {pod} back: no workload owns it.", pod=pod)
    return Workload("", maker)


def controller_of(pod: Document) -> str | None:
    """The uid of the workload that would bring it back."""
    owners: list[dict[str, Any]] = pod["metadata"].get("ownerReferences") or []
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def uid_of(pod: Document) -> str:
    uid: str = pod["metadata"]["uid"]
    return uid


def is_leaving(pod: Document) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def is_ready(pod: Document) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def restarts_of(pod: Document) -> int:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return sum(one.get("restartCount", 0) for one in statuses)
