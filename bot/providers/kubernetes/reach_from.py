"""Whether a pod can open a connection: a network question that can only be asked from inside."""

from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import opened
from bot.providers.kubernetes.inside import NoProgram, ask_inside
from bot.providers.kubernetes.selection import Wanted, pods_of, running_one

LIMIT: Final = 15.0


class ReachWanted(Wanted):
    """From which pods (the first one that runs is asked), and to which host and port."""

    host: str = Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$")
    port: int = Field(ge=1, le=65535)
    container: str = Field("", pattern=f"{NAME}|^$")


async def _read(address: Address, wanted: ReachWanted) -> Reading:
    async with opened(address) as cluster:
        pod = running_one(await pods_of(cluster, wanted))
        argv = ("nc", "-z", "-w", "3", wanted.host, str(wanted.port))
        try:
            answer = await ask_inside(cluster, pod, wanted.container, argv)
        except NoProgram as error:
            return Reading(error.text, (Measurement("open", None, "", error.text),))
    is_open, where = answer.code == 0, f"{wanted.host}:{wanted.port}"
    pod_name = pod["metadata"]["name"]
    summary = (
        say("{pod} reaches {where}", pod=pod_name, where=where)
        if is_open
        else say("{pod} does not reach {where}", pod=pod_name, where=where)
    )
    said = answer.short_complaint
    return Reading(summary, (Measurement("open", is_open),), (said,) if said else ())


REACH = Read("kubernetes.reach", Address, ReachWanted, LIMIT, _read)
