"""The record: event streams in Redis, appended with expected version, folded on reading."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Generic, TypeVar

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
ANSWER_MARGIN = 0.3  # seconds kept for the replicas and the way back: a write begins before that, or never
REPLICA_LIMIT_MS = 200  # WAIT; measured: no confirmed event lost in a failover (engine notes)
SERVER_KNOWN_FOR = 30.0

_APPEND = files("bot.store").joinpath("append.lua").read_text()


@dataclass(frozen=True, slots=True)
class _Order(Generic[S]):
    """What is to be appended on whose behalf, and the moment (of the loop's clock) after which it must not be."""

    family: Family[S]
    by: Author
    key: str
    until: float


@dataclass(frozen=True, slots=True)
class _Answer:
    word: str
    stream: str
    version: int
    confirmed: bool


class RedisRecord:
    """Reads and appends streams; every failure to write in time is NothingRecorded.

    The script refuses to write once the caller has given up, measured by the server's own clock, so a
    Redis that hangs and comes back cannot store what the person was told is not stored. What remains: a
    write that was stored while every answer, and those of its repetitions, got lost until the time was over.
    `limit` is in seconds, for each verb.
    """

    def __init__(self, client: Client, prefix: str, clock: Clock, limit: float = APPEND_LIMIT) -> None:
        self._limit = limit
        self._client = client
        self._prefix = prefix
        self._clock = clock
        self._skew_ms = 0.0
        self._replicas = 0
        self._known_at = float("-inf")

    async def open(self, family: Family[S], fact: object, by: Author, key: str = "") -> Kept[S]:
        """Open the next stream of a family with its first fact; the same delivery key opens it only once."""
        async with _in_time(self._limit) as until:
            order = _Order(family, by, key, until)
            while True:  # a counter that was lost catches up with the streams that are there
                with suppress(Conflict):
                    return await self._append(order, None, [], fact)

    async def change(
        self, family: Family[S], stream: str, decide: Callable[[S], object | None], by: Author, key: str = ""
    ) -> Kept[S]:
        """Append what `decide` makes of the present state, deciding anew when somebody else was faster.

        `decide` returns None when there is nothing to record; raises NotFound on an unknown stream.
        """
        async with _in_time(self._limit) as until:
            order = _Order(family, by, key, until)
            while True:  # of those who conflict one always wins, so this ends, at the latest with the time
                events = await self._read(stream)
                state = _fold(family, stream, events)
                if key and await self._client.exists(self._key("delivery", key)):
                    return Kept(_fold(family, stream, await self._read(stream)), again=True)
                fact = decide(state)
                if fact is None:
                    return Kept(state, again=True)
                with suppress(Conflict):
                    return await self._append(order, state, events, fact)

    async def load(self, family: Family[S], stream: str) -> S:
        """The present state of a stream; raises NotFound, and NothingRecorded when Redis does not answer."""
        async with _in_time(self._limit):
            return _fold(family, stream, await self._read(stream))

    async def events(self, stream: str) -> list[Recorded]:
        """All events of a stream, oldest first; none for an unknown stream."""
        async with _in_time(self._limit):
            return await self._read(stream)

    async def listing(self, family: Family[S], *, only_open: bool, limit: int) -> list[S]:
        """The newest states of a family, newest first, from the projection."""
        async with _in_time(self._limit):
            names = await self._newest(family, only_open=only_open, limit=limit)
            if not names:
                return []
            rows = await self._client.hmget(self._key("rows", family.prefix), names)
            return [renumbered(codec.loads(row), name) for name, row in zip(names, rows, strict=True) if row]

    async def count(self, family: Family[S]) -> int:
        """How many streams of a family are open."""
        async with _in_time(self._limit):
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

    async def _append(self, order: _Order[S], state: S | None, events: list[Recorded], fact: object) -> Kept[S]:
        family, stream = order.family, events[-1].stream if events else ""
        now, previous = self._clock.now(), last_hash(events)
        sealed = seal(fact, id=uuid.uuid4().hex, at=now, by=order.by, previous=previous)
        stored = Recorded(stream, len(events) + 1, sealed.id, now, order.by, fact, previous, sealed.hash)
        after = family.apply(state, stored)
        answer = await self._eval(
            [
                *(family.prefix, stream, str(len(events)), order.key or sealed.id),
                *(await self._server_time(order.until), codec.dumps(after)),
                *("open" if family.is_open(after) else "closed", sealed.kind, sealed.json),
            ]
        )
        if answer.word == "late":
            self._known_at = float("-inf")  # the server's clock may have been moved
            raise NothingRecorded("the record answered too late")
        if answer.word == "conflict":
            raise Conflict(answer.stream, answer.version)
        if answer.word == "again":
            state = _fold(family, answer.stream, await self._read(answer.stream))
            return Kept(state, again=True, confirmed=answer.confirmed)
        return Kept(renumbered(after, answer.stream), confirmed=answer.confirmed)

    async def _eval(self, arguments: list[str]) -> _Answer:
        if self._replicas == 0:
            word, stream, version = await self._client.register_script(_APPEND)([self._prefix], arguments)
            return _Answer(word.decode(), stream.decode(), version, True)
        # WAIT counts for the connection it is sent on, so it travels in the same pipeline as the write.
        pipe = self._client.pipeline(transaction=False)
        pipe.eval(_APPEND, 1, self._prefix, *arguments)
        pipe.execute_command("WAIT", 1, REPLICA_LIMIT_MS)
        (word, stream, version), replicas = await pipe.execute()
        return _Answer(word.decode(), stream.decode(), version, replicas > 0)

    async def _server_time(self, moment: float) -> str:
        """A moment of the loop's clock in milliseconds of the server's, never later than it really is."""
        if asyncio.get_running_loop().time() - self._known_at > SERVER_KNOWN_FOR:
            await self._learn_server()
        return str(moment * 1000 + self._skew_ms)

    async def _learn_server(self) -> None:
        # By script, because a cluster answers a plain TIME once for each of its nodes.
        seconds, micros = await self._client.eval("return redis.call('TIME')", 1, self._prefix)
        now = asyncio.get_running_loop().time()
        self._skew_ms = int(seconds) * 1000 + int(micros) / 1000 - now * 1000
        if not is_cluster(self._client):
            self._replicas = int((await self._client.info("replication"))["connected_slaves"])
        self._known_at = now

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
async def _in_time(limit: float) -> AsyncIterator[float]:
    """Bound a verb; yields the moment after which a write could no longer be answered in time."""
    until = asyncio.get_running_loop().time() + limit
    try:
        async with asyncio.timeout_at(until):
            yield until - ANSWER_MARGIN
    except (TimeoutError, RedisConnectionError, RedisTimeoutError) as error:
        raise NothingRecorded("the record did not answer in time") from error
    except RedisError as error:
        raise NothingRecorded(f"the record refused: {type(error).__name__}") from error
