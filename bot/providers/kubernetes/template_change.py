"""Changing the template of a deployment: only if it is still the one that was read, sent once, followed to its end."""

from collections.abc import Iterator
from typing import Final

from bot.core.errors import TargetError
from bot.core.operation import Progress
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers.kubernetes.annotating import annotating
from bot.providers.kubernetes.cautions import general_cautions
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.once import once
from bot.providers.kubernetes.refusals import Changed
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.rollout import follow
from bot.providers.kubernetes.workloads import (
    CHANGE_CAUSE,
    counts_of,
    digest_of,
    image_words,
    images_of,
)

LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 280.0


async def rollable(cluster: Cluster, name: str) -> Document:
    """The deployment, if a change of its template would reach its pods."""
    deployment = await cluster.read(DEPLOYMENTS, name)
    if deployment["spec"].get("paused"):
        raise TargetError("The rollout of {name} is paused; resume it first.", name=name)
    return deployment


def state_of(deployment: Document) -> dict[str, str]:
    """What must not have drifted between preview and execution."""
    return {
        "uid": deployment["metadata"]["uid"],
        "images": image_words(images_of(deployment["spec"]["template"])),
        "replicas": str(counts_of(deployment).desired),
        "template_hash": digest_of(deployment["spec"]["template"]),
    }


def warnings_of(deployment: Document) -> Iterator[Text]:
    return general_cautions(deployment)


async def as_shown(cluster: Cluster, name: str, preview: Preview) -> Document:
    """The deployment, if it is still the one of the preview."""
    deployment = await rollable(cluster, name)
    known = state_of(deployment)
    if any(known[key] != preview.state[key] for key in ("uid", "template_hash")):
        raise Changed("{name} no longer looks as it was shown; nothing was done.", name=name)
    return deployment


def container_of(deployment: Document, name: str) -> tuple[int, Document]:
    """The place of a container in the template and the container; no name means the only one."""
    containers: list[Document] = deployment["spec"]["template"]["spec"]["containers"]
    names = [one["name"] for one in containers]
    if not name and len(containers) > 1:
        raise TargetError("Say which container: {names}.", names=", ".join(names))
    if name and name not in names:
        raise TargetError("There is no container {name}; there are {names}.", name=name, names=", ".join(names))
    place = names.index(name) if name else 0
    return place, containers[place]


def steps_for(deployment: Document, edits: list[Document], cause: str) -> list[Document]:
    """A patch that the API server refuses if the template is not the one that was read.

    Not by resource version: during a failing rollout the status changes that every second.
    """
    return [
        {"op": "test", "path": "/metadata/uid", "value": deployment["metadata"]["uid"]},
        {"op": "test", "path": "/spec/template", "value": deployment["spec"]["template"]},
        *edits,
        *annotating(deployment, {CHANGE_CAUSE: f"Plantão: {cause}"}),
    ]


async def try_out(cluster: Cluster, deployment: Document, edits: list[Document]) -> Document:
    """What the API server would make of it; it refuses here what it would refuse later."""
    name = deployment["metadata"]["name"]
    return await cluster.patch(DEPLOYMENTS, name, steps_for(deployment, edits, "dry run"), is_dry_run=True)


async def roll(
    cluster: Cluster, deployment: Document, edits: list[Document], cause: str, progress: Progress
) -> Document:
    """Make the edits and wait until every pod runs what they made of the template."""
    would_be = await try_out(cluster, deployment, edits)
    steps = steps_for(deployment, edits, cause)
    accepted = await patch_once(cluster, deployment, steps, digest_of(would_be["spec"]["template"]))
    return await follow(cluster, accepted, _FOLLOW_LIMIT, progress)


async def patch_once(cluster: Cluster, deployment: Document, steps: list[Document], digest: str) -> Document:
    """The deployment with the template accepted; when the answer is lost it is read, never sent again."""
    name = deployment["metadata"]["name"]
    return await once(
        name,
        lambda: cluster.patch(DEPLOYMENTS, name, steps, is_dry_run=False),
        lambda: cluster.read(DEPLOYMENTS, name),
        lambda seen: digest_of(seen["spec"]["template"]) == digest,
        TargetError(
            "The connection broke while the change of {name} was sent. Looked at again, it is unchanged: {image}.",
            name=name,
            image=image_words(images_of(deployment["spec"]["template"])),
        ),
    )
