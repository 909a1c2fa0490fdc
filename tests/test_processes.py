"""Several processes on one Redis, and what a crash leaves behind."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from bot.core import run
from bot.core.codec import loads
from bot.settings import HERE
from bot.store.connect import connect
from bot.store.embedded import find_binary, open_embedded
from sandbox import slack
from sandbox.demo import environment
from sandbox.transcript import words_of
from sandbox.world import World, open_world
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, Somebody
from tests.processes import Processes, processes

pytestmark = pytest.mark.timeout(500)


class Site:
    """A sandbox and a world, with the bot's processes beside them."""

    def __init__(self, workspace: slack.Sandbox, world: World, bots: Processes, client: httpx.AsyncClient) -> None:
        self.workspace = workspace
        self.world = world
        self.bots = bots
        self.client = client

    async def command(self, who: Somebody, text: str) -> str:
        body = {"user": who.name, "channel": "incidents", "text": text}
        answer = (await self.client.post("/control/command", json=body)).json()
        return str(answer["ack"]) if answer["error"] is None else f"Slack: {answer['error']}"

    async def click(self, who: Somebody, ts: str, action: str) -> None:
        body = {"user": who.name, "channel": "incidents", "ts": ts, "action_id": action}
        assert (await self.client.post("/control/click", json=body)).status_code == 200

    async def tops(self) -> dict[str, str]:
        """The words of each top-level message in #incidents, by ts."""
        state = (await self.client.get("/control/state")).json()
        [channel] = [channel for channel in state["channels"] if channel["name"] == "incidents"]
        tops = [m for m in channel["messages"] if m.get("thread_ts", m["ts"]) == m["ts"]]
        return {m["ts"]: words_of(m, state) for m in tops}

    async def sockets(self) -> int:
        return int((await self.client.get("/control/state")).json()["app"]["sockets"])

    async def until(self, look, patience: float = 120.0):  # type: ignore[no-untyped-def]
        deadline = asyncio.get_running_loop().time() + patience
        while not (found := await look()):
            logs = "\n".join(child.log.read_text()[-1500:] for child in self.bots.children)
            assert asyncio.get_running_loop().time() < deadline, f"in vain: {await self.tops()}\n{logs}"
            await asyncio.sleep(0.05)
        return found


@asynccontextmanager
async def open_site(folder: Path, data: Path, *, pace: float, redis_url: str = "") -> AsyncIterator[Site]:
    manifest = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    async with slack.serve(manifest=manifest) as workspace, open_world(redis_binary=find_binary(), pace=pace) as world:
        environ = {
            "SLACK_BOT_TOKEN": workspace.app.bot_token,
            "SLACK_APP_TOKEN": workspace.app.app_token,
            "SLACK_API_URL": f"{workspace.url}/api/",
            "REDIS_URL": redis_url,
            "PLANTAO_DATA": str(data),
            **environment(world),
        }
        async with (
            processes(folder, environ) as bots,
            httpx.AsyncClient(base_url=workspace.url, timeout=60, trust_env=False) as client,
        ):
            yield Site(workspace, world, bots, client)


async def test_two_web_processes_and_two_workers_post_and_execute_everything_once(tmp_path: Path, data: Path) -> None:
    async with open_embedded(data) as redis, open_site(tmp_path, data, pace=0.1, redis_url=redis.url) as site:
        webs = [await site.bots.start("run", "--web") for _ in range(2)]
        workers = [await site.bots.start("worker") for _ in range(2)]
        for child, word in zip([*webs, *workers], ["bot.ready"] * 2 + ["worker.ready"] * 2, strict=True):
            await child.ready(word)
        assert await site.sockets() == 2
        said = await asyncio.gather(
            *(site.command(NEXT_ON_CALL, f"/incident declare P3 number {n}") for n in range(12))
        )
        assert all("declared" in words for words in said)

        async def all_posted() -> bool:
            return len(await site.tops()) == 12

        await site.until(all_posted)
        await _roll_back(site)

        async def verified() -> bool:
            return any("executada e verificada" in words for words in (await site.tops()).values())

        await site.until(verified)
        tops = list((await site.tops()).values())
        assert len(tops) == 13
        assert all(sum(f"INC-{n} ·" in words for words in tops) == 1 for n in range(1, 13))
        assert site.world.state()["deployments"]["agente-api"]["patches"] == 1
        assert [await child.stop() for child in [*webs, *workers]] == [0, 0, 0, 0]


async def test_a_worker_killed_in_the_middle_of_a_run_never_runs_it_twice(tmp_path: Path, data: Path) -> None:
    async with open_embedded(data) as redis, open_site(tmp_path, data, pace=2, redis_url=redis.url) as site:
        web = await site.bots.start("run", "--web")
        worker = await site.bots.start("worker")
        await web.ready("bot.ready")
        await worker.ready("worker.ready")
        await _roll_back(site)

        async def patched() -> bool:
            return bool(site.world.state()["deployments"]["agente-api"]["patches"] == 1)

        await site.until(patched)
        await worker.kill()
        await (await site.bots.start("worker")).ready("worker.ready")

        async def ended() -> bool:
            return any(isinstance(fact, run.Verified | run.Unverified) for fact in await _facts(redis.url, "RUN-1"))

        await site.until(ended)
        facts = [type(fact).__name__ for fact in await _facts(redis.url, "RUN-1")]
        assert facts.count("Started") == 1
        assert facts.count("Interrupted") == 1
        assert site.world.state()["deployments"]["agente-api"]["patches"] == 1

        async def told() -> bool:
            state = (await site.client.get("/control/state")).json()
            texts = [m["text"] for channel in state["channels"] for m in channel["messages"]]
            return any("nterromp" in text for text in texts)

        await site.until(told)


async def test_the_embedded_record_survives_kill_9_of_the_bot_and_refuses_a_second_one(
    tmp_path: Path, data: Path
) -> None:
    async with open_site(tmp_path, data, pace=0.1) as site:
        bot = await site.bots.start("run")
        await bot.ready("bot.ready")
        assert "INC-1 declared" in await site.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
        second = await site.bots.start("run")
        assert await asyncio.wait_for(second.process.wait(), 120) == 2
        assert str(data) in second.log.read_text()
        await bot.kill()
        again = await site.bots.start("run")
        await again.ready("bot.ready")
        assert "INC-1" in await site.command(ON_CALL, "/incident list")
        assert await again.stop() == 0
        assert not _redis_alive(data)


async def _roll_back(site: Site) -> None:
    await site.command(ON_CALL, "/rollback agente-api")

    async def card() -> str | None:
        return next((ts for ts, words in (await site.tops()).items() if "RUN-1" in words), None)

    ts = await site.until(card)
    await site.click(APPROVER, ts, "run:approve")


async def _facts(url: str, stream: str) -> list[object]:
    client = connect(url)
    try:
        entries = await client.xrange(f"{{plantao}}:stream:{stream}")
        return [loads(loads(fields[b"e"])["body"])["fact"] for _, fields in entries]
    finally:
        await client.aclose()


def _redis_alive(folder: Path) -> bool:
    try:
        os.kill(int((folder / "redis.pid").read_text()), 0)
    except (FileNotFoundError, ProcessLookupError):
        return False
    return True
