"""Leases: one holder at a time, for a limited time, known by name."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from redis.exceptions import RedisError

from bot.core.errors import Conflict, NothingRecorded
from bot.store.connect import Client

# Taking it a second time succeeds: the client asks again when an answer got lost on its way, and a lease that ran out
# while Redis was away is its holder's again, who is still at work.
_TAKE = (
    "local held = redis.call('GET', KEYS[1]) if held and held ~= ARGV[1] then return 0 end "
    "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1"
)
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
POLL = 0.05
AGAIN = 0.2  # seconds; once Redis is back, whoever waits for the lease must not be faster than its holder

log = structlog.get_logger()


class RedisLeases:
    """Hands out leases; a holder that dies loses its lease after `ttl` seconds."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    @asynccontextmanager
    async def hold(self, name: str, *, by: str = "", ttl: float = 10.0, wait: float = 0.0) -> AsyncIterator[None]:
        """Hold a lease, renewing it until the block ends; raises Conflict when it is not free within `wait` seconds."""
        key, token = self._key(name), f"{by}:{uuid.uuid4().hex}"
        await self._take(key, token, ttl, wait)
        ended = asyncio.Event()
        renewal = asyncio.create_task(self._renew(key, token, ttl, ended))
        try:
            yield
        finally:
            ended.set()
            await asyncio.wait({renewal})  # taken anew after its release, it would be nobody's
            with suppress(RedisError):  # it ends by itself after `ttl`
                await self._client.eval(_RELEASE, 1, key, token)

    async def holder(self, name: str) -> str:
        """On whose behalf a lease is held now; empty when it is free. Raises NothingRecorded when Redis is silent."""
        try:
            token: bytes = await self._client.get(self._key(name)) or b""
        except RedisError as error:
            raise NothingRecorded(f"who is at work is not known: {type(error).__name__}") from error
        return token.decode().rpartition(":")[0]

    async def _take(self, key: str, token: str, ttl: float, wait: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait
        while not await self._client.eval(_TAKE, 1, key, token, int(ttl * 1000)):
            if asyncio.get_running_loop().time() >= deadline:
                raise Conflict(key, 0)
            await asyncio.sleep(POLL)

    async def _renew(self, key: str, token: str, ttl: float, ended: asyncio.Event) -> None:
        pause = ttl / 3
        while not await _over(ended, pause):
            try:
                is_kept = await self._client.eval(_TAKE, 1, key, token, int(ttl * 1000))
            except RedisError:
                pause = min(AGAIN, ttl / 3)
                continue
            if not is_kept:
                log.error("lease.lost", lease=key)
                return
            pause = ttl / 3

    def _key(self, name: str) -> str:
        return f"{self._prefix}:lease:{name}"


async def _over(ended: asyncio.Event, pause: float) -> bool:
    """Wait for the end, but not longer than a pause."""
    with suppress(TimeoutError):
        async with asyncio.timeout(pause):
            await ended.wait()
    return ended.is_set()
