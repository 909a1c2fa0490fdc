"""Keys without their values: how many match, how long a queue is, what one key is like. Never KEYS, never GET."""

import asyncio
import re
from dataclasses import dataclass
from time import monotonic
from typing import Final

from pydantic import Field
from redis.asyncio import Redis

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.redis.connection import LIMIT, Address, ask, connected

NAME_LIMIT: Final = 120
SAMPLE: Final = 10
_PAGE: Final = 1000
_SCAN_LIMIT: Final = 20.0
_SCAN_TIME: Final = 8.0
_LENGTH_LIMIT: Final = 15.0
_ID: Final = re.compile(r"(?<![A-Za-z0-9])(?=[A-Za-z_-]*\d)([A-Za-z0-9]{2})[A-Za-z0-9_-]{14,}(?![A-Za-z0-9])")
_LENGTHS: Final = {"list": "LLEN", "set": "SCARD", "zset": "ZCARD", "stream": "XLEN", "hash": "HLEN"}


class Pattern(Parameters):
    """Which keys, in Redis's own glob syntax; counting stops at `cap`."""

    pattern: str = Field(min_length=1, max_length=200)
    cap: int = Field(10_000, ge=1, le=1_000_000)


class Key(Parameters):
    """One key, by its exact name."""

    key: str = Field(min_length=1, max_length=500)


class Queue(Key):
    """`again_after_s` looks twice, so that growth can be told; 0 looks once."""

    again_after_s: int = Field(0, ge=0, le=10)


@dataclass(frozen=True, slots=True)
class Found:
    """What a bounded SCAN met; `is_complete` is False when it stopped early."""

    keys: frozenset[str]
    is_complete: bool


def shown(key: str) -> str:
    """A key's name fit for evidence: masked, identifiers reduced to their first two signs, bounded."""
    printable = "".join(sign for sign in key[:2000] if sign.isprintable())
    return _ID.sub(r"\1***", mask(printable))[:NAME_LIMIT]


async def scan(client: Redis, pattern: str, cap: int, seconds: float = _SCAN_TIME) -> Found:
    """The matching keys, at most `cap`; SCAN goes page by page, so the server serves others in between."""
    deadline = monotonic() + seconds
    cursor, keys = 0, set[str]()
    while True:
        answer = await ask(client, "SCAN", cursor, "MATCH", pattern, "COUNT", _PAGE)
        cursor = int(answer[0])
        keys.update(answer[1])
        if not cursor:
            return Found(frozenset(sorted(keys)[:cap]), len(keys) <= cap)
        if len(keys) > cap or monotonic() > deadline:
            return Found(frozenset(sorted(keys)[:cap]), is_complete=False)


async def _read_scan(address: Address, wanted: Pattern) -> Reading:
    async with connected(address) as client:
        found = await scan(client, wanted.pattern, wanted.cap)
    return Reading(
        _scan_summary(found, wanted.pattern),
        (Measurement("keys", len(found.keys)), Measurement("complete", found.is_complete)),
        tuple(shown(key) for key in sorted(found.keys)[:SAMPLE]),
    )


def _scan_summary(found: Found, pattern: str) -> Text:
    if found.is_complete:
        return say("{count} keys match {pattern}", count=len(found.keys), pattern=shown(pattern))
    return say("{count} keys or more match {pattern}; counting stopped", count=len(found.keys), pattern=shown(pattern))


async def _read_length(address: Address, wanted: Queue) -> Reading:
    async with connected(address) as client:
        first = await _length(client, wanted.key)
        if not wanted.again_after_s:
            once = say("looked only once")
            return Reading(
                say("{length} entries in {key}", length=first, key=shown(wanted.key)),
                (Measurement("length", first), Measurement("growth", None, missing=once)),
            )
        await asyncio.sleep(wanted.again_after_s)
        second = await _length(client, wanted.key)
    return Reading(
        say(
            "{length} entries in {key} ({growth} within {seconds} s)",
            length=second,
            key=shown(wanted.key),
            growth=f"{second - first:+d}",
            seconds=wanted.again_after_s,
        ),
        (Measurement("length", second), Measurement("growth", second - first)),
        trend=(float(first), float(second)),
    )


async def _length(client: Redis, key: str) -> int:
    """Entries under a key of any countable type; Redis removes an emptied queue, so an absent one has none."""
    kind = await ask(client, "TYPE", key)
    if kind == "none":
        return 0
    if kind not in _LENGTHS:
        raise TargetError("{key} is a {kind}, which has no length.", key=shown(key), kind=str(kind))
    return int(await ask(client, _LENGTHS[kind], key))


async def _read_meta(address: Address, wanted: Key) -> Reading:
    async with connected(address) as client:
        kind = str(await ask(client, "TYPE", wanted.key))
        ttl = int(await ask(client, "TTL", wanted.key))
        size = await ask(client, "MEMORY", "USAGE", wanted.key)
    name = shown(wanted.key)
    if kind == "none" or size is None:
        absent = say("{key} does not exist", key=name)
        return Reading(
            absent,
            (
                Measurement("exists", False),
                Measurement("type", None, missing=absent),
                Measurement("ttl_s", None, "s", absent),
                Measurement("bytes", None, "B", absent),
            ),
        )
    return Reading(
        say("{key} is a {kind} of {size} bytes", key=name, kind=kind, size=size),
        (
            Measurement("exists", True),
            Measurement("type", kind),
            Measurement("ttl_s", ttl if ttl >= 0 else None, "s", None if ttl >= 0 else say("it never expires")),
            Measurement("bytes", int(size), "B"),
        ),
    )


SCAN = Read("redis.scan", Address, Pattern, _SCAN_LIMIT, _read_scan)
LIST_LENGTH = Read("redis.list_length", Address, Queue, _LENGTH_LIMIT, _read_length)
KEY_META = Read("redis.key_meta", Address, Key, LIMIT, _read_meta)
