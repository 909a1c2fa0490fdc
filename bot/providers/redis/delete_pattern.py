"""Emptying part of a cache: SCAN and UNLINK batch by batch under an allowed prefix, instead of FLUSHALL."""

import asyncio
from dataclasses import dataclass
from typing import Final

from pydantic import Field
from redis.asyncio import Redis

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.redis.allowed import Guarded, require_pattern
from bot.providers.redis.connection import Address, ask, connected
from bot.providers.redis.identity import identity, require_same
from bot.providers.redis.keys import SAMPLE, Found, scan, shown

_LIMIT: Final = 300.0
_COUNT_TIME: Final = 7.0
_BREATH: Final = 0.005  # between batches, so that the patient serves its own clients first
_TELLINGS: Final = 10  # at most, since each is a record
_EXACT: Final = "surrogateescape"


class DeletePattern(Guarded):
    """Which keys; refused when more than `cap` match, and never more than `cap` are deleted.

    `needs_subject` refuses to delete a whole prefix.
    """

    pattern: str = Field(min_length=2, max_length=200, pattern=r"^\S+$")
    batch: int = Field(500, ge=1, le=5000)
    cap: int = Field(10_000, ge=1, le=1_000_000)
    needs_subject: bool = False


@dataclass(slots=True)
class _Tally:
    deleted: int = 0
    has_begun: bool = False


async def _preview(address: Address, wanted: DeletePattern) -> Preview:
    require_pattern(wanted.pattern, wanted.prefixes, wanted.needs_subject)
    async with connected(address) as client:
        state = await identity(client)
        found = await scan(client, wanted.pattern, wanted.cap, _COUNT_TIME)
    _require_countable(found, wanted)
    return Preview(
        lines=(
            Line(say("Keys that match {pattern}", pattern=shown(wanted.pattern)), str(len(found.keys)), "0"),
            Line(say("Some of them"), ", ".join(shown(key) for key in sorted(found.keys)[:SAMPLE]), "—"),
            Line(say("Deleted at most"), "—", str(wanted.cap)),
        ),
        state=state,
        arguments={
            "pattern": wanted.pattern,
            "prefixes": " ".join(wanted.prefixes),
            "batch": str(wanted.batch),
            "cap": str(wanted.cap),
            "needs_subject": str(wanted.needs_subject).lower(),
        },
        warnings=(
            say("Nothing brings the deleted keys back."),
            say("Keys that are written after this was shown and match too will be deleted as well, up to the limit."),
            say("Until a cache has filled again, its misses go to what stands behind it: watch the load there."),
        ),
    )


def _require_countable(found: Found, wanted: DeletePattern) -> None:
    pattern = shown(wanted.pattern)
    if not found.keys and found.is_complete:
        raise TargetError("Nothing to do: no key matches {pattern}.", pattern=pattern)
    if found.is_complete:
        return
    if len(found.keys) < wanted.cap:
        raise TargetError(
            "Refused: this Redis holds so many keys that those of {pattern} could not be counted in {seconds} s.",
            pattern=pattern,
            seconds=f"{_COUNT_TIME:g}",
        )
    raise TargetError(
        "Refused: more than {cap} keys match {pattern}, and no more than that may be deleted at once.",
        cap=wanted.cap,
        pattern=pattern,
    )


async def _execute(address: Address, _: DeletePattern, preview: Preview, progress: Progress) -> Text:
    wanted = DeletePattern.model_validate(dict(preview.arguments))
    require_pattern(wanted.pattern, wanted.prefixes, wanted.needs_subject)
    tally = _Tally()
    try:
        async with connected(address, _EXACT) as client:
            await require_same(client, preview.state)
            await _delete(client, wanted, tally, progress)
            left = await scan(client, wanted.pattern, wanted.cap, _COUNT_TIME)
    except (Unreachable, TimedOut) as error:
        if not tally.has_begun:
            raise
        raise await _broken_off(address, wanted, tally.deleted) from error
    return _outcome(wanted, tally.deleted, left)


async def _delete(client: Redis, wanted: DeletePattern, tally: _Tally, progress: Progress) -> None:
    """Every batch is sent once; what a lost answer leaves open is looked at afterwards."""
    cursor, told = 0, 0
    while True:
        answer = await ask(client, "SCAN", cursor, "MATCH", wanted.pattern, "COUNT", wanted.batch)
        cursor, keys = int(answer[0]), list(dict.fromkeys(answer[1]))[: wanted.cap - tally.deleted]
        for start in range(0, len(keys), wanted.batch):
            tally.has_begun = True
            tally.deleted += int(await ask(client, "UNLINK", *keys[start : start + wanted.batch]))
        if not cursor or tally.deleted >= wanted.cap:
            return
        if tally.deleted - told >= wanted.cap / _TELLINGS:
            told = tally.deleted
            await progress(say("{count} keys deleted so far", count=tally.deleted))
        await asyncio.sleep(_BREATH if keys else 0)


def _outcome(wanted: DeletePattern, deleted: int, left: Found) -> Text:
    pattern = shown(wanted.pattern)
    if not left.keys:
        return say("{deleted} keys of {pattern} deleted, none is left", deleted=deleted, pattern=pattern)
    if deleted >= wanted.cap:
        return say(
            "{deleted} keys of {pattern} deleted, as many as allowed; {left} or more are left",
            deleted=deleted,
            pattern=pattern,
            left=len(left.keys),
        )
    return say(
        "{deleted} keys of {pattern} deleted; {left} match it now, written meanwhile",
        deleted=deleted,
        pattern=pattern,
        left=len(left.keys),
    )


async def _broken_off(address: Address, wanted: DeletePattern, deleted: int) -> TargetError:
    """The answer to one batch is lost: look how many are left, send nothing again."""
    pattern = shown(wanted.pattern)
    try:
        async with connected(address) as client:
            left = await scan(client, wanted.pattern, wanted.cap, _COUNT_TIME)
    except TargetError:
        return Unreachable(
            "The connection broke after at least {deleted} keys of {pattern} were deleted; what is left is not known.",
            deleted=deleted,
            pattern=pattern,
        )
    return TargetError(
        "The connection broke after at least {deleted} keys of {pattern} were deleted. "
        "Looked at again, {left} match; nothing goes on by itself.",
        deleted=deleted,
        pattern=pattern,
        left=len(left.keys),
    )


DELETE_PATTERN = Change("redis.delete_pattern", Address, DeletePattern, _LIMIT, _preview, _execute)
