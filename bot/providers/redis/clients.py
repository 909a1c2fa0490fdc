"""How many connections it holds, and how many it may."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.redis.connection import LIMIT, Address, connected, info, number


async def _read(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        fields = await info(client, "clients")
    held, blocked = number(fields, "connected_clients"), number(fields, "blocked_clients")
    limit = fields.get("maxclients")
    percent = round(100 * held / limit, 1) if limit else None
    missing = None if limit else say("this Redis does not report `maxclients`")
    return Reading(
        _summary(held, limit, blocked),
        (
            Measurement("connected_clients", held),
            Measurement("limit", limit, missing=missing),
            Measurement("used_percent", percent, "%", missing),
            Measurement("blocked_clients", blocked),
        ),
    )


def _summary(held: float, limit: float | None, blocked: float) -> Text:
    if limit is None:
        return say("{held} clients connected, {blocked} of them waiting", held=held, blocked=blocked)
    return say(
        "{held} of {limit} clients connected, {blocked} of them waiting", held=held, limit=limit, blocked=blocked
    )


CLIENTS = Read("redis.clients", Address, Parameters, LIMIT, _read)
