"""Going back to an earlier revision of a deployment, as `kubectl rollout undo` does, but never blindly."""

from dataclasses import dataclass
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text, say
from bot.providers.kubernetes import differences
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cautions import cautions
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.rollout import follow
from bot.providers.kubernetes.template_change import patch_once, steps_for
from bot.providers.kubernetes.workloads import (
    Revision,
    counts_of,
    image_words,
    present_of,
    revision_number,
    revisions_of,
)

_LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 280.0


class Undo(Named):
    """Which deployment, and to which revision; none means the one before the present.

    `template_hash` names the revision by its content, which stays when its number moves: so a rollback is taken back.
    """

    to_revision: int | None = Field(None, ge=1)
    template_hash: str = Field("", pattern=r"^([0-9a-f]{12})?$")


@dataclass(frozen=True, slots=True)
class _History:
    deployment: Document
    revisions: list[Revision]
    present: Revision

    @property
    def known(self) -> str:
        return ", ".join(str(revision.number) for revision in self.revisions)


async def _preview(address: Address, wanted: Undo) -> Preview:
    async with opened(address) as cluster:
        history = await _history(cluster, wanted.name)
        target = _choose(history, wanted)
        await cluster.patch(DEPLOYMENTS, wanted.name, _steps(history.deployment, target), is_dry_run=True)
    deployment, present = history.deployment, history.present
    return Preview(
        lines=differences.lines(present, target),
        state={
            "uid": deployment["metadata"]["uid"],
            "revision": str(present.number),
            "images": ", ".join(present.images),
            "replicas": str(counts_of(deployment).desired),
            "template_hash": present.digest,
        },
        arguments={
            "name": wanted.name,
            "to_revision": str(target.number),
            "template_hash": target.digest,
            "image": ", ".join(target.images),
        },
        warnings=tuple(cautions(deployment, history.revisions, present, target)),
        undo={"name": wanted.name, "template_hash": present.digest},
    )


async def _execute(address: Address, wanted: Undo, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as cluster:
        history = await _history(cluster, wanted.name)
        target = _as_shown(history, preview)
        accepted = await patch_once(cluster, history.deployment, _steps(history.deployment, target), target.digest)
        deployment = await follow(cluster, accepted, _FOLLOW_LIMIT, progress)
    counts = counts_of(deployment)
    return say(
        "{name} runs {image} again (revision {revision}), {ready} of {desired} pods ready",
        name=wanted.name,
        image=image_words(target.images),
        revision=revision_number(deployment),
        ready=counts.ready,
        desired=counts.desired,
    )


async def _history(cluster: Cluster, name: str) -> _History:
    deployment = await cluster.read(DEPLOYMENTS, name)
    if deployment["spec"].get("paused"):
        raise TargetError("The rollout of {name} is paused; resume it before you roll back.", name=name)
    revisions = await revisions_of(cluster, deployment)
    present = present_of(deployment, revisions)
    if present is None:
        raise TargetError("{name} was changed a moment ago and has no revision yet. Try again.", name=name)
    return _History(deployment, revisions, present)


def _choose(history: _History, wanted: Undo) -> Revision:
    present = history.present
    if wanted.to_revision == present.number or wanted.template_hash == present.digest:
        raise TargetError("{name} runs revision {revision} already.", name=wanted.name, revision=present.number)
    if wanted.template_hash:
        return _recorded(history, wanted)
    if wanted.to_revision is None:
        earlier = [revision for revision in history.revisions if revision.number < present.number]
        if not earlier:
            raise TargetError(
                "{name} has nothing to go back to: revision {revision} is its only one.",
                name=wanted.name,
                revision=present.number,
            )
        return earlier[0]
    found = next((one for one in history.revisions if one.number == wanted.to_revision), None)
    if found is None:
        raise TargetError(
            "{name} has no revision {revision}; it has {known}.",
            name=wanted.name,
            revision=wanted.to_revision,
            known=history.known,
        )
    return found


def _recorded(history: _History, wanted: Undo) -> Revision:
    """The revision of this content, whatever its number is by now; Kubernetes keeps only the last few."""
    found = next((one for one in history.revisions if one.digest == wanted.template_hash), None)
    if found is None:
        raise TargetError(
            "{name} no longer keeps the revision that ran before; it has {known}.",
            name=wanted.name,
            known=history.known,
        )
    return found


def _as_shown(history: _History, preview: Preview) -> Revision:
    """The revision that was approved, found by its content: numbers move when another rollback comes between."""
    target = next((one for one in history.revisions if one.digest == preview.arguments["template_hash"]), None)
    is_as_shown = (
        history.present.digest == preview.state["template_hash"]
        and history.deployment["metadata"]["uid"] == preview.state["uid"]
    )
    if target is None or not is_as_shown:
        raise Changed("{name} no longer looks as it was shown; nothing was done.", name=preview.arguments["name"])
    return target


def _steps(deployment: Document, target: Revision) -> list[Document]:
    edits = [{"op": "replace", "path": "/spec/template", "value": target.template}]
    return steps_for(deployment, edits, f"rollback to revision {target.number}")


ROLLOUT_UNDO = Change("kubernetes.rollout_undo", Address, Undo, _LIMIT, _preview, _execute)
