"""Which pods are meant: those of a deployment, those that a label selector finds, or one by name."""

from typing import Self

from pydantic import Field, model_validator

from bot.core.errors import TargetError
from bot.core.operation import Parameters
from bot.providers.kubernetes.address import NAME
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import DEPLOYMENTS, PODS
from bot.providers.kubernetes.workloads import selector_of


class Wanted(Parameters):
    """Which pods: those of a deployment, or those a label selector (`app=postgresql`) finds."""

    deployment: str = ""
    selector: str = Field("", max_length=500)

    @model_validator(mode="after")
    def _is_one_choice(self) -> Self:
        if bool(self.deployment) == bool(self.selector):
            raise ValueError("give either deployment or selector")
        return self


class WantedPods(Parameters):
    """As `Wanted`, or one pod by its name."""

    deployment: str = ""
    selector: str = Field("", max_length=500)
    pod: str = Field("", pattern=f"{NAME}|^$")

    @model_validator(mode="after")
    def _is_one_choice(self) -> Self:
        if sum(map(bool, (self.deployment, self.selector, self.pod))) != 1:
            raise ValueError("give exactly one of deployment, selector or pod")
        return self


async def pods_of(cluster: Cluster, wanted: Wanted | WantedPods) -> list[Document]:
    """The pods that are meant, by name; nobody there is an empty list, but a pod that was named must exist."""
    if isinstance(wanted, WantedPods) and wanted.pod:
        return [await cluster.read(PODS, wanted.pod)]
    selector = wanted.selector
    if not selector:
        selector = selector_of(await cluster.read(DEPLOYMENTS, wanted.deployment))
    found = await cluster.listing(PODS, labelSelector=selector)
    return sorted(found, key=lambda pod: str(pod["metadata"]["name"]))


def running_one(pods: list[Document]) -> Document:
    """The first pod in which a command can run; raises TargetError when there is none."""
    for pod in pods:
        if is_running(pod) and "deletionTimestamp" not in pod["metadata"]:
            return pod
    if not pods:
        raise TargetError("There is no such pod.")
    raise TargetError("None of the {count} pods runs, so nothing can be asked inside.", count=len(pods))


def is_running(pod: Document) -> bool:
    """Whether all of its containers run; a crash-looping pod has the phase Running too."""
    status = pod.get("status") or {}
    containers = status.get("containerStatuses") or []
    return status.get("phase") == "Running" and all((one.get("state") or {}).get("running") for one in containers)


def containers_of(pod: Document) -> list[str]:
    """The names of a pod's containers, those that only prepare it first."""
    spec = pod["spec"]
    return [one["name"] for one in [*(spec.get("initContainers") or []), *spec["containers"]]]


def main_container(pod: Document) -> str:
    """The one that kubectl would choose."""
    chosen = (pod["metadata"].get("annotations") or {}).get("kubectl.kubernetes.io/default-container", "")
    first: str = pod["spec"]["containers"][0]["name"]
    return chosen or first
