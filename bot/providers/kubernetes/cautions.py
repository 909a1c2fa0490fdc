"""What the approver of a change should know before saying yes."""

from collections.abc import Iterator
from typing import Final

from bot.core.text import Text, say
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.workloads import Revision, Rollout, annotations_of, counts_of, image_words, rollout_of

OWNERS: Final = {
    "argocd.argoproj.io/instance": "Argo CD",
    "argocd.argoproj.io/tracking-id": "Argo CD",
    "kustomize.toolkit.fluxcd.io/name": "Flux",
    "helm.toolkit.fluxcd.io/name": "Flux",
    "meta.helm.sh/release-name": "Helm",
}


def cautions(deployment: Document, revisions: list[Revision], present: Revision, target: Revision) -> Iterator[Text]:
    """One sentence for each reason to hesitate before a rollback."""
    yield from _unfinished(deployment)
    if target.images == present.images:
        yield say("The image stays the same; only settings change.")
    else:
        yield say("Migrations of the database stay: make sure that this code can live with them.")
    if owner := _owner(deployment):
        yield say("{owner} manages this deployment and may undo the rollback; change it there too.", owner=owner)
    if set(target.images) & _images_rolled_back(revisions):
        yield say("{image} was itself rolled back earlier.", image=image_words(target.images))


def general_cautions(deployment: Document) -> Iterator[Text]:
    """One sentence for each reason to hesitate before any other change."""
    yield from _unfinished(deployment)
    if owner := _owner(deployment):
        yield say("{owner} manages this deployment and may undo the change; make it there too.", owner=owner)


def _unfinished(deployment: Document) -> Iterator[Text]:
    counts = counts_of(deployment)
    if rollout_of(deployment) is not Rollout.COMPLETE:
        yield say(
            "The present rollout is not complete: {updated} of {desired} pods updated, {unavailable} not available.",
            updated=counts.updated,
            desired=counts.desired,
            unavailable=counts.unavailable,
        )


def _owner(deployment: Document) -> str:
    metadata = deployment["metadata"]
    labels = metadata.get("labels") or {}
    marks = labels.keys() | annotations_of(deployment).keys()
    named = next((owner for mark, owner in OWNERS.items() if mark in marks), "")
    return named or ("Helm" if labels.get("app.kubernetes.io/managed-by") == "Helm" else "")


def _images_rolled_back(revisions: list[Revision]) -> set[str]:
    """Images of revisions from which somebody went back to an older one, which took a new number by that."""
    return {
        image
        for returned in revisions
        for left in revisions
        if returned.past and max(returned.past) < left.number < returned.number and left.created > returned.created
        for image in left.images
    }
