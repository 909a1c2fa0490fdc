"""The pod that a copy is: as its deployment would make it, but for one variable, its name and its labels."""

from typing import Final

from bot.core.errors import TargetError
from bot.providers.kubernetes.cautions import OWNERS
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.set_env import SetEnv
from bot.providers.kubernetes.siblings import controller_of
from bot.providers.kubernetes.template_change import container_of
from bot.providers.kubernetes.workloads import bare

COPY_OF: Final = "plantao/copy-of"
_SUFFIX: Final = "-plantao-copy"


def name_of(deployment: str) -> str:
    """One name for each deployment: there cannot be two copies."""
    return deployment[: 63 - len(_SUFFIX)] + _SUFFIX


def copy_of(deployment: Document, wanted: SetEnv, seconds: int) -> Document:
    """Without the hash label, so that no replica set takes it for its own, while services still select it.

    Without the marks of Argo CD, Flux or Helm too: they would take away what their sources do not know.
    Kubernetes itself ends it after so many seconds, should the bot not be there to delete it.
    """
    template = bare(deployment["spec"]["template"])
    place, container = container_of(deployment, wanted.container)
    kept = [one for one in container.get("env") or [] if one["name"] != wanted.variable]
    changed = {**container, "env": [*kept, {"name": wanted.variable, "value": wanted.value}]}
    containers = [changed if at == place else one for at, one in enumerate(template["spec"]["containers"])]
    name: str = deployment["metadata"]["name"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name_of(name),
            "labels": {**_unmarked(template["metadata"]["labels"], deployment), COPY_OF: name[:63]},
            "annotations": _unmarked(template["metadata"].get("annotations") or {}, deployment),
        },
        "spec": {**template["spec"], "containers": containers, "activeDeadlineSeconds": seconds},
    }


def _unmarked(marks: dict[str, str], deployment: Document) -> dict[str, str]:
    """Without what says whose it is, unless the deployment, and so its services, may select by it."""
    selected = deployment["spec"]["selector"].get("matchLabels") or {}
    return {key: value for key, value in marks.items() if key not in OWNERS or key in selected}


def require_own_disk(deployment: Document) -> None:
    """Refuse what keeps its data in a volume claim: the copy would write to the same one."""
    volumes = deployment["spec"]["template"]["spec"].get("volumes") or []
    if any("persistentVolumeClaim" in volume for volume in volumes):
        raise TargetError(
            "The pods of {name} keep data in a volume; a copy would write into it too.",
            name=deployment["metadata"]["name"],
        )


def require_ours(pod: Document, deployment: str) -> None:
    """Refuse a pod of this name that is not the copy, or that something else has taken over."""
    labels = pod["metadata"].get("labels") or {}
    if labels.get(COPY_OF) != deployment[:63] or controller_of(pod) is not None:
        raise TargetError("{pod} is not a copy that the bot has made; nothing was done.", pod=pod["metadata"]["name"])
