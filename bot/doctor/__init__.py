"""`plantao doctor`: looks at everything the bot stands on, and says what to do. It changes and posts nothing."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence

from docket import Docket
from redis.exceptions import RedisError

from bot.catalog.load import load
from bot.catalog.system import System
from bot.core.errors import ConfigError
from bot.doctor.record import examine_jobs, examine_record
from bot.doctor.targets import examine_independence, examine_targets
from bot.doctor.verdict import Verdict, fail, ok
from bot.doctor.workspace import examine_workspace
from bot.logs import configure
from bot.settings import Settings, read_settings
from bot.slack import scopes
from bot.store.connect import connect
from bot.store.visit import visited
from bot.wiring import Parts

ANSWER_LIMIT = 2.0  # seconds for each answer of the record
SILENCE = (RedisError, OSError, TimeoutError)
UNREACHABLE = "See that Redis runs, that this machine may reach it, and that REDIS_URL is right."


async def main() -> int:
    """Examine, print a line for each thing, and give back the exit code; raises ConfigError on wrong settings."""
    settings = read_settings()
    configure("error")
    counts = {"ok": 0, "warn": 0, "fail": 0}
    async for verdict in examine(settings, Parts().environ):
        counts[verdict.level] += 1
        sys.stdout.write(f"{verdict}\n")
        sys.stdout.flush()
    sys.stdout.write(f"\n{', '.join(f'{number} {level}' for level, number in counts.items())}\n")
    return 1 if counts["fail"] else 0


async def examine(settings: Settings, environ: Mapping[str, str]) -> AsyncIterator[Verdict]:
    """Everything, from what stops the bot to what only hinders it; what cannot be reached does not stop the rest."""
    systems: Sequence[System] = ()
    try:
        systems = tuple(load(settings.plantao_catalog).systems.values())
        yield ok("catalog", f"{len(systems)} read: {', '.join(system.id for system in systems)}")
    except ConfigError as error:
        yield fail("catalog", str(error), "`plantao check` tells everything that is wrong with it.")
    for verdict in await examine_workspace(settings, systems, scopes.needed(), environ):
        yield verdict
    for verdict in await _record(settings, systems, environ):
        yield verdict
    for verdict in await examine_targets(systems, environ):
        yield verdict


async def _record(settings: Settings, systems: Sequence[System], environ: Mapping[str, str]) -> list[Verdict]:
    url = settings.redis_url.get_secret_value() if settings.redis_url else None
    try:
        async with visited(url, settings.plantao_data) as address:
            server = await _server(address, systems, environ)
            return [*server, *await _jobs(address, f"{settings.plantao_prefix}-jobs")]
    except ConfigError as error:
        return [
            fail("record.reachable", str(error), "An address is redis://user:password@host:6379/0, percent-encoded.")
        ]
    except SILENCE as error:
        return [fail("record.reachable", f"Redis does not answer: {type(error).__name__}", UNREACHABLE)]


async def _server(address: str, systems: Sequence[System], environ: Mapping[str, str]) -> list[Verdict]:
    client = connect(address, timeout=ANSWER_LIMIT)
    try:
        return [*await examine_record(client), *await examine_independence(client, systems, environ)]
    finally:
        await client.aclose()


async def _jobs(address: str, name: str) -> list[Verdict]:
    try:
        async with Docket(name, address) as docket:
            return await examine_jobs(docket)
    except SILENCE as error:
        # Seen on a replica: even looking at the workers tidies up, which is a write.
        return [fail("jobs.workers", f"cannot be looked at: {type(error).__name__}", "Look at the lines about Redis.")]
