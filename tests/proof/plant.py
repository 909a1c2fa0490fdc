"""The bot as web and worker processes beside a Slack, a Redis and a cluster with one deployment for each case."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import yaml

from bot.core.codec import loads
from bot.settings import HERE
from bot.store.connect import Client, connect
from bot.store.embedded import open_embedded
from sandbox import slack
from sandbox.transcript import words_of
from sandbox.world.kubernetes import OpenCluster, open_cluster
from sandbox.world.kubernetes.store import Store
from sandbox.world.seed import NAMESPACE, seed, seed_workload
from tests.people import Somebody
from tests.processes import Child, Processes, processes
from tests.proof.gate import Gate, Trap, gated

PREFIX = "{plantao}"
PATIENCE = 120.0
BEFORE, AFTER = 3, 4
_AGE = timedelta(days=1)


class Plant:
    """What a test does and sees."""

    def __init__(
        self, stack: AsyncExitStack, workspace: slack.Sandbox, cluster: OpenCluster, bots: Processes, redis: Client
    ) -> None:
        self.workspace = workspace
        self.cluster = cluster.cluster
        self.bots = bots
        self.redis = redis
        self.trap = Trap()
        self.client = httpx.AsyncClient(base_url=workspace.url, timeout=60, trust_env=False)
        self._stack = stack
        self._kubernetes = cluster.url
        self._socket = unquote(urlsplit(bots.environ["REDIS_URL"]).path)

    async def worker(self) -> Child:
        """A worker that reaches Redis and the cluster through gates, so that it can be killed at a step."""
        held: list[Child] = []
        gates: list[Gate] = []

        def kill() -> None:
            held[0].process.kill()
            for gate in gates:
                gate.cut()

        cluster = urlsplit(self._kubernetes)
        to_redis = partial(asyncio.open_unix_connection, self._socket)
        to_cluster = partial(asyncio.open_connection, cluster.hostname, cluster.port)
        for dial in (to_redis, to_cluster):
            gates.append(await self._stack.enter_async_context(gated(self.trap, dial, kill)))
        redis, kubernetes = (f"127.0.0.1:{gate.port}" for gate in gates)
        environ = {"REDIS_URL": f"redis://{redis}", "CLUSTER": f"http://{kubernetes}"}
        held.append(await self.bots.start("worker", **environ))
        return held[0]

    async def command(self, who: Somebody, text: str) -> str:
        body = {"user": who.name, "channel": "incidents", "text": text}
        answer = (await self.client.post("/control/command", json=body)).json()
        assert answer["error"] is None, answer
        return str(answer["ack"])

    async def click(self, who: Somebody, ts: str, action: str) -> dict[str, Any]:
        body = {"user": who.name, "channel": "incidents", "ts": ts, "action_id": action}
        answer: dict[str, Any] = (await self.client.post("/control/click", json=body)).json()
        return answer

    async def card(self, number: str) -> dict[str, Any] | None:
        """The message of a run."""
        state = await self._state()
        tops = (m for m in self._messages(state) if m.get("thread_ts", m["ts"]) == m["ts"])
        return next((m for m in tops if re.search(rf"{number}\b", words_of(m, state))), None)

    async def thread(self, number: str) -> list[str]:
        """The replies under the card of a run."""
        state, head = await self._state(), await self.card(number)
        assert head is not None
        replies = (m for m in self._messages(state) if m.get("thread_ts") == head["ts"] != m["ts"])
        return [words_of(m, state) for m in replies]

    async def propose(self, who: Somebody, names: Sequence[str]) -> dict[str, str]:
        """Propose these actions, each once the card of the one before is there; the number of each run by its action.

        All at once right after the start, a busy machine takes longer than a proposal may.
        """
        runs: dict[str, str] = {}
        for number, name in ((f"RUN-{n}", name) for n, name in enumerate(names, start=1)):
            told = await self.command(who, f"/run {name}")

            async def proposed(number: str = number) -> bool:
                return bool(await self.facts(number) and await self.card(number))

            await self.until(proposed, told=told)
            assert (await self.facts(number))[0].action == name
            runs[name] = number
        return runs

    async def facts(self, number: str) -> list[Any]:
        """What the record says about a run."""
        entries = await self.redis.xrange(f"{PREFIX}:stream:{number}")
        return [loads(loads(fields[b"e"])["body"])["fact"] for _, fields in entries]

    async def leases(self) -> list[bytes]:
        return [key async for key in self.redis.scan_iter(f"{PREFIX}:lease:target:*")]

    def writes(self, name: str) -> int:
        """How often the cluster stored a change of this deployment."""
        return self.cluster.patches()[name]

    async def until(self, look: Any, told: str = "") -> Any:
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not (found := await look()):
            assert asyncio.get_running_loop().time() < deadline, await self._in_vain(told)
            await asyncio.sleep(0.05)
        return found

    async def _in_vain(self, told: str) -> str:
        """What a person and the logs of the processes were told meanwhile."""
        logs = (child.log.read_text()[-1000:] for child in self.bots.children)
        return "\n".join((told, str((await self._state())["ephemerals"]), *logs))

    async def _state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self.client.get("/control/state")).json()
        return state

    def _messages(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        [channel] = [channel for channel in state["channels"] if channel["name"] == "incidents"]
        messages: list[dict[str, Any]] = channel["messages"]
        return messages


@asynccontextmanager
async def open_plant(folder: Path, names: Sequence[str]) -> AsyncIterator[Plant]:
    """Everything but the processes, which the test starts; one deployment, target and action for each name."""
    manifest = yaml.safe_load((HERE / "manifest.yml").read_text(encoding="utf-8"))
    write_catalog(folder / "catalog" / "plant", names)

    def seed_all(store: Store) -> None:
        seed(store)
        for name in names:
            seed_workload(store, name, BEFORE, ((f"{name}:1", "release 1", _AGE),))

    async with AsyncExitStack() as stack:
        workspace = await stack.enter_async_context(slack.serve(manifest=manifest, strict_rates=False))
        cluster = await stack.enter_async_context(open_cluster(NAMESPACE, seed_all, 0.1))
        record = await stack.enter_async_context(open_embedded(folder / "record"))
        environ = {
            "SLACK_BOT_TOKEN": workspace.app.bot_token,
            "SLACK_APP_TOKEN": workspace.app.app_token,
            "SLACK_API_URL": f"{workspace.url}/api/",
            "REDIS_URL": record.url,
            "PLANTAO_CATALOG": str(folder / "catalog"),
            "CLUSTER": cluster.url,
            **{token_of(name): cluster.token for name in names},
        }
        redis = connect(record.url)
        stack.push_async_callback(redis.aclose)
        bots = await stack.enter_async_context(processes(folder, environ))
        plant = Plant(stack, workspace, cluster, bots, redis)
        stack.push_async_callback(plant.client.aclose)
        yield plant


def token_of(name: str) -> str:
    """A variable of its own for each target: runs on one address wait for each other."""
    return f"TOKEN_OF_{name.replace('-', '_').upper()}"


def write_catalog(folder: Path, names: Sequence[str]) -> None:
    """A system with an action for each deployment: four pods instead of three, verified by counting them."""
    folder.mkdir(parents=True)
    home = yaml.safe_load((HERE / "catalog" / "agente-ia" / "system.yml").read_text(encoding="utf-8"))
    address = {"server": "env:CLUSTER", "namespace": NAMESPACE}
    targets = {
        name: {"provider": "kubernetes", "address": address | {"token": f"env:{token_of(name)}"}} for name in names
    }
    system = {**home, "language": "en", "targets": targets}
    checks = {
        f"pods-of-{name}": {
            "title": {"en": name, "pt": name},
            "group": "kubernetes",
            "target": name,
            "operation": "kubernetes.deployment",
            "parameters": {"name": name},
            "thresholds": {"ready": {"expect": AFTER}},
        }
        for name in names
    }
    actions = {
        name: {
            "title": {"en": f"Scale {name}", "pt": f"Escalar {name}"},
            "target": name,
            "operation": "kubernetes.scale",
            "parameters": {"name": name, "replicas": AFTER},
            "risk": "medium",
            "approve": {"roles": ["approver", "responder"]},
            "verify": [f"pods-of-{name}"],
            "verify_within": "3s",
            "undo": {"en": "back to three", "pt": "de volta a três"},
        }
        for name in names
    }
    for file, content in {"system": system, "checks": {"checks": checks}, "actions": {"actions": actions}}.items():
        (folder / f"{file}.yml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
