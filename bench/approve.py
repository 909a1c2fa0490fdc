"""How soon an approved run starts, and whether a thousand runs at once are each carried out once.

`python bench/approve.py` prints JSON: milliseconds from a click to the recorded claim of a worker, beside those in
which a bare Bolt listener acknowledges the same click, taken in turns; then runs in flight over a few targets with
four workers, each of which deletes one key of a Redis that counts. Everything is on loopback and ends by itself.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from ack import BARE, percentiles, process
from plant import PREFIX, Slack, Watch, write_catalog

from bot.core import codec
from bot.settings import HERE
from bot.store.connect import Client, connect
from bot.store.embedded import open_embedded
from sandbox import slack

WORKERS, TARGETS = 4, 100
AT_ONCE = 16
AIM_MS = 50
TYPED_AGAIN_AFTER = 10.0
ENDS = {b"run.verified", b"run.unverified", b"run.refused", b"run.failed", b"run.interrupted"}
BARE_PORT, BOT_PORT = 18473, 18474


@dataclass
class Bench:
    """A bot of one web process and four workers, a bare app, and the Redis on which the bot works."""

    slack: Slack
    bare: str
    bot: str
    record: Client
    patient: Client
    watch: Watch
    runs: int = 0
    proposed: set[int] = field(default_factory=set)

    async def propose(self, count: int) -> list[str]:
        """So many runs, each on a key of its own; what their buttons carry."""
        first = self.runs
        await self.patient.mset({f"bench:{number}": "x" for number in range(first, first + count)})
        for batch in range(first, first + count, AT_ONCE):
            numbers = range(batch, min(batch + AT_ONCE, first + count))
            self.runs += len(numbers)
            while missing := [number for number in numbers if number not in self.proposed]:
                # Somebody who was told that nothing was recorded types it again.
                await at_once([self._proposed(number) for number in missing])
                await self.watch.until({b"run.proposed"}, self.runs, TYPED_AGAIN_AFTER)
                self.proposed |= await self._recorded()
        return [await self._value(f"RUN-{number + 1}") for number in range(first, first + count)]

    async def _proposed(self, number: int) -> None:
        await self.slack.command(self.bot, f"/run delete-{number % TARGETS} key=bench:{number}")

    async def _recorded(self) -> set[int]:
        """The numbers of the keys that a run is recorded for."""
        rows = (await self.record.hgetall(f"{PREFIX}:rows:RUN")).values()
        return {int(codec.loads(row).proposal.given["key"].partition(":")[2]) for row in rows}

    async def _value(self, run: str) -> str:
        row = codec.loads(await self.record.hget(f"{PREFIX}:rows:RUN", run))
        return f"{run}:{row.proposal.preview.fingerprint}"

    async def deleted(self) -> int:
        """How often a key was deleted, as the patient counted it."""
        return int((await self.patient.info("commandstats")).get("cmdstat_unlink", {"calls": 0})["calls"])


async def at_once(jobs: list[Any]) -> list[Any]:
    """All of them, a few at a time."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(job: Any) -> Any:
        async with slots:
            return await job

    return list(await asyncio.gather(*(one(job) for job in jobs)))


async def click_to_start(bench: Bench, clicks: int) -> dict[str, Any]:
    """One click after the other, on the bare app and on the bot in turns."""
    values = await bench.propose(clicks)
    bare, acknowledged, started = [], [], []
    for value in values:
        bare.append(-(await bench.slack.approve(bench.bare, value)) + time.time())
        clicked = await bench.slack.approve(bench.bot, value)
        acknowledged.append(time.time() - clicked)
        run = value.partition(":")[0].encode()
        await bench.watch.until(ENDS, len(started) + 1)
        started.append((bench.watch.moment(run, {b"run.started"}) or float("inf")) - clicked)
    median = round(statistics.median(started) * 1000, 1)
    return {
        "clicks": clicks,
        "bare_bolt_acknowledged": percentiles(bare),
        "acknowledged": percentiles(acknowledged),
        "started": percentiles(started),
        "median_over_bare": round(statistics.median(started) / statistics.median(bare), 2),
        "aim_ms": AIM_MS,
        "aim_is_met": median <= AIM_MS,
    }


