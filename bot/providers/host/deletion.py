"""Deleting exactly the files that were listed: by name, and only while the list is the same."""

import operator
import re
from collections.abc import Sequence
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.preview import Line
from bot.core.text import Text, say
from bot.providers.host.changing import look_again
from bot.providers.host.files import Found, listing, total_mb
from bot.providers.host.ssh import Machine

_FILES: Final = 300
_WORDS: Final = 60_000  # characters: a command is one word to the other side, and those are bounded
_SHOWN: Final = 15
_PLAIN_NAME: Final = re.compile(r"[A-Za-z0-9_.@+=,:-][A-Za-z0-9_.@+=,:/ -]*")
_DELETION_LIMIT: Final = 100.0


def require_deletable(folder: str, doomed: Sequence[Found]) -> None:
    """Refuse what cannot be deleted with a clear conscience."""
    if not doomed:
        raise TargetError("There is nothing to delete in {path}.", path=folder)
    if len(doomed) > _FILES or sum(len(folder) + len(one.name) for one in doomed) > _WORDS:
        raise TargetError(
            "These are {count} files, more than {limit} at once; narrow the pattern.", count=len(doomed), limit=_FILES
        )
    odd = next((one for one in doomed if one.kind != "f" or not _PLAIN_NAME.fullmatch(one.name)), None)
    if odd is not None:
        raise TargetError(
            "One of them is no plain file or has a strange name: {name}. A person has to look.", name=odd.shown
        )


def lines(doomed: Sequence[Found], kept: Sequence[Found]) -> tuple[Line, ...]:
    """What the approver sees: each file by name, or the first of many, and what stays."""
    shown = [Line(say("deleted"), one.shown, "—") for one in doomed[:_SHOWN]]
    more = len(doomed) - len(shown)
    return (
        Line(say("files to delete"), f"{len(doomed)} ({total_mb(doomed)} MB)", "—"),
        *shown,
        *([Line(say("and others"), str(more), "—")] if more else []),
        Line(say("files that stay"), str(len(kept)), str(len(kept))),
        Line(say("newest that stays"), kept[0].shown, kept[0].shown),
    )


async def delete(machine: Machine, folder: str, doomed: Sequence[Found]) -> Text:
    """Delete these files, once; then say what the folder itself says of it."""
    paths = [f"{folder}/{one.name}" for one in doomed]
    code, words = 0, ""
    try:
        # -f would also hide that a file is gone already; closed input keeps rm from asking.
        answer = await machine.run("rm", "--", *paths, limit=_DELETION_LIMIT)
        code, words = answer.code, answer.words
        left = await _left(machine, folder, doomed)
    except (Unreachable, TimedOut):
        left = await look_again(
            machine.address, lambda again: _left(again, folder, doomed), operator.not_, f"rm in {folder}"
        )
    if left:
        raise TargetError(
            "{done} of {count} files were deleted from {path}, {left} are still there. {words}",
            done=len(doomed) - len(left),
            count=len(doomed),
            path=folder,
            left=len(left),
            words=words or f"({code})",
        )
    return say(
        "{count} files deleted from {path}, {size} MB freed", count=len(doomed), path=folder, size=total_mb(doomed)
    )


async def _left(machine: Machine, folder: str, doomed: Sequence[Found]) -> set[str]:
    there = await listing(machine, folder, "*", depth=max(one.name.count("/") for one in doomed) + 1)
    return {one.name for one in there or ()} & {one.name for one in doomed}
