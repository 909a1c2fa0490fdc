"""The record: event streams in Redis, appended with expected version, folded on reading."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, TypeVar

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from bot.core import codec
from bot.core.chain import last_hash, seal, unseal
from bot.core.errors import Conflict, NotFound, NothingRecorded
from bot.core.events import Author, Recorded
from bot.core.family import Family, renumbered
from bot.core.text import Text
from bot.flows.ports import Clock, Kept
from bot.store.connect import Client, is_cluster

S = TypeVar("S")

APPEND_LIMIT = 1.5  # seconds; a Slack command has 3 s in all
CONFLICT_TRIES = 8
REPLICA_LIMIT_MS = 200  # WAIT; measured: no confirmed event lost in a failover (engine notes)
REPLICAS_KNOWN_FOR = 30.0

_APPEND = files("bot.store").joinpath("append.lua").read_text()


@dataclass(frozen=True, slots=True)
class _Answer:
    word: str
    stream: str
    version: int
    confirmed: bool


class RedisRecord:
    """Reads and appends streams; every failure to write in time is NothingRecorded, and then it is true.

    The script refuses to write once the caller has given up, measured by the server's own clock, so a
    Redis that hangs and comes back cannot store what the person was told is not stored.
    """

    def __init__(self, client: Client, prefix: str, clock: Clock) -> None:
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._skew_ms: float | None = None
        self._replicas = 0
        self._replicas_at = float("-inf")

    async def open(self, family: Family[S], fact: object, by: Author, key: str = "") -> Kept[S]:
        """Open the next stream of a family with its first fact; the same delivery key opens it only once."""
        async with _in_time():
            return await self._append(family, None, [], fact, by, key)

    async def change(
        self, family: Family[S], stream: str, decide: Callable[[S], object | None], by: Author, key: str = ""
    ) -> Kept[S]:
        """Append what `decide` makes of the present state, deciding anew when somebody else was faster.

        `decide` returns None when there is nothing to record; raises NotFound on an unknown stream.
        """
        async with _in_time():
            for _ in range(CONFLICT_TRIES):
                events = await self._read(stream)
                state = _fold(family, stream, events)
                if key and await self._client.exists(self._key("delivery", key)):
                    return Kept(state, again=True)
                fact = decide(state)
                if fact is None:
                    return Kept(state, again=True)
                try:
                    return await self._append(family, state, events, fact, by, key)
                except Conflict:
                    continue
            raise NothingRecorded(f"{stream} changed {CONFLICT_TRIES} times while this was being recorded")

    async def load(self, family: Family[S], stream: str) -> S:
        """The present state of a stream; raises NotFound, and NothingRecorded when Redis does not answer."""
        async with _in_time():
            return _fold(family, stream, await self._read(stream))

    async def events(self, stream: str) -> list[Recorded]:
        """All events of a stream, oldest first; none for an unknown stream."""
        async with _in_time():
            return await self._read(stream)

    async def listing(self, family: Family[S], *, only_open: bool, limit: int) -> list[S]:
        """The newest states of a family, newest first, from the projection."""
        async with _in_time():
            names = await self._newest(family, only_open=only_open, limit=limit)
            if not names:
                return []
            rows = await self._client.hmget(self._key("rows", family.prefix), names)
            return [renumbered(codec.loads(row), name) for name, row in zip(names, rows, strict=True) if row]

    async def count(self, family: Family[S]) -> int:
        """How many streams of a family are open."""
        async with _in_time():
            return int(await self._client.zcard(self._key("open", family.prefix)))

    async def _newest(self, family: Family[Any], *, only_open: bool, limit: int) -> list[str]:
        if only_open:
            names = await self._client.zrange(self._key("open", family.prefix), 0, limit - 1, desc=True)
            return [name.decode() for name in names]
        last = int(await self._client.get(self._key("count", family.prefix)) or 0)
        return [f"{family.prefix}-{number}" for number in range(last, max(0, last - limit), -1)]

    async def _read(self, stream: str) -> list[Recorded]:
        entries = await self._client.xrange(self._key("stream", stream))
        return [unseal(stream, int(id.partition(b"-")[0]), fields[b"e"]) for id, fields in entries]

    async def _append(
        self, family: Family[S], state: S | None, events: list[Recorded], fact: object, by: Author, key: str
    ) -> Kept[S]:
        stream = events[-1].stream if events else ""
        now, previous = self._clock.now(), last_hash(events)
        sealed = seal(fact, id=uuid.uuid4().hex, at=now, by=by, previous=previous)
        stored = Recorded(stream, len(events) + 1, sealed.id, now, by, fact, previous, sealed.hash)
        after = family.apply(state, stored)
        answer = await self._eval(
            [
                *(family.prefix, stream, str(len(events)), key or sealed.id, "", codec.dumps(after)),
                *("open" if family.is_open(after) else "closed", sealed.kind, sealed.json),
            ]
        )
        if answer.word == "conflict":
            raise Conflict(answer.stream, answer.version)
        if answer.word == "again":
            return Kept(_fold(family, answer.stream, await self._read(answer.stream)), again=True)
        return Kept(renumbered(after, answer.stream), confirmed=answer.confirmed)

    async def _eval(self, arguments: list[str]) -> _Answer:
        if self._skew_ms is None:
            await self._learn_clock()
        arguments[4] = str(time.monotonic() * 1000 + (self._skew_ms or 0) + APPEND_LIMIT * 1000 * 0.8)
        word, stream, version, confirmed = await self._run(arguments)
        if word == "late":
            await self._learn_clock()
            raise NothingRecorded("the record answered too late")
        return _Answer(word, stream, version, confirmed)

    async def _run(self, arguments: list[str]) -> tuple[str, str, int, bool]:
        if await self._count_replicas() == 0:
            word, stream, version = await self._client.register_script(_APPEND)([self._prefix], arguments)
            return word.decode(), stream.decode(), version, True
        # WAIT counts for the connection it is sent on, so it travels in the same pipeline as the write.
        pipe = self._client.pipeline(transaction=False)
        pipe.eval(_APPEND, 1, self._prefix, *arguments)
        pipe.execute_command("WAIT", 1, REPLICA_LIMIT_MS)
        (word, stream, version), replicas = await pipe.execute()
        return word.decode(), stream.decode(), version, replicas > 0

    async def _count_replicas(self) -> int:
        if is_cluster(self._client):
            return 0
        if time.monotonic() - self._replicas_at > REPLICAS_KNOWN_FOR:
            self._replicas = int((await self._client.info("replication"))["connected_slaves"])
            self._replicas_at = time.monotonic()
        return self._replicas

    async def _learn_clock(self) -> None:
        seconds, micros = await self._client.time()
        self._skew_ms = seconds * 1000 + micros / 1000 - time.monotonic() * 1000

    def _key(self, room: str, name: str) -> str:
        return f"{self._prefix}:{room}:{name}"


def _fold(family: Family[S], stream: str, events: list[Recorded]) -> S:
    state: S | None = None
    for event in events:
        state = family.apply(state, event)
    if state is None:
        raise NotFound(Text(family.missing.msgid, {"number": stream}))
    return state


@asynccontextmanager
async def _in_time() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(APPEND_LIMIT):
            yield
    except (TimeoutError, RedisConnectionError, RedisTimeoutError) as error:
        raise NothingRecorded("the record did not answer in time") from error
    except RedisError as error:
        raise NothingRecorded(f"the record refused: {type(error).__name__}") from error
