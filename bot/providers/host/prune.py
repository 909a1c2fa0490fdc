"""Making room: old backups, of which the newest always stay, and old logs, of which the newest does."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field, field_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Preview
from bot.core.text import Text, say
from bot.providers.host.address import FILE_PATTERN, Address, Path
from bot.providers.host.changing import changed
from bot.providers.host.deletion import delete, lines, require_deletable
from bot.providers.host.files import Found, digest, listing
from bot.providers.host.ssh import Machine, logged_in

_LIMIT: Final = 120.0
_LATE_H: Final = 26  # a daily backup that is two hours late
_SHRUNK: Final = 0.5


class _Files(Parameters):
    """The folder and which of its files; a pattern of wildcards alone is refused.

    A file called `hold` in the folder, such as a legal one, forbids it.
    """

    folder: Path
    pattern: str = Field(pattern=FILE_PATTERN)
    hold: str = Field("LEGAL_HOLD", pattern=r"^[A-Za-z0-9_.-]{1,60}$")

    @field_validator("pattern")
    @classmethod
    def _is_narrow(cls, pattern: str) -> str:
        if len(pattern.strip("*?.")) < 2:
            raise ValueError("the pattern must name the files (`db_*.dump`, `*.log`), not match everything")
        return pattern


class Backups(_Files):
    """The newest `keep` stay."""

    keep: int = Field(ge=2, le=1000)


class Logs(_Files):
    """Those last written to more than `days` whole days ago (UTC), down to `depth` folders."""

    days: int = Field(ge=1, le=3650)
    depth: int = Field(1, ge=1, le=5)


async def _preview_backups(address: Address, wanted: Backups) -> Preview:
    async with logged_in(address) as machine:
        kept, doomed = await _split_backups(machine, wanted)
        now = await machine.clock()
    require_deletable(wanted.folder, doomed)
    arguments = {
        "folder": wanted.folder,
        "pattern": wanted.pattern,
        "keep": str(wanted.keep),
        "hold": wanted.hold,
    }
    return Preview(lines(doomed, kept), _state(doomed, kept), arguments, tuple(_cautions(kept, now)))


async def _execute_backups(address: Address, wanted: Backups, preview: Preview, progress: Progress) -> Text:
    async with logged_in(address) as machine:
        kept, doomed = await _split_backups(machine, wanted)
        _require_same(wanted, preview, doomed, kept)
        await progress(say("deleting {count} files", count=len(doomed)))
        return await delete(machine, wanted.folder, doomed)


async def require_no_hold(machine: Machine, folder: str, hold: str) -> None:
    """Raise TargetError while a file of this name lies in the folder."""
    if await listing(machine, folder, hold):
        raise TargetError(
            "{path} holds a file {hold}: nothing may be deleted there until it is lifted.", path=folder, hold=hold
        )


async def _split_backups(machine: Machine, wanted: Backups) -> tuple[list[Found], list[Found]]:
    await require_no_hold(machine, wanted.folder, wanted.hold)
    found = await _listed(machine, wanted, 1)
    kept, doomed = found[: wanted.keep], found[wanted.keep :]
    if doomed and any(one.size == 0 for one in kept):
        raise TargetError(
            "One of the {count} newest backups is empty; the older ones may be the last good ones. Nothing is deleted.",
            count=len(kept),
        )
    return kept, doomed


def _cautions(kept: Sequence[Found], now: float) -> list[Text]:
    found = [say("Nothing brings the deleted files back.")]
    newest, before = kept[0], kept[1]
    hours = round((now - newest.changed) / 3600)
    if hours > _LATE_H:
        found.append(say("The newest backup is {hours} h old: are backups still being made?", hours=hours))
    if newest.size < _SHRUNK * before.size:
        found.append(say("The newest backup is less than half as big as the one before; is it whole?"))
    return found


async def _preview_logs(address: Address, wanted: Logs) -> Preview:
    async with logged_in(address) as machine:
        kept, doomed = await _split_logs(machine, wanted)
    require_deletable(wanted.folder, doomed)
    arguments = {
        "folder": wanted.folder,
        "pattern": wanted.pattern,
        "days": str(wanted.days),
        "depth": str(wanted.depth),
        "hold": wanted.hold,
    }
    warnings = (say("Nothing brings the deleted files back."),)
    return Preview(lines(doomed, kept), _state(doomed, kept), arguments, warnings)


async def _execute_logs(address: Address, wanted: Logs, preview: Preview, progress: Progress) -> Text:
    async with logged_in(address) as machine:
        kept, doomed = await _split_logs(machine, wanted)
        _require_same(wanted, preview, doomed, kept)
        await progress(say("deleting {count} files", count=len(doomed)))
        return await delete(machine, wanted.folder, doomed)


async def _split_logs(machine: Machine, wanted: Logs) -> tuple[list[Found], list[Found]]:
    """Old is counted from midnight, so that a list that was shown does not grow by the minute."""
    await require_no_hold(machine, wanted.folder, wanted.hold)
    midnight = datetime.fromtimestamp(await machine.clock(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    before = (midnight - timedelta(days=wanted.days)).timestamp()
    found = await _listed(machine, wanted, wanted.depth)
    doomed = [one for one in found[1:] if one.changed < before]
    return [one for one in found if one not in doomed], doomed


async def _listed(machine: Machine, wanted: _Files, depth: int) -> list[Found]:
    found = await listing(machine, wanted.folder, wanted.pattern, depth)
    if found is None:
        raise TargetError("{where} has no {path}.", where=machine.address.where, path=wanted.folder)
    return [one for one in found if not one.is_folder]


def _state(doomed: Sequence[Found], kept: Sequence[Found]) -> dict[str, str]:
    return {"files": str(len(doomed)), "list_sha": digest(doomed), "newest_kept": kept[0].shown if kept else ""}


def _require_same(wanted: _Files, preview: Preview, doomed: Sequence[Found], kept: Sequence[Found]) -> None:
    require_deletable(wanted.folder, doomed)
    state = _state(doomed, kept)
    if (state["files"], state["list_sha"]) != (preview.state["files"], preview.state["list_sha"]):
        raise changed(wanted.folder)


PRUNE_BACKUPS = Change("host.prune_backups", Address, Backups, _LIMIT, _preview_backups, _execute_backups)
PRUNE_LOGS = Change("host.prune_logs", Address, Logs, _LIMIT, _preview_logs, _execute_logs)
