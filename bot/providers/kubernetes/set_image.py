"""Putting a known good image into a deployment, for when going back to a revision is not enough."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.cluster import Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.template_change import (
    LIMIT,
    as_shown,
    container_of,
    roll,
    rollable,
    state_of,
    try_out,
    warnings_of,
)
from bot.providers.kubernetes.workloads import counts_of, image_words

_IMAGE: Final = r"^[A-Za-z0-9][A-Za-z0-9_./:@-]*$"


class SetImage(Named):
    """Which image for which container (none means the only one); it must be one of `known`, the catalog's good ones."""

    image: str = Field(max_length=400, pattern=_IMAGE)
    container: str = Field("", pattern=f"{NAME}|^$")
    known: tuple[str, ...] = ()


async def _preview(address: Address, wanted: SetImage) -> Preview:
    if wanted.image not in wanted.known:
        raise TargetError(
            "{image} is not in the catalog's list of known good images: {known}.",
            image=wanted.image,
            known=", ".join(wanted.known) or "-",
        )
    async with opened(address) as cluster:
        deployment = await rollable(cluster, wanted.name)
        place, container = container_of(deployment, wanted.container)
        before = container["image"]
        if before == wanted.image:
            raise TargetError("{name} runs {image} already.", name=wanted.name, image=image_words([before]))
        await try_out(cluster, deployment, _edits(place, wanted.image))
    return Preview(
        lines=(
            Line(say("image"), image_words([before]), image_words([wanted.image])),
            Line(say("container"), container["name"], container["name"]),
        ),
        state=state_of(deployment),
        arguments={"name": wanted.name, "container": wanted.container, "image": wanted.image},
        warnings=tuple(_warnings(deployment, wanted, before)),
        undo={"name": wanted.name, "container": wanted.container, "image": before} if before in wanted.known else {},
    )


def _warnings(deployment: Document, wanted: SetImage, before: str) -> list[Text]:
    told = list(warnings_of(deployment))
    if "@sha256:" not in wanted.image:
        told.append(say("{image} is a tag, which may be moved; a digest is not.", image=wanted.image))
    if before not in wanted.known:
        told.append(say("The present image is not among the known good ones: go back with a rollback instead."))
    return told


async def _execute(address: Address, wanted: SetImage, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        deployment = await as_shown(cluster, wanted.name, preview)
        place, _ = container_of(deployment, wanted.container)
        after = counts_of(
            await roll(cluster, deployment, _edits(place, wanted.image), f"image {wanted.image}", progress)
        )
    return say(
        "{name} runs {image}, {ready} of {desired} pods ready",
        name=wanted.name,
        image=image_words([wanted.image]),
        ready=after.ready,
        desired=after.desired,
    )


def _edits(place: int, image: str) -> list[Document]:
    return [{"op": "replace", "path": f"/spec/template/spec/containers/{place}/image", "value": image}]


SET_IMAGE = Change("kubernetes.set_image", Address, SetImage, LIMIT, _preview, _execute)
