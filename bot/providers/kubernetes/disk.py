"""How full a file system is, as `df` tells it inside a pod."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import opened
from bot.providers.kubernetes.inside import Answer, NoProgram, ask_inside
from bot.providers.kubernetes.selection import Wanted, pods_of, running_one

LIMIT: Final = 15.0
_COLUMNS: Final = 6


class DiskWanted(Wanted):
    """In which pods (the first one that runs is asked), and the path whose file system is meant."""

    path: str = Field("/", max_length=200, pattern=r"^/[\w./@-]*$")
    container: str = Field("", pattern=f"{NAME}|^$")


async def _read(address: Address, wanted: DiskWanted) -> Reading:
    async with opened(address) as cluster:
        pod = running_one(await pods_of(cluster, wanted))
        try:
            answer = await ask_inside(cluster, pod, wanted.container, ("df", "-P", "-k", wanted.path))
        except NoProgram as error:
            nothing = (
                Measurement("used_percent", None, "%", error.text),
                Measurement("free_mb", None, "MiB", error.text),
            )
            return Reading(error.text, nothing)
    return _told(pod["metadata"]["name"], wanted.path, answer)


def _told(pod: str, path: str, answer: Answer) -> Reading:
    """Of POSIX `df`: file system, 1024-blocks, used, available, capacity, mounted on."""
    lines = answer.out.splitlines()
    fields = lines[-1].split() if answer.code == 0 and len(lines) > 1 else []
    if len(fields) < _COLUMNS or not all(field.isdigit() for field in fields[1:4]):
        reason = answer.short_complaint or "-"
        raise TargetError("`df` in {pod} does not tell about {path}: {reason}", pod=pod, path=path, reason=reason)
    used, free = int(fields[2]), int(fields[3])
    # As df itself reckons: what root keeps for itself counts as neither used nor free.
    percent = round(100 * used / (used + free), 1) if used + free else 0.0
    summary = say(
        "{percent}% of {path} used in {pod}, {free} MiB free", percent=percent, path=path, pod=pod, free=free // 1024
    )
    measured = (Measurement("used_percent", percent, "%"), Measurement("free_mb", free // 1024, "MiB"))
    return Reading(summary, measured, tuple(mask(line)[:200] for line in lines[:10]))


DISK = Read("kubernetes.disk", Address, DiskWanted, LIMIT, _read)
