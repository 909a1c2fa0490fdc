"""Which server a change was shown for, so that it is not made on another."""

from collections.abc import Mapping

from redis.asyncio import Redis

from bot.core.errors import TargetError
from bot.providers.redis.connection import info


class Changed(TargetError):
    """It is no longer as the change expects it; nothing was changed."""


async def identity(client: Redis) -> dict[str, str]:
    """Server and database; refuses the nodes of a cluster, which know only a part of the keys."""
    fields = await info(client, "server")
    if fields.get("redis_mode") == "cluster":
        raise TargetError("Refused: this Redis is one node of a cluster and knows only a part of the keys.")
    database = client.connection_pool.connection_kwargs.get("db") or 0
    return {"server": str(fields.get("run_id", "")), "database": str(database)}


async def require_same(client: Redis, state: Mapping[str, str]) -> None:
    """Refuse another server, a restarted one, or another database."""
    found = await identity(client)
    if any(found[name] != state.get(name) for name in found):
        raise Changed("This Redis was restarted or replaced after this was shown; nothing was done.")
