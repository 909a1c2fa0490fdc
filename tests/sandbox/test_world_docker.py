"""The Docker engines of the world: well, made ill, seen to be so through the bot's own operations, well again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.core.findings import Reading
from bot.core.operation import Read
from bot.providers import operation
from bot.store.embedded import find_binary
from sandbox.world import ControlError, World, open_world

API = "customer-support-api"
ILLS: dict[str, tuple[str, dict[str, object]]] = {
    "killed": ("docker.container", {"state": "exited", "oom_killed": True, "exit_code": 137, "restarts": 3}),
    "stopped": ("docker.container", {"state": "exited", "oom_killed": False, "exit_code": 0}),
    "unhealthy": ("docker.container", {"running": True, "health": "unhealthy"}),
    "restarting": ("docker.container", {"state": "restarting", "running": False, "exit_code": 1}),
    "leaking": ("docker.stats", {"memory_percent": 93.0, "limit_mb": 1024.0}),
}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


async def read(world: World, operation_name: str, /, system: str = "customer-support", **parameters: object) -> Reading:
    found = operation(operation_name)
    assert isinstance(found, Read)
    address = found.address.model_validate({"socket": world.neighbours.docker[system].socket})
    return await found.run(address, found.parameters.model_validate(parameters))


async def measured(world: World, operation_name: str, /, **parameters: object) -> dict[str, Any]:
    return {one.name: one.value for one in (await read(world, operation_name, **parameters)).measurements}


async def test_what_the_catalogs_name_is_there_and_well(world: World) -> None:
    found = world.state()["containers"]
    names = {API, "telegram-bot", "harven-backend", "harven-redis", "backend", "chromadb", "agente-api"}
    assert set(found) == names
    assert {(one["state"], one["health"]) for one in found.values()} == {("running", "healthy")}
    packages = {"fastapi": "0.100", "motor": "", "pymongo": "", "chromadb": "", "openai": "1"}
    asked = await measured(world, "docker.packages", name=API, packages=packages)
    assert (asked["absent"], asked["behind"]) == (0, 0)
    kept = await measured(world, "docker.images", repository="customer-support", tag="backup-")
    assert kept["images"] == 1
    services = await measured(world, "docker.compose", system="harven", project="harven", expects=["backend", "redis"])
    assert services == {"services": 2, "down": 0, "unhealthy": 0, "restarting": 0}


@pytest.mark.parametrize("ill", ILLS)
async def test_an_illness_is_measured_and_ends_when_it_is_said_to(world: World, ill: str) -> None:
    name, signs = ILLS[ill]
    well = await measured(world, name, name=API)
    found = world.neighbours.container(API)
    assert found is not None
    policy = found.host["RestartPolicy"]
    assert (await world.control({"docker": {API: ill}}))["ill"] == {f"docker.{API}": ill}
    assert signs.items() <= (await measured(world, name, name=API)).items()
    assert not signs.items() <= well.items()
    assert (await world.control({"docker": {API: "well"}}))["ill"] == {}
    assert world.state()["containers"][API]["state"] == "running"
    assert not signs.items() <= (await measured(world, name, name=API)).items()
    assert found.host["RestartPolicy"] == policy


async def test_a_noisy_log_and_a_line_for_it_are_read_back(world: World) -> None:
    logs: dict[str, object] = {"name": API, "contains": ["ERROR"], "minutes": 5}
    assert (await measured(world, "docker.logs", **logs))["matched"] == 0
    await world.control({"docker": {API: "noisy"}})
    assert (await measured(world, "docker.logs", **logs))["matched"] == 40
    await world.control({"logs": {API: ["ERROR one more"]}})
    assert (await measured(world, "docker.logs", **logs))["matched"] == 41


async def test_an_application_is_down_while_its_container_is_and_a_reset_brings_both_back(world: World) -> None:
    near = world.neighbours
    places = {API: f"{near.vendors.app.url}/health", "harven-backend": f"{near.sites['harven'].url}/"}
    async with httpx.AsyncClient(trust_env=False) as http:
        for container, url in places.items():
            assert (await http.get(url)).status_code == 200
            await world.control({"docker": {container: "killed"}})
            assert (await http.get(url)).status_code == 502
        assert (await world.control({"reset": True}))["ill"] == {}
        assert [(await http.get(url)).status_code for url in places.values()] == [200, 200]
    assert world.state()["containers"][API]["health"] == "healthy"


async def test_a_container_that_is_not_there_gets_a_sentence(world: World) -> None:
    with pytest.raises(ControlError) as refused:
        await world.control({"docker": {"shop": "killed"}})
    assert str(refused.value).startswith("There is no container shop; there are agente-api, backend, ")
