"""What `/diag all` costs beside its targets: all checks of a system at once, in the demo's world with long logs.

`python bench/diag_all.py [system]` prints JSON: a cold report and two warm ones. The world has its own process.
`criticals` are false, since everything is well: a check that is late because of us tells an untruth.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from bot.catalog.load import load
from bot.core.findings import Finding, Level
from bot.flows import diagnose
from bot.flows.diagnose import Wanted
from bot.flows.findings import Findings
from bot.providers import preload
from bot.providers.reach import CatalogTargets
from bot.settings import HERE
from bot.store.embedded import find_binary
from bot.wiring import operations_of
from sandbox.environment import environment
from sandbox.world import open_world

WORLD = "world"
LINES, ROUNDS, TICK = 3500, 3, 0.005
SPOKEN = (
    "INFO request id={n:016x} GET /api/v1/conversations/{n} 200 in {n} ms from 203.0.113.{part}",
    "ERROR OpenAI API Error 429: Rate limit reached for gpt-4o on tokens per min: Limit 30000, Used {n}",
    '198.51.100.{part} - - [21/Nov/2026:18:00:00 +0000] "POST /login HTTP/1.1" 401 512 "-" "Mozilla/5.0 (X11; Linux)"',
    "WARN pool exhausted waiting for connection worker={part} elapsed={n}ms",
)


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Alone:
    """Nobody asks for the same."""

    async def begin(self, check: str, reader: str, limit: float) -> str:
        return reader

    async def tell(self, check: str, run: str, finding: Finding) -> None:
        return

    async def wait(self, check: str, limit: float) -> Finding | None:
        return None


async def world() -> None:
    """The world, until the other side closes the pipe."""
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        lines = [SPOKEN[number % len(SPOKEN)].format(n=number, part=number % 250) for number in range(LINES)]
        await opened.control({"logs": {"agente-api": lines}})
        sys.stdout.write(json.dumps(environment(opened)) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


@contextmanager
def neighbour() -> Iterator[dict[str, str]]:
    """The world in its own process; the variables that lead to it."""
    command = [sys.executable, __file__, WORLD]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.stdin.close()


async def lagging(worst: list[float]) -> None:
    """How long the loop kept somebody waiting whose turn it was."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(TICK)
        worst[0] = max(worst[0], time.perf_counter() - began - TICK)


async def report(ports: Any, system: Any) -> dict[str, float]:
    worst = [0.0]
    watch = asyncio.create_task(lagging(worst))
    cpu, loop, began = time.process_time(), time.thread_time(), time.perf_counter()
    findings = (await diagnose.run(ports, Wanted(system, "all", tuple(system.checks.values())))).findings
    took = sorted(finding.took for finding in findings)
    figures = {
        "wall_s": time.perf_counter() - began,
        "cpu_s": time.process_time() - cpu,
        "cpu_of_the_loop_s": time.thread_time() - loop,
        "worst_lag_s": worst[0],
        "median_check_s": took[len(took) // 2],
        "checks": len(findings),
        "criticals": sum(finding.level is Level.CRIT for finding in findings),
    }
    watch.cancel()
    return {name: round(value, 3) for name, value in figures.items()}


async def main(name: str) -> None:
    catalog = load(HERE / "catalog")
    await preload(sorted(operations_of(catalog)))
    with neighbour() as environ:
        targets = CatalogTargets(catalog, environ)
        findings = Findings(targets, Alone(), Clock())
        ports = SimpleNamespace(findings=findings, clock=Clock(), catalog=catalog, restricted={})
        rounds = [await report(ports, catalog.systems[name]) for _ in range(ROUNDS)]
    print(json.dumps({"system": name, "cold": rounds[0], "warm": rounds[1:]}, indent=2))


if __name__ == "__main__":
    argument = sys.argv[1] if len(sys.argv) > 1 else "agente-ia"
    asyncio.run(world() if argument == WORLD else main(argument))
