"""Whether the cache does its work: hits, and keys thrown out before their time."""

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.redis.connection import LIMIT, Address, connected, info, number


async def _read_hit_rate(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        fields = await info(client, "stats")
    hits, misses = number(fields, "keyspace_hits"), number(fields, "keyspace_misses")
    counts = (Measurement("hits", hits), Measurement("misses", misses))
    if not hits + misses:
        no_traffic = say("no key has been looked up since the counters began")
        return Reading(no_traffic, (Measurement("hit_rate_percent", None, "%", no_traffic), *counts))
    rate = round(100 * hits / (hits + misses), 1)
    return Reading(
        say("{rate}% of {lookups} lookups found their key", rate=rate, lookups=hits + misses),
        (Measurement("hit_rate_percent", rate, "%"), *counts),
    )


async def _read_evictions(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        stats = await info(client, "stats")
        server = await info(client, "server")
    evicted = number(stats, "evicted_keys")
    rejected = number(stats, "rejected_connections")
    # A server younger than a minute has no rate per minute yet; counting it as one minute keeps the figure sober.
    per_minute = round(evicted / max(number(server, "uptime_in_seconds") / 60, 1), 2)
    return Reading(
        say(
            "{evicted} keys evicted since start ({per_minute} a minute on average), {rejected} connections rejected",
            evicted=evicted,
            per_minute=per_minute,
            rejected=rejected,
        ),
        (
            Measurement("evicted_keys", evicted),
            Measurement("evicted_per_minute", per_minute, "1/min"),
            Measurement("rejected_connections", rejected),
            Measurement("expired_keys", number(stats, "expired_keys")),
        ),
    )


HIT_RATE = Read("redis.hit_rate", Address, Parameters, LIMIT, _read_hit_rate)
EVICTIONS = Read("redis.evictions", Address, Parameters, LIMIT, _read_evictions)
