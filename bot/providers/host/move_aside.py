"""Moving a folder out of the way under a dated name, which keeps it: the safe half of replacing damaged data."""

from datetime import UTC, datetime
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.host.address import Address, Path
from bot.providers.host.changing import changed, failed, look_again
from bot.providers.host.entry import Entry, entry_at, folder_at, parent_of
from bot.providers.host.ssh import Machine, logged_in
from bot.providers.host.units import SOME_UNIT, require_stopped

_LIMIT: Final = 60.0
_NAMES: Final = 9


class Aside(Parameters):
    """The folder, and its new path: without one it stays where it is, with the date behind its name.

    `stopped` is the unit that writes there: while it runs, nothing is moved.
    """

    folder: Path
    to: Path | None = None
    stopped: str = Field("", pattern=SOME_UNIT)


async def _preview(address: Address, wanted: Aside) -> Preview:
    async with logged_in(address) as machine:
        await require_stopped(machine, wanted.stopped)
        folder = await _movable(machine, wanted.folder)
        to = await _free_name(machine, wanted)
        if (await entry_at(machine, parent_of(to)) or folder).device != folder.device:
            raise TargetError("{to} is on another disk; a move there would be a copy.", to=to)
        fresh = await machine.run(
            "find", wanted.folder, "-maxdepth", "3", "-mmin", "-2", "-type", "f", "-print", "-quit"
        )
    return Preview(
        lines=(
            Line(say("folder"), wanted.folder, to),
            Line(say("last changed"), f"{datetime.fromtimestamp(int(folder.changed), UTC):%Y-%m-%d %H:%MZ}", "—"),
        ),
        state={"inode": folder.inode, "device": folder.device},
        arguments={"folder": wanted.folder, "to": to, "stopped": wanted.stopped},
        warnings=tuple(_cautions(bool(fresh.output))),
        undo={"folder": to, "to": wanted.folder, "stopped": wanted.stopped},
    )


async def _execute(address: Address, wanted: Aside, preview: Preview, progress: Progress) -> Text:
    to = preview.arguments["to"]
    async with logged_in(address) as machine:
        await require_stopped(machine, wanted.stopped)
        folder = await _movable(machine, wanted.folder)
        if {"inode": folder.inode, "device": folder.device} != preview.state or await entry_at(machine, to):
            raise changed(wanted.folder)
        await progress(say("moving {folder} to {to}", folder=wanted.folder, to=to))
        try:
            # -T: never into a folder of that name; -n: never over one.
            answer = await machine.run("mv", "-T", "-n", "--", wanted.folder, to)
            moved = await entry_at(machine, to)
            if answer.code:
                raise failed(machine, answer, "mv")
        except (Unreachable, TimedOut):
            moved = await look_again(address, lambda again: entry_at(again, to), bool, f"mv {wanted.folder} {to}")
    if moved is None or moved.inode != folder.inode:
        raise TargetError("{folder} was not moved: it is still where it was.", folder=wanted.folder)
    return say("{folder} is now {to}", folder=wanted.folder, to=to)


async def _movable(machine: Machine, path: str) -> Entry:
    folder = await folder_at(machine, path)
    parent = await entry_at(machine, parent_of(path))
    if parent is None or folder.device != parent.device:
        raise TargetError("{path} is a mounted disk of its own and cannot be moved aside.", path=path)
    return folder


async def _free_name(machine: Machine, wanted: Aside) -> str:
    """The day and not the second, so that the same proposal read again has the same name."""
    if wanted.to is not None:
        if await entry_at(machine, wanted.to):
            raise TargetError("There is already something at {to}.", to=wanted.to)
        return wanted.to
    day = f"{datetime.fromtimestamp(await machine.clock(), UTC):%Y-%m-%d}"
    for number in range(1, _NAMES + 1):
        name = f"{wanted.folder}-aside-{day}" + (f"-{number}" if number > 1 else "")
        if not await entry_at(machine, name):
            return name
    raise TargetError("{folder} was moved aside {count} times today already.", folder=wanted.folder, count=_NAMES)


def _cautions(is_fresh: bool) -> list[Text]:
    found = [say("Nothing is deleted: the folder keeps its place on the disk.")]
    if is_fresh:
        found.append(say("A file in it was written in the last two minutes: stop what writes there first."))
    return found


MOVE_ASIDE = Change("host.move_aside", Address, Aside, _LIMIT, _preview, _execute)
