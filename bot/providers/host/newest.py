"""Whether what should come every day, such as a backup, came: the newest file that fits a pattern."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.host.address import FILE_PATTERN, Address, Path
from bot.providers.host.files import Found, listing, megabytes
from bot.providers.host.ssh import LIMIT, Machine, logged_in

CHECKSUM: Final = ".sha256"
SHOWN: Final = 7
_DAYS: Final = 7


class Newest(Parameters):
    """The folder, and which of its files (or folders) count."""

    path: Path
    pattern: str = Field("*", pattern=FILE_PATTERN)


async def _read(address: Address, wanted: Newest) -> Reading:
    async with logged_in(address) as machine:
        now = await machine.clock()
        found = await backups(machine, wanted)
        size = await _size(machine, wanted.path, found[0]) if found else None
    if not found:
        return nothing(wanted, {"age_h": "h", "size_mb": "MB", "size_percent": "%", "days_without": "d"})
    age = round((now - found[0].changed) / 3600, 1)
    return Reading(
        say(
            "newest of {count} in {path}: {age} h old, {size} MB",
            count=len(found),
            path=wanted.path,
            age=age,
            size="?" if size is None else megabytes(size),
        ),
        (
            Measurement("files", len(found)),
            Measurement("age_h", age, "h"),
            size_measurement(size),
            plausible(found),
            Measurement("days_without", _days_without(found, now), "d"),
        ),
        tuple(one.shown for one in found[:SHOWN]),
    )


async def backups(machine: Machine, wanted: Newest) -> list[Found]:
    """What fits, newest first; a checksum beside a backup is none itself."""
    found = await listing(machine, wanted.path, wanted.pattern) or []
    return [one for one in found if not one.name.endswith(CHECKSUM)]


async def _size(machine: Machine, folder: str, newest: Found) -> int | None:
    """A folder's own size says nothing, so what is in it is added up; None when that takes too long to tell."""
    if not newest.is_folder:
        return newest.size
    answer = await machine.run("du", "-s", "-k", "--", f"{folder}/{newest.name}")
    words = answer.text.split("\t")[0]
    return int(words) * 1024 if words.isdecimal() and not answer.code else None


def size_measurement(size: int | None) -> Measurement:
    if size is None:
        return Measurement("size_mb", None, "MB", say("its size cannot be read"))
    return Measurement("size_mb", megabytes(size), "MB")


def plausible(found: Sequence[Found]) -> Measurement:
    """The newest against the median of those before it: a backup that shrank to nothing is none."""
    before = [one.size for one in found[1:8] if not one.is_folder]
    if found[0].is_folder or not before or not median(before):
        return Measurement("size_percent", None, "%", say("there is no earlier file to compare with"))
    return Measurement("size_percent", round(100 * found[0].size / median(before)), "%")


def _days_without(found: Sequence[Found], now: float) -> int:
    """How many of the last seven whole days (UTC) have no file; today is not over and does not count."""
    today = datetime.fromtimestamp(now, UTC)
    wanted = {f"{today - timedelta(days=back):%Y-%m-%d}" for back in range(1, _DAYS + 1)}
    return len(wanted - {one.day for one in found})


def nothing(wanted: Newest, units: Mapping[str, str]) -> Reading:
    """What is said where nothing fits: no files, and the other measurements with their units unknown."""
    none: Text = say("nothing in {path} fits {pattern}", path=wanted.path, pattern=wanted.pattern)
    return Reading(
        none,
        (Measurement("files", 0), *(Measurement(name, None, unit, none) for name, unit in units.items())),
    )


NEWEST = Read("host.newest", Address, Newest, LIMIT, _read)
