"""Following a rollout until the deployment says that it is complete, or cannot be."""

import asyncio

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Progress
from bot.core.text import say
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.pauses import growing
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.workloads import condition, counts_of, digest_of, image_words, images_of


async def follow(cluster: Cluster, accepted: Document, limit: float, progress: Progress) -> Document:
    """The deployment once its pods all run the template that was `accepted`; a lost look is taken again."""
    name, told = accepted["metadata"]["name"], None
    deployment = accepted
    try:
        async with asyncio.timeout(limit):
            for pause in growing():
                await asyncio.sleep(pause)
                deployment = await _look(cluster, deployment)
                _require_hope(accepted, deployment)
                counts = counts_of(deployment)
                if counts != told:
                    told = counts
                    await progress(
                        say(
                            "{updated} of {desired} pods of {name} run {image}, {ready} ready",
                            updated=counts.updated if counts.is_observed else 0,
                            desired=counts.desired,
                            name=name,
                            image=image_words(images_of(accepted["spec"]["template"])),
                            ready=counts.ready,
                        )
                    )
                if counts.are_complete:
                    break
    except TimeoutError as error:
        raise _late(deployment, limit) from error
    return deployment


async def _look(cluster: Cluster, known: Document) -> Document:
    """The deployment as it is now, or as it was last seen while the cluster does not answer."""
    try:
        return await cluster.read(DEPLOYMENTS, known["metadata"]["name"])
    except (TimedOut, Unreachable):
        return known


def _require_hope(accepted: Document, deployment: Document) -> None:
    name, counts = deployment["metadata"]["name"], counts_of(deployment)
    if digest_of(deployment["spec"]["template"]) != digest_of(accepted["spec"]["template"]):
        raise TargetError("The change of {name} was accepted, then somebody else changed it again.", name=name)
    verdict = condition(deployment, "Progressing")
    # A verdict dated as before belongs to the rollout that this one replaced.
    is_new = verdict.get("lastUpdateTime") != condition(accepted, "Progressing").get("lastUpdateTime")
    if counts.is_observed and is_new and verdict.get("reason") == "ProgressDeadlineExceeded":
        raise TargetError(
            "The change of {name} was accepted, but its pods do not start: {updated} of {desired} updated, "
            "{unavailable} not available.",
            name=name,
            updated=counts.updated,
            desired=counts.desired,
            unavailable=counts.unavailable,
        )


def _late(deployment: Document, limit: float) -> TimedOut:
    counts = counts_of(deployment)
    return TimedOut(
        "The change of {name} was accepted, but after {minutes} min it is not complete: {updated} of {desired} pods "
        "updated, {unavailable} not available.",
        name=deployment["metadata"]["name"],
        minutes=round(limit / 60, 1),
        updated=counts.updated,
        desired=counts.desired,
        unavailable=counts.unavailable,
    )
