"""The Docker actions of catalog/customer-support as they are written, on a real engine beside a MongoDB and a host."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from changes import silent
from docker_engine import DockerEngine
from ssh_server import SshServer, serving
from vendor_changes import lines_of, said

from bot.catalog.entries import Action, Target
from bot.catalog.load import load_system
from bot.catalog.system import Catalog, System
from bot.core.errors import TargetError
from bot.core.preview import Preview
from bot.flows.findings import Findings
from bot.flows.ports import Looks, Ports
from bot.flows.remediate import read_preview
from bot.providers.reach import CatalogTargets
from bot.wiring import SystemClock
from sandbox.world.mongodb import Mongo, open_mongodb

pytest_plugins = ["docker_fixtures"]
API = "customer-support-api"
POOL = "MONGODB_MAX_POOL_SIZE"
SYSTEM = load_system(Path(__file__).parents[2] / "catalog" / "customer-support")


@dataclass
class Here:
    """The engine, the MongoDB and the way to them from the catalog."""

    engine: DockerEngine
    mongo: Mongo
    ports: Ports

    async def preview(self, action: str | Action, **given: str) -> Preview:
        return await read_preview(self.ports, SYSTEM.actions[action] if isinstance(action, str) else action, given)

    async def execute(self, action: str | Action, shown: Preview) -> str:
        found = SYSTEM.actions[action] if isinstance(action, str) else action
        return said(await self.ports.targets.execute(found, shown.arguments, shown, silent))

    async def refused(self, action: str | Action, **given: str) -> str:
        with pytest.raises(TargetError) as caught:
            await self.preview(action, **given)
        return said(caught.value.text)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine") as server:
        yield server


def with_machine(server: SshServer) -> System:
    """The system, its machine at the address of the test's."""
    address = {key: str(value) if key != "port" else server.port for key, value in server.address().items()}
    targets = {**SYSTEM.profile.targets, "machine": Target(provider="host", address=address)}
    return SYSTEM.model_copy(update={"profile": SYSTEM.profile.model_copy(update={"targets": targets})})


@pytest.fixture
async def here(engine: DockerEngine, server: SshServer) -> AsyncIterator[Here]:
    async with open_mongodb() as mongo:
        environ = {
            "SUPPORT_DOCKER_SOCKET": engine.socket,
            "SUPPORT_MONGODB_URL": mongo.url,
            "SUPPORT_MONGODB_DATABASE": "support",
        }
        catalog = Catalog(systems={SYSTEM.id: with_machine(server)})
        targets, clock = CatalogTargets(catalog, environ), SystemClock()
        findings = Findings(targets, cast(Looks, None), clock)  # nobody to share a look with
        yield Here(engine, mongo, cast(Ports, SimpleNamespace(catalog=catalog, targets=targets, findings=findings)))
    for name in engine.names():
        engine.remove(name)


async def test_a_pool_is_counted_once_for_each_container_and_stays_below_the_limit_of_the_server(here: Here) -> None:
    for name in (API, f"{API}-2"):
        here.engine.run(name, Env=[f"{POOL}=20"])
    here.mongo.load.connection_limit = 100
    here.mongo.load.idle = {API: 12, "dashboard": 8}
    fits = await here.preview("set-pool-size", value="44")
    # The question itself holds two connections, which are those of another application too.
    told = "in all: 44 × 2, and {others} that others use; the limit is 100"
    others = int(lines_of(fits)[-1][2]) - 88
    assert 8 < others < 12
    assert lines_of(fits)[-1] == (told.format(others=others), str(88 + others), str(88 + others))
    assert lines_of(fits)[-2] == (f"setting {POOL}", "20", "44")
    assert fits.undo == {"name": API, "env": "", "variable": POOL, "value": "20", "allowed": POOL, "steady_s": "10"}
    refusal = await here.refused("set-pool-size", value="50")
    assert f"50 × 2, and {others} that others use, make {100 + others}: that is not below the limit of 100" in refusal
    assert refusal.endswith("At most 44 fits.")


async def test_one_more_container_since_the_card_makes_the_same_number_too_big(here: Here) -> None:
    here.engine.run(API, Env=[f"{POOL}=20"])
    here.mongo.load.connection_limit = 100
    shown = await here.preview("set-pool-size", value="60")
    assert [said(one) for one in shown.warnings if "not known" in one.msgid] == [
        "How much of the limit others use is not known (no connection calls itself customer-support-api: give the "
        "application this `appName`)."
    ]
    here.engine.run(f"{API}-2")
    assert "At most 49 fits." in await here.refused("set-pool-size", **shown.arguments)


async def test_where_the_limit_cannot_be_read_the_pool_may_only_become_smaller(here: Here) -> None:
    here.engine.run(API, Env=[f"{POOL}=50"])
    here.mongo.hang()
    shown = await here.preview("set-pool-size", value="20")
    assert any("it is less than now" in one.msgid for one in shown.warnings)
    assert (await here.refused("set-pool-size", value="60")).startswith("Whether 60 fits cannot be told: MongoDB at ")


async def test_a_pool_size_that_was_not_set_is_taken_away_again(here: Here) -> None:
    here.engine.run(API)
    shown = await here.preview("set-pool-size", value="30")
    assert lines_of(shown)[1:3] == [("image", "tiny:1", "tiny:1"), (f"setting {POOL}", "—", "30")]
    assert shown.undo["env"] == POOL
    assert shown.undo["variable"] == ""


async def test_the_knowledge_base_is_copied_only_while_its_writer_is_stopped(here: Here, tmp_path: Path) -> None:
    here.engine.run(API)
    store = tmp_path / "chroma_db"
    store.mkdir()
    (store / "chroma.sqlite3").write_bytes(b"x" * 2048)
    place = f"{store}.backup-20261121"
    copy = SYSTEM.actions["copy-knowledge"].model_copy(update={"parameters": {"source": str(store)}})
    running = await here.refused(copy, to=place)
    assert running == "State of the API container: state must be exited for this, and it is running."
    assert await here.execute("stop-api", await here.preview("stop-api")) == f"{API} is stopped, exit code 137"
    shown = await here.preview(copy, to=place)
    assert ("files in it", "—", "1 (0.0 MB)") in lines_of(shown)
    here.engine.start(API)
    assert await here.refused(copy, **shown.arguments) == running
    here.engine.post(f"/containers/{API}/pause")
    assert "it is paused" in await here.refused(copy, to=place)
    here.engine.remove(API)
    assert "it is absent" in await here.refused(copy, to=place)
    here.engine.create(API, "sh", "-c", "exit 0")
    here.engine.start(API)
    await here.engine.until(API, Status="exited")
    outcome = await here.execute(copy, await here.preview(copy, **shown.arguments))
    assert outcome == f"{place} was restored from {store}: 1 files, 0.0 MB"
    assert (tmp_path / place / "chroma.sqlite3").read_bytes() == b"x" * 2048


async def test_a_writer_that_cannot_be_looked_at_counts_as_running(here: Here, tmp_path: Path) -> None:
    for name in ("move-knowledge-aside", "restore-knowledge"):
        assert SYSTEM.actions[name].holds == {"api-container.state": "exited"}
    (tmp_path / "chroma_db").mkdir()
    (tmp_path / "chroma_db" / "chroma.sqlite3").write_bytes(b"x")
    update = {"parameters": {"source": str(tmp_path / "chroma_db")}}
    copy = SYSTEM.actions["copy-knowledge"].model_copy(update=update)
    with here.engine.paused():
        words = await here.refused(copy, to=f"{tmp_path}/chroma_db.backup-20261121")
    assert words.startswith("State of the API container cannot be read: Docker at ")
