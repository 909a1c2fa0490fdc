"""What Slack was already told, per stream: which message is the headline, and up to which event the thread goes.

This is delivery state, not record: losing it costs a doubled post, never a lost fact.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from redis.exceptions import RedisError

from bot.core.errors import NothingRecorded
from bot.store.connect import Client


class RedisMarks:
    """A small hash per stream, kept as long as the stream; raises NothingRecorded when Redis does not answer."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def get(self, stream: str) -> dict[str, str]:
        """All marks of a stream."""
        async with _silence():
            raw = await self._client.hgetall(f"{self._prefix}:told:{stream}")
        return {name.decode(): value.decode() for name, value in raw.items()}

    async def set(self, stream: str, **marks: str) -> None:
        """Set some marks of a stream."""
        async with _silence():
            await self._client.hset(f"{self._prefix}:told:{stream}", mapping=marks)


@asynccontextmanager
async def _silence() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, OSError, TimeoutError) as error:
        raise NothingRecorded(f"what was told is not known: {type(error).__name__}") from error