async def in_flight(bench: Bench, runs: int) -> dict[str, Any]:
    """All approved before most have begun; then wait until the last has ended."""
    before, deleted = bench.runs, await bench.deleted()
    values = await bench.propose(runs)
    began = time.time()
    await at_once([bench.slack.approve(bench.bot, value) for value in values])
    clicked = time.time() - began
    await bench.watch.until(ENDS, before + runs)
    mine = {f"RUN-{before + number + 1}".encode() for number in range(runs)}
    facts = Counter(kind.decode() for run in mine for kind, _ in bench.watch.stored[run])
    last = max(at for run in mine for _, at in bench.watch.stored[run])
    executed = await bench.deleted() - deleted
    return {
        "runs": runs,
        "workers": WORKERS,
        "targets": TARGETS,
        "all_clicked_s": round(clicked, 1),
        "all_ended_s": round(last - began, 1),
        "facts": dict(sorted(facts.items())),
        "executed": executed,
        "doubled": max(0, executed - runs) + facts["run.started"] - len(mine),
        "lost": runs - executed,
    }


@asynccontextmanager
async def worker(environ: Mapping[str, str]) -> AsyncIterator[None]:
    """A worker in its own process."""
    env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), **environ}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "worker", env=env)
    try:
        yield
    finally:
        child.kill()  # what it still has to tell Slack matters to nobody
        await child.wait()


async def at_work(session: aiohttp.ClientSession, url: str) -> None:
    """Wait until all workers have shown themselves."""
    for _ in range(600):
        async with session.get(url.replace("/slack/events", "/health")) as answer:
            if (await answer.json())["workers"] == WORKERS:
                return
        await asyncio.sleep(0.1)
    raise RuntimeError("the workers did not start")


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Bench]:
    """Everything started; the record and the patient are two servers."""
    manifest = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    write_catalog(folder / "catalog" / "bench", TARGETS)
    async with AsyncExitStack() as stack:
        workspace = await stack.enter_async_context(slack.serve(manifest=manifest, strict_rates=False))
        record = await stack.enter_async_context(open_embedded(folder / "record"))
        patient = await stack.enter_async_context(open_embedded(folder / "patient"))
        environ = {
            "SLACK_BOT_TOKEN": workspace.app.bot_token,
            "SLACK_SIGNING_SECRET": workspace.app.signing_secret,
            "SLACK_API_URL": f"{workspace.url}/api/",
            "REDIS_URL": record.url,
            "PLANTAO_CATALOG": str(folder / "catalog"),
            **{f"PATIENT_{number}": patient.url for number in range(TARGETS)},
            "LOG_LEVEL": "error",
        }
        bare = await stack.enter_async_context(process([str(BARE)], environ, BARE_PORT))
        bot = await stack.enter_async_context(process(["-m", "bot", "run", "--web"], environ, BOT_PORT))
        for _ in range(WORKERS):
            await stack.enter_async_context(worker(environ))
        clients = [connect(url, timeout=10) for url in (record.url, patient.url)]
        for client in clients:
            stack.push_async_callback(client.aclose)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
        sender = Slack(session, workspace.app.signing_secret, workspace.workspace.team.id)
        await at_work(session, bot)
        yield Bench(sender, bare, bot, clients[0], clients[1], Watch(clients[0]))


async def main(clicks: int, runs: int) -> dict[str, Any]:
    """Both measurements, one after the other, on the same processes."""
    with tempfile.TemporaryDirectory(prefix="plantao-bench-") as folder:
        async with opened(Path(folder)) as bench:
            return {"click_to_start": await click_to_start(bench, clicks), "in_flight": await in_flight(bench, runs)}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clicks", type=int, default=100, help="clicks one after the other (100)")
    parser.add_argument("--runs", type=int, default=1000, help="runs in flight (1000)")
    options = parser.parse_args()
    print(json.dumps(asyncio.run(main(options.clicks, options.runs)), indent=2))
