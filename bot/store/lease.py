"""Leases: one holder at a time, for a limited time, known by name."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from redis.exceptions import RedisError

from bot.core.errors import Conflict
from bot.store.connect import Client

# Taking it a second time succeeds: the client asks again when an answer got lost on its way.
_TAKE = (
    "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] "
    "then return 1 end return 0"
)
_RENEW = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('PEXPIRE', KEYS[1], ARGV[2]) end return 0"
_RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
POLL = 0.05


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
        renewal = asyncio.create_task(self._renew(key, token, ttl))
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(RedisError):  # it ends by itself after `ttl`
                await self._client.eval(_RELEASE, 1, key, token)

    async def holder(self, name: str) -> str:
        """On whose behalf a lease is held now; empty when it is free."""
        token: bytes = await self._client.get(self._key(name)) or b""
        return token.decode().rpartition(":")[0]

    async def _take(self, key: str, token: str, ttl: float, wait: float) -> None:
        deadline = asyncio.get_running_loop().time() + wait
        while not await self._client.eval(_TAKE, 1, key, token, int(ttl * 1000)):
            if asyncio.get_running_loop().time() >= deadline:
                raise Conflict(key, 0)
            await asyncio.sleep(POLL)

    async def _renew(self, key: str, token: str, ttl: float) -> None:
        while True:
            await asyncio.sleep(ttl / 3)
            with suppress(RedisError):  # the next round tries again, well before the lease ends
                await self._client.eval(_RENEW, 1, key, token, int(ttl * 1000))

    def _key(self, name: str) -> str:
        return f"{self._prefix}:lease:{name}"
