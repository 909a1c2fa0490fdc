"""Putting a folder back from its backup: a copy beside the free place, compared, then moved there in one step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.host.address import Address, Path
from bot.providers.host.changing import changed, failed, look_again
from bot.providers.host.entry import entry_at, folder_at, parent_of
from bot.providers.host.files import Found, digest, listing, megabytes, total_mb
from bot.providers.host.ssh import Machine, logged_in
from bot.providers.host.storage import usage
from bot.providers.host.units import SOME_UNIT, require_stopped

_LIMIT: Final = 600.0
_COPY_LIMIT: Final = 540.0
_DEPTH: Final = 8


class Restore(Parameters):
    """The backup, the free place that it is copied to, and the unit that writes there and has to be stopped."""

    source: Path
    to: Path
    stopped: str = Field("", pattern=SOME_UNIT)


@dataclass(frozen=True, slots=True)
class _Backup:
    files: Sequence[Found]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files)


async def _preview(address: Address, wanted: Restore) -> Preview:
    async with logged_in(address) as machine:
        await _require_free(machine, wanted)
        backup = await _backup(machine, wanted.source)
        _, free, _ = await usage(machine, "-k", parent_of(wanted.to))
    if free * 1024 < backup.size:
        raise TargetError(
            "{source} has {size} MB, and only {free} MB are free where it would go.",
            source=wanted.source,
            size=total_mb(backup.files),
            free=megabytes(free * 1024),
        )
    newest = max(backup.files)
    return Preview(
        lines=(
            Line(say("folder"), "—", wanted.to),
            Line(say("copied from"), "—", wanted.source),
            Line(say("files in it"), "—", f"{len(backup.files)} ({total_mb(backup.files)} MB)"),
            Line(say("newest file in it"), "—", newest.shown),
        ),
        state={"backup_sha": digest(backup.files)},
        arguments={"source": wanted.source, "to": wanted.to, "stopped": wanted.stopped},
        warnings=(say("Whatever was written after this backup is not in it."),),
    )


async def _execute(address: Address, wanted: Restore, preview: Preview, progress: Progress) -> Text:
    async with logged_in(address) as machine:
        await _require_free(machine, wanted)
        backup = await _backup(machine, wanted.source)
        if digest(backup.files) != preview.state["backup_sha"]:
            raise changed(wanted.source)
        await progress(say("copying {count} files, {size} MB", count=len(backup.files), size=total_mb(backup.files)))
        await _copy(machine, wanted)
        await _require_equal(machine, wanted, backup)
        await _move(machine, wanted)
    return say(
        "{to} was restored from {source}: {count} files, {size} MB",
        to=wanted.to,
        source=wanted.source,
        count=len(backup.files),
        size=total_mb(backup.files),
    )


async def _require_free(machine: Machine, wanted: Restore) -> None:
    """Nobody writes there, and neither the folder nor the rest of an earlier attempt stands there."""
    await require_stopped(machine, wanted.stopped)
    await folder_at(machine, parent_of(wanted.to))
    for place in (wanted.to, _unfinished(wanted)):
        if await entry_at(machine, place):
            raise TargetError("There is already something at {path}; move it aside first.", path=place)


async def _backup(machine: Machine, source: str) -> _Backup:
    """All files of the backup; the slash follows a link such as `latest` to its folder."""
    found = await listing(machine, f"{source}/", "*", _DEPTH)
    if found is None:
        raise TargetError("{where} has no {path}.", where=machine.address.where, path=source)
    files = [one for one in found if not one.is_folder]
    if not any(one.size for one in files):
        raise TargetError("{path} is empty: that is no backup.", path=source)
    return _Backup(files)


async def _copy(machine: Machine, wanted: Restore) -> None:
    place = _unfinished(wanted)
    try:
        answer = await machine.run("cp", "-a", "--", f"{wanted.source}/.", place, limit=_COPY_LIMIT)
    except (Unreachable, TimedOut) as error:
        raise Unreachable(
            "The copy broke off and may still be going on. {to} is not there yet; what was copied lies in {place}. "
            "Look at the machine before anybody tries again.",
            to=wanted.to,
            place=place,
        ) from error
    if answer.code:
        raise failed(machine, answer, f"cp {wanted.source} {place}")


async def _require_equal(machine: Machine, wanted: Restore, backup: _Backup) -> None:
    copied = await _backup(machine, _unfinished(wanted))
    if {(one.name, one.size) for one in copied.files} != {(one.name, one.size) for one in backup.files}:
        raise TargetError(
            "The copy in {place} differs from {source}; it was not put in place.",
            place=_unfinished(wanted),
            source=wanted.source,
        )


async def _move(machine: Machine, wanted: Restore) -> None:
    place = _unfinished(wanted)
    copy = await folder_at(machine, place)
    try:
        # -T: never into a folder of that name; -n: never over one.
        answer = await machine.run("mv", "-T", "-n", "--", place, wanted.to)
        there = await entry_at(machine, wanted.to)
        if answer.code:
            raise failed(machine, answer, "mv")
    except (Unreachable, TimedOut):
        there = await look_again(
            machine.address, lambda again: entry_at(again, wanted.to), bool, f"mv {place} {wanted.to}"
        )
    if there is None or there.inode != copy.inode:
        raise TargetError("The copy is whole, but still lies in {place}: it was not moved.", place=place)


def _unfinished(wanted: Restore) -> str:
    """Where the copy grows, beside its place, so that a half one is never taken for the folder."""
    return f"{wanted.to}.restoring"


RESTORE_FOLDER = Change("host.restore_folder", Address, Restore, _LIMIT, _preview, _execute)
