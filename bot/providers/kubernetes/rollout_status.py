"""Whether the newest change of a deployment has reached all its pods."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.deployment import Named
from bot.providers.kubernetes.resources import DEPLOYMENTS
from bot.providers.kubernetes.workloads import Rollout, condition, counts_of, rollout_of


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as cluster:
        deployment = await cluster.read(DEPLOYMENTS, wanted.name)
    counts = counts_of(deployment)
    return Reading(
        _summary(deployment),
        (
            Measurement("done", rollout_of(deployment) is Rollout.COMPLETE),
            Measurement("updated", counts.updated if counts.is_observed else 0),
            Measurement("desired", counts.desired),
            Measurement("available", counts.available),
            Measurement("paused", bool(deployment["spec"].get("paused"))),
            Measurement("stuck", condition(deployment, "Progressing").get("reason") == "ProgressDeadlineExceeded"),
        ),
    )


def _summary(deployment: Document) -> Text:
    counts = counts_of(deployment)
    match rollout_of(deployment):
        case Rollout.COMPLETE:
            return say("rolled out: {updated} of {desired} pods", updated=counts.updated, desired=counts.desired)
        case Rollout.STUCK:
            return say(
                "stuck: {updated} of {desired} pods updated, {unavailable} not available, the deadline has passed",
                updated=counts.updated,
                desired=counts.desired,
                unavailable=counts.unavailable,
            )
        case Rollout.PAUSED:
            return say("paused: {updated} of {desired} pods updated", updated=counts.updated, desired=counts.desired)
        case Rollout.GOING:
            return say(
                "going on: {updated} of {desired} pods updated, {unavailable} not available",
                updated=counts.updated if counts.is_observed else 0,
                desired=counts.desired,
                unavailable=counts.unavailable,
            )


ROLLOUT = Read("kubernetes.rollout", Address, Named, LIMIT, _read)
