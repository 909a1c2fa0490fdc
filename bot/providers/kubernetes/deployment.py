"""A deployment: how many pods it wants and has, which image, and how its rollout goes."""

from typing import Annotated

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.template_change import container_of
from bot.providers.kubernetes.workloads import (
    Rollout,
    condition,
    counts_of,
    image_words,
    images_of,
    revision_number,
    rollout_of,
)

Setting = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]


class Named(Parameters):
    """Which deployment."""

    name: str = Field(pattern=NAME)


class Counted(Named):
    """The same; `added` are settings of its only container whose numbers are measured as one sum."""

    added: tuple[Setting, ...] = Field((), max_length=5)


async def _read(address: Address, wanted: Counted) -> Reading:
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
    counts = counts_of(deployment)
    progressing = condition(deployment, "Progressing").get("status")
    return Reading(
        _summary(deployment),
        (
            Measurement("desired", counts.desired),
            Measurement("ready", counts.ready),
            Measurement("updated", counts.updated),
            Measurement("available", counts.available),
            Measurement("unavailable", counts.unavailable),
            Measurement("observed", counts.is_observed),
            Measurement("revision", revision_number(deployment)),
            Measurement("image", image_words(images_of(deployment["spec"]["template"]))),
            Measurement("rollout", rollout_of(deployment).value),
            Measurement(
                "progressing",
                progressing == "True" if progressing else None,
                missing=None if progressing else say("the deployment controller has not judged it yet"),
            ),
            *([_added(deployment, wanted.added)] if wanted.added else []),
        ),
    )


def _added(deployment: Document, names: tuple[str, ...]) -> Measurement:
    _, container = container_of(deployment, "")
    values = {one["name"]: one.get("value", "") for one in container.get("env") or []}
    unread = [name for name in names if not values.get(name, "").isdecimal()]
    if unread:
        return Measurement("added", None, missing=say("{name} is not set to a number", name=unread[0]))
    return Measurement("added", sum(int(values[name]) for name in names))


def _summary(deployment: Document) -> Text:
    counts, image = counts_of(deployment), image_words(images_of(deployment["spec"]["template"]))
    match rollout_of(deployment):
        case Rollout.COMPLETE if counts.desired == 0:
            return say("scaled to zero: no pod is wanted")
        case Rollout.COMPLETE:
            return say(
                "{ready} of {desired} pods ready, {image}", ready=counts.ready, desired=counts.desired, image=image
            )
        case Rollout.PAUSED:
            return say("{ready} of {desired} pods ready, rollout paused", ready=counts.ready, desired=counts.desired)
        case Rollout.STUCK:
            return say(
                "{ready} of {desired} pods ready, the rollout of {image} is stuck",
                ready=counts.ready,
                desired=counts.desired,
                image=image,
            )
        case Rollout.GOING:
            return say(
                "{ready} of {desired} pods ready, {updated} run {image}",
                ready=counts.ready,
                desired=counts.desired,
                updated=counts.updated,
                image=image,
            )


DEPLOYMENT = Read("kubernetes.deployment", Address, Counted, LIMIT, _read)
