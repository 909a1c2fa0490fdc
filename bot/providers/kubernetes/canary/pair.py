"""The two deployments of a canary and the Services before them: which pods a selector really finds."""

from dataclasses import dataclass
from typing import Any

from bot.core.errors import TargetError
from bot.providers.kubernetes.canary.wanted import Canary
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import DEPLOYMENTS, SERVICES
from bot.providers.kubernetes.workloads import Counts, counts_of, digest_of, image_words, images_of


@dataclass(frozen=True, slots=True)
class Pair:
    """Both deployments, as they were read together."""

    stable: Document
    canary: Document

    @property
    def digest(self) -> str:
        """Of what the canary runs."""
        return digest_of(self.canary["spec"]["template"])

    @property
    def counts(self) -> tuple[Counts, Counts]:
        return counts_of(self.stable), counts_of(self.canary)

    def state(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for role, one in (("stable", self.stable), ("canary", self.canary)):
            found |= {
                role: one["metadata"]["uid"],
                f"{role}_pods": str(counts_of(one).desired),
                f"{role}_image": image_words(images_of(one["spec"]["template"])),
                f"{role}_template": digest_of(one["spec"]["template"]),
            }
        return found


async def pair_of(cluster: Cluster, wanted: Canary) -> Pair:
    """Both; refused where the pods of one are also found by the other, since then nobody knows whose a pod is."""
    pair = Pair(await cluster.read(DEPLOYMENTS, wanted.stable), await cluster.read(DEPLOYMENTS, wanted.canary))
    for one, other in ((pair.stable, pair.canary), (pair.canary, pair.stable)):
        if selects(one["spec"]["selector"], labels_of(other)):
            raise TargetError(
                "The selector of {one} finds the pods of {other} too: give each deployment a label of its own.",
                one=name_of(one),
                other=name_of(other),
            )
    return pair


def require_ready(pair: Pair) -> None:
    """Raise TargetError unless every pod of the canary is ready: before that it takes no more traffic."""
    counts = counts_of(pair.canary)
    if not counts.are_complete:
        raise TargetError(
            "{canary} is not ready: {ready} of {desired} pods. It takes more traffic only when all are.",
            canary=name_of(pair.canary),
            ready=counts.available,
            desired=counts.desired,
        )


async def service_of(cluster: Cluster, name: str) -> Document:
    """A Service that finds its pods by labels."""
    service = await cluster.read(SERVICES, name)
    if not service["spec"].get("selector") or service["spec"].get("type") == "ExternalName":
        raise TargetError("The Service {service} has no selector, so that nobody knows its pods.", service=name)
    return service


def require_selected(service: Document, deployment: Document) -> None:
    if not is_behind(service, labels_of(deployment)):
        raise TargetError(
            "The Service {service} does not select the pods of {deployment}.",
            service=name_of(service),
            deployment=name_of(deployment),
        )


def require_only(service: Document, deployment: Document, other: Document) -> None:
    """Raise TargetError unless a Service selects the pods of one deployment and not of the other."""
    require_selected(service, deployment)
    if is_behind(service, labels_of(other)):
        raise TargetError(
            "The Service {service} selects the pods of {other} too, so that a weight says nothing.",
            service=name_of(service),
            other=name_of(other),
        )


def is_behind(service: Document, labels: dict[str, str]) -> bool:
    wanted: dict[str, str] = service["spec"]["selector"]
    return wanted.items() <= labels.items()


def labels_of(deployment: Document) -> dict[str, str]:
    """The labels of the pods that it makes."""
    return (deployment["spec"]["template"].get("metadata") or {}).get("labels") or {}


def selects(selector: Document, labels: dict[str, str]) -> bool:
    """Whether a deployment's selector finds pods with these labels."""
    plain: dict[str, str] = selector.get("matchLabels") or {}
    return plain.items() <= labels.items() and all(
        _holds(one, labels) for one in selector.get("matchExpressions") or []
    )


def _holds(expression: dict[str, Any], labels: dict[str, str]) -> bool:
    key, values = expression["key"], expression.get("values") or []
    held: dict[str, bool] = {
        "In": labels.get(key) in values,
        "NotIn": labels.get(key) not in values,
        "Exists": key in labels,
        "DoesNotExist": key not in labels,
    }
    return held[str(expression["operator"])]


def name_of(document: Document) -> str:
    return str(document["metadata"]["name"])
