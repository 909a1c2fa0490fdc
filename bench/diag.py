"""How long a report of many checks takes when some of them hang, and what it costs on top of a plain client.

`python bench/diag.py` prints JSON: 100 checks against a server that answers after 200 ms, ten of which hang. The peers
are the slowest limit, and the plain client in a loop. Runs are shared through a Redis, as they are in production.
Everything is on loopback and ends by itself.
"""

import asyncio
import json
import resource
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from aiohttp import web

from bot.catalog.entries import Check, Limits, Target
from bot.catalog.load import load
from bot.catalog.system import Catalog
from bot.core.text import Words
from bot.flows import diagnose
from bot.flows.diagnose import Wanted
from bot.flows.findings import Findings
from bot.providers import operation
from bot.providers.reach import CatalogTargets
from bot.settings import HERE
from bot.store.connect import Client, connect
from bot.store.embedded import open_embedded
from bot.store.looks import RedisLooks

CHECKS, HANGING, SLOW, LIMIT = 100, 10, 0.2, 2.0
REPORTS, ALONE = 1000, 200


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@asynccontextmanager
async def server() -> AsyncIterator[str]:
    """Answers at once, after 200 ms, or never."""

    async def answer(request: web.Request) -> web.Response:
        await asyncio.sleep({"slow": SLOW, "hang": 30.0}.get(request.match_info["how"], 0.0))
        return web.json_response({"status": "ok"})

    app = web.Application()
    app.router.add_get("/{how}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def check(name: str, path: str) -> Check:
    return Check(
        name=name,
        system="bench",
        title=Words(name, name),
        group="bench",
        target="bench",
        operation="http.get",
        parameters={"path": path, "timeout_ms": 10_000},
        limit=timedelta(seconds=LIMIT),
        thresholds={"status": Limits(expect=200)},
    )


def opened(url: str, redis: Client) -> tuple[Any, Any]:
    """The diagnosis with nothing around it: a catalog of one target, and the parts that a report needs."""
    home = load(HERE / "catalog").home
    profile = home.profile.model_copy(update={"targets": {"bench": Target(provider="http", address={"url": url})}})
    system = home.model_copy(update={"id": "bench", "profile": profile, "checks": {}, "actions": {}})
    catalog = Catalog(systems={"bench": system})
    findings = Findings(CatalogTargets(catalog, {}), RedisLooks(redis, "{bench}"), Clock())
    return SimpleNamespace(findings=findings, clock=Clock(), catalog=catalog), system


async def many(ports: Any, system: Any) -> float:
    checks = tuple(check(f"c{number}", "/hang" if number < HANGING else "/slow") for number in range(CHECKS))
    began = time.perf_counter()
    report = await diagnose.run(ports, Wanted(system, "bench", checks, reader="U0ANA"))
    took = time.perf_counter() - began
    assert sum(finding.level == "ok" for finding in report.findings) == CHECKS - HANGING
    return took


async def alone(ports: Any, system: Any, url: str) -> tuple[float, float]:
    """Medians in milliseconds of one check and of the same request by the plain client, taken in turns."""
    one = Wanted(system, "bench", (check("one", "/now"),), reader="U0ANA")
    ours, plain = [], []
    async with httpx.AsyncClient(trust_env=False) as client:  # kept open, the hardest peer: ours connects each time
        for _ in range(ALONE):
            began = time.perf_counter()
            await diagnose.run(ports, one)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            await client.get(f"{url}/now")
            plain.append(time.perf_counter() - began)
    return 1000 * statistics.median(ours), 1000 * statistics.median(plain)


async def memory(ports: Any, system: Any) -> tuple[int, int]:
    """Peak memory in KiB after the first hundred reports and after all."""
    one = Wanted(system, "bench", (check("one", "/now"),), reader="U0ANA")
    early = 0
    for number in range(REPORTS):
        await diagnose.run(ports, one)
        if number == REPORTS // 10:
            early = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return early, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def main() -> None:
    operation("http.get")
    with tempfile.TemporaryDirectory(prefix="plantao-bench-") as folder:
        async with server() as url, open_embedded(Path(folder)) as embedded:
            redis = connect(embedded.url)
            ports, system = opened(url, redis)
            took = await many(ports, system)
            ours, plain = await alone(ports, system, url)
            early, late = await memory(ports, system)
            await redis.aclose()
    figures = {
        "checks": CHECKS,
        "hanging": HANGING,
        "slowest_limit_s": LIMIT,
        "wall_s": round(took, 3),
        "wall_over_limit": round(took / LIMIT, 3),
        "one_check_ms": round(ours, 2),
        "plain_client_ms": round(plain, 2),
        "on_top_ms": round(ours - plain, 2),
        "memory_kib_after_100": early,
        "memory_kib_after_1000": late,
    }
    print(json.dumps(figures, indent=2))


asyncio.run(main())
