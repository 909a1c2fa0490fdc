"""How full a disk is, and what fills it."""

from collections.abc import Sequence
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.host.address import Address, Path, Place
from bot.providers.host.ssh import LIMIT, Machine, logged_in

_DU_LIMIT: Final = 20.0
_SHOWN_WIDTH: Final = 160


class Disk(Parameters):
    """The disk that this path is on."""

    path: Place = "/"


class Folder(Parameters):
    """The folder to look into, and how many of its biggest entries to show."""

    path: Path
    top: int = Field(10, ge=1, le=50)


async def _read_disk(address: Address, wanted: Disk) -> Reading:
    async with logged_in(address) as machine:
        used, free, where = await usage(machine, "-k", wanted.path)
        inodes, free_inodes, _ = await usage(machine, "-i", wanted.path)
    percent = _percent(used, free)
    no_inodes = None if inodes + free_inodes else say("this file system does not count inodes")
    return Reading(
        say("{percent}% of {place} used, {free} MB free", percent=percent, place=mask(where), free=round(free / 1024)),
        (
            Measurement("used_percent", percent, "%"),
            Measurement("free_mb", round(free / 1024), "MB"),
            Measurement("inodes_percent", None if no_inodes else _percent(inodes, free_inodes), "%", no_inodes),
        ),
    )


async def usage(machine: Machine, unit: str, path: str) -> tuple[int, int, str]:
    """Used, free and the mount point; what is reserved for root counts as used up, as in df's own percentage."""
    words = (await machine.ask("df", "-P", unit, "--", path, about=path)).splitlines()[-1].split(None, 5)
    if len(words) != 6:
        raise TargetError("{where} tells nothing about the disk of {path}.", where=machine.address.where, path=path)
    numbers = [int(word) if word.isdecimal() else 0 for word in words[2:4]]
    return numbers[0], numbers[1], words[5]


def _percent(used: int, free: int) -> float:
    return round(100 * used / (used + free), 1) if used + free else 0.0


async def _read_folders(address: Address, wanted: Folder) -> Reading:
    async with logged_in(address) as machine:
        answer = await machine.run("du", "-x", "-a", "-k", "-d", "1", "--", wanted.path, limit=_DU_LIMIT)
    if answer.code and not answer.output:
        if answer.is_absent:
            return _absent(wanted.path)
        raise machine.refusal(answer, wanted.path)
    sizes = sorted((_entry(line) for line in answer.text.splitlines() if "\t" in line), reverse=True)
    total = next((size for size, path in sizes if path == wanted.path), None)
    entries = [(size, path) for size, path in sizes if path != wanted.path]
    cut = None if total is not None else say("there are more entries than can be read")
    return Reading(
        _entries_summary(wanted.path, entries, is_partial=bool(answer.code)),
        (
            Measurement("exists", True),
            Measurement("entries", len(entries)),
            Measurement("largest_mb", _mb(entries[0][0]) if entries else 0, "MB"),
            Measurement("total_mb", None if total is None else _mb(total), "MB", cut),
        ),
        tuple(f"{_mb(size)} MB  {mask(path)[:_SHOWN_WIDTH]}" for size, path in entries[: wanted.top]),
    )


def _entries_summary(path: str, entries: Sequence[tuple[int, str]], *, is_partial: bool) -> Text:
    biggest = _mb(entries[0][0]) if entries else 0
    if is_partial:
        return say(
            "{count} entries in {path}, the biggest takes {size} MB; some could not be read",
            count=len(entries),
            path=path,
            size=biggest,
        )
    return say("{count} entries in {path}, the biggest takes {size} MB", count=len(entries), path=path, size=biggest)


def _absent(path: str) -> Reading:
    gone = say("there is no {path}", path=path)
    return Reading(
        gone,
        (
            Measurement("exists", False),
            Measurement("entries", 0),
            Measurement("largest_mb", None, "MB", gone),
            Measurement("total_mb", None, "MB", gone),
        ),
    )


def _entry(line: str) -> tuple[int, str]:
    size, _, path = line.partition("\t")
    return (int(size) if size.isdecimal() else 0), path


def _mb(kilobytes: int) -> float:
    return round(kilobytes / 1024, 1)


DISK = Read("host.disk", Address, Disk, LIMIT, _read_disk)
FOLDERS = Read("host.folders", Address, Folder, 26.0, _read_folders)
