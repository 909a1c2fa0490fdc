"""The autoscaler of a deployment: whether there is one, and whether it has room left."""

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.autoscalers import Autoscaler, autoscaler_of
from bot.providers.kubernetes.cluster import LIMIT, opened


class OfDeployment(Parameters):
    """Which deployment."""

    deployment: str = Field(pattern=NAME)


async def _read(address: Address, wanted: OfDeployment) -> Reading:
    async with opened(address) as cluster:
        found = await autoscaler_of(cluster, wanted.deployment)
    if found is None:
        reason = say("{deployment} has no autoscaler", deployment=wanted.deployment)
        names = ("min", "max", "current", "desired", "cpu_percent", "target_percent", "at_max")
        return Reading(reason, (Measurement("exists", False), *(Measurement(one, None, "", reason) for one in names)))
    return Reading(_summary(found), _measured(found))


def _measured(found: Autoscaler) -> tuple[Measurement, ...]:
    target, now = found.cpu_target, found.cpu_now
    unaimed = say("this autoscaler does not aim at a share of the processor")
    unread = say("the autoscaler has not read the pods' metrics; look at metrics-server")
    return (
        Measurement("exists", True),
        Measurement("min", found.least),
        Measurement("max", found.most),
        Measurement("current", found.current),
        Measurement("desired", found.desired),
        Measurement("cpu_percent", now, "%", unread if now is None else None),
        Measurement("target_percent", target, "%", unaimed if target is None else None),
        Measurement("at_max", found.current >= found.most),
    )


def _summary(found: Autoscaler) -> Text:
    if found.current >= found.most:
        return say("{current} pods: the autoscaler is at its limit of {most}", current=found.current, most=found.most)
    return say(
        "{current} pods, the autoscaler keeps between {least} and {most}",
        current=found.current,
        least=found.least,
        most=found.most,
    )


AUTOSCALER = Read("kubernetes.autoscaler", Address, OfDeployment, LIMIT, _read)
