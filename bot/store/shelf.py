"""Reports kept for their buttons: each for a day, under an id that nobody can guess."""

import secrets

import structlog
from redis.exceptions import RedisError

from bot.core import codec
from bot.core.report import Report
from bot.store.connect import Client

DAY = 24 * 3600

log = structlog.get_logger()


class RedisShelf:
    """Reports by id; losing one costs a button that says so, never a fact."""

    def __init__(self, client: Client, prefix: str) -> None:
        self._client = client
        self._prefix = prefix

    async def keep(self, report: Report) -> str:
        """Keep a report; an empty id when the store does not take it, since the answer itself must not wait for it."""
        id = secrets.token_urlsafe(12)
        try:
            await self._client.set(self._key(id), codec.dumps(report), ex=DAY)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("report.not_kept", error=type(error).__name__)
            return ""
        return id

    async def find(self, id: str) -> Report | None:
        """The report of this id, while it is kept."""
        raw = await self._client.get(self._key(id))
        found = codec.loads(raw) if raw else None
        return found if isinstance(found, Report) else None

    async def claim(self, id: str) -> bool:
        """Whether the caller is the first to share this report."""
        return bool(await self._client.set(f"{self._key(id)}:shared", "1", ex=DAY, nx=True))

    async def release(self, id: str) -> None:
        """Let it be shared again, because the post failed."""
        await self._client.delete(f"{self._key(id)}:shared")

    def _key(self, id: str) -> str:
        return f"{self._prefix}:report:{id}"
