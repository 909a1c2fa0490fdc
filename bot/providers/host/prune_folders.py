"""Making room among backups that are folders: the newest always stay, and so do those that the catalog names."""

import operator
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.host.address import Address
from bot.providers.host.changing import changed, look_again
from bot.providers.host.files import Found, digest, listing, megabytes
from bot.providers.host.given import Words
from bot.providers.host.prune import Backups, require_no_hold
from bot.providers.host.ssh import Machine, logged_in

_LIMIT: Final = 280.0
_DELETION_LIMIT: Final = 240.0
_FOLDERS: Final = 200
_SHOWN: Final = 15
_DEPTH: Final = 8
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+=,:-]*")


class Folders(Backups):
    """The newest `keep` stay, and so do those called as in `never`, such as `chroma_latest`."""

    never: Words = ()


@dataclass(frozen=True, slots=True)
class _Folder:
    """One backup with all that is in it."""

    itself: Found
    files: tuple[Found, ...]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files)

    @property
    def shown(self) -> str:
        return Found(self.itself.changed, self.itself.name, self.size, "", "d").shown


async def _preview(address: Address, wanted: Folders) -> Preview:
    async with logged_in(address) as machine:
        kept, doomed = await _split(machine, wanted)
    _require_deletable(wanted, doomed)
    return Preview(
        lines=_lines(kept, doomed),
        state=_state(kept, doomed),
        arguments={
            "folder": wanted.folder,
            "pattern": wanted.pattern,
            "keep": str(wanted.keep),
            "never": " ".join(wanted.never),
            "hold": wanted.hold,
        },
        warnings=(say("Nothing brings the deleted folders back."),),
    )


async def _execute(address: Address, wanted: Folders, preview: Preview, progress: Progress) -> Text:
    async with logged_in(address) as machine:
        kept, doomed = await _split(machine, wanted)
        _require_deletable(wanted, doomed)
        if _state(kept, doomed) != preview.state:
            raise changed(wanted.folder)
        await progress(say("deleting {count} folders", count=len(doomed)))
        await _delete(machine, wanted.folder, doomed)
    return say(
        "{count} folders deleted from {path}, {size} MB freed",
        count=len(doomed),
        path=wanted.folder,
        size=_total_mb(doomed),
    )


async def _split(machine: Machine, wanted: Folders) -> tuple[list[_Folder], list[_Folder]]:
    """What stays and what goes, newest first; refuses under a hold, and while one of the newest is empty."""
    await require_no_hold(machine, wanted.folder, wanted.hold)
    found = await listing(machine, wanted.folder, "*", _DEPTH)
    if found is None:
        raise TargetError("{where} has no {path}.", where=machine.address.where, path=wanted.folder)
    inside: dict[str, list[Found]] = defaultdict(list)
    for one in found:
        if not one.is_folder:
            inside[one.name.partition("/")[0]].append(one)
    folders = [
        _Folder(one, tuple(inside[one.name]))
        for one in found
        if one.is_folder and "/" not in one.name and fnmatchcase(one.name, wanted.pattern)
    ]
    newest = folders[: wanted.keep]
    if any(one.size == 0 for one in newest) and folders[wanted.keep :]:
        raise TargetError(
            "One of the {count} newest backups is empty; the older ones may be the last good ones. Nothing is deleted.",
            count=len(newest),
        )
    doomed = [one for one in folders[wanted.keep :] if one.itself.name not in wanted.never]
    return [one for one in folders if one not in doomed], doomed


def _require_deletable(wanted: Folders, doomed: Sequence[_Folder]) -> None:
    if not doomed:
        raise TargetError("There is nothing to delete in {path}.", path=wanted.folder)
    if len(doomed) > _FOLDERS:
        raise TargetError(
            "These are {count} folders, more than {limit} at once; narrow the pattern.",
            count=len(doomed),
            limit=_FOLDERS,
        )
    odd = next((one for one in doomed if not _PLAIN_NAME.fullmatch(one.itself.name)), None)
    if odd is not None:
        raise TargetError("One of them has a strange name: {name}. A person has to look.", name=odd.shown)


def _lines(kept: Sequence[_Folder], doomed: Sequence[_Folder]) -> tuple[Line, ...]:
    more = len(doomed) - _SHOWN
    return (
        Line(say("folders to delete"), f"{len(doomed)} ({_total_mb(doomed)} MB)", "—"),
        *(Line(say("deleted"), one.shown, "—") for one in doomed[:_SHOWN]),
        *([Line(say("and others"), str(more), "—")] if more > 0 else []),
        Line(say("folders that stay"), str(len(kept)), str(len(kept))),
        Line(say("newest that stays"), kept[0].shown, kept[0].shown),
    )


def _state(kept: Sequence[_Folder], doomed: Sequence[_Folder]) -> dict[str, str]:
    listed = [found for one in doomed for found in (one.itself, *one.files)]
    return {
        "folders": str(len(doomed)),
        "list_sha": digest(listed),
        "newest_kept": kept[0].itself.name if kept else "",
    }


async def _delete(machine: Machine, folder: str, doomed: Sequence[_Folder]) -> None:
    """Delete these folders, once; then say what the machine itself says of them."""
    paths = [f"{folder}/{one.itself.name}" for one in doomed]
    words = ""
    try:
        answer = await machine.run("rm", "-r", "--one-file-system", "--", *paths, limit=_DELETION_LIMIT)
        words = answer.words
        left = await _left(machine, folder, doomed)
    except (Unreachable, TimedOut):
        left = await look_again(
            machine.address, lambda again: _left(again, folder, doomed), operator.not_, f"rm in {folder}"
        )
    if left:
        raise TargetError(
            "{done} of {count} folders were deleted from {path}, {left} are still there, some perhaps in part. {words}",
            done=len(doomed) - len(left),
            count=len(doomed),
            path=folder,
            left=len(left),
            words=words,
        )


async def _left(machine: Machine, folder: str, doomed: Sequence[_Folder]) -> set[str]:
    there = await listing(machine, folder, "*")
    return {one.name for one in there or ()} & {one.itself.name for one in doomed}


def _total_mb(folders: Sequence[_Folder]) -> float:
    return megabytes(sum(one.size for one in folders))


PRUNE_FOLDERS = Change("host.prune_folders", Address, Folders, _LIMIT, _preview, _execute)
