"""Does it answer, and how fast."""

from statistics import median
from time import perf_counter
from typing import Final

from redis.asyncio import Redis

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.redis.connection import LIMIT, Address, ask, connected

_ROUNDS: Final = 5


async def _read(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        await ask(client, "PING")  # pays for the connection, so that the rounds below measure Redis alone
        latency = round(median([await _round_trip(client) for _ in range(_ROUNDS)]), 2)
    return Reading(say("answers in {latency} ms", latency=latency), (Measurement("latency_ms", latency, "ms"),))


async def _round_trip(client: Redis) -> float:
    begun = perf_counter()
    await ask(client, "PING")
    return (perf_counter() - begun) * 1000


PING = Read("redis.ping", Address, Parameters, LIMIT, _read)
