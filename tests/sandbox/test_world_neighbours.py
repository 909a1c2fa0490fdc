"""The neighbours: made ill, seen to be ill from outside, and well again."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bot.store.embedded import find_binary
from sandbox.world import ControlError, World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as opened:
        yield opened


async def test_a_vendor_that_is_down_says_so_on_its_status_page_and_recovers(
    world: World, http: httpx.AsyncClient
) -> None:
    near = world.neighbours
    key = {"Authorization": f"Bearer {near.vendors.openai.key}"}
    page = f"{near.pages['openai'].url}/atlassian/api/v2/status.json"
    assert (await http.get(f"{near.vendors.openai.url}/v1/models", headers=key)).status_code == 200
    assert (await world.control({"vendors": {"openai": "down"}}))["ill"] == {"vendors.openai": "down"}
    assert (await http.get(f"{near.vendors.openai.url}/v1/models", headers=key)).status_code == 503
    assert (await http.get(page)).json()["status"]["indicator"] == "critical"
    assert (await world.control({"vendors": {"openai": "well"}}))["ill"] == {}
    assert (await http.get(f"{near.vendors.openai.url}/v1/models", headers=key)).status_code == 200
    assert (await http.get(page)).json()["status"]["indicator"] == "none"


async def test_a_reset_heals_every_neighbour(world: World, http: httpx.AsyncClient) -> None:
    near = world.neighbours
    changes: list[dict[str, Any]] = [
        {"vendors": {"groq": "refused", "crm": "rate_limited"}},
        {"applications": {"harven": "down", "customer-support": "slow"}},
        {"railway": {"etp-express": "leaking", "railway-chroma": "crashed"}},
        {"mongodb": "full"},
        {"figures": {"harven": {"error-rate": 12}}},
        {"logs": {"customer-support": ["ERROR no"], "agente-api": ["ERROR no"], "etp-express": ["ERROR no"]}},
    ]
    for change in changes:
        await world.control(change)
    assert len(world.state()["ill"]) == 8
    assert (await http.get(f"{near.sites['harven'].url}/")).status_code == 503
    assert (await world.control({"reset": True}))["ill"] == {}
    assert (await http.get(f"{near.sites['harven'].url}/")).json()["status"] == "ok"
    assert near.mongo.load.connections < 50
    assert "ERROR no" not in near.log.read_text(encoding="utf-8")
    for railway in near.railway.values():
        backend = next(one for one in railway.platform.services.values() if one.name == "backend")
        assert backend.live is not None
        assert backend.live.status == "SUCCESS"
        assert max(backend.memory_mb) < 0.7 * backend.memory_limit_mb
        assert not [entry for entry in backend.live.logs if "ERROR" in entry.message]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"vendors": {"acme": "down"}}, "The verb vendors expects an object from vendor"),
        (
            {"applications": {"shop": "down"}},
            "There is no application shop; there are agente-gateway, customer-support",
        ),
        ({"figures": {"harven": {"nothing": 1}}}, "harven asks Prometheus nothing for nothing, only for "),
        ({"figures": {"shop": {"error-rate": 1}}}, "shop has no Prometheus; there are those of agente-ia"),
        ({"logs": {"nobody": ["x"]}}, "Nobody called nobody writes a log; among those who do are agente-api"),
    ],
)
async def test_a_neighbour_that_is_not_there_gets_a_sentence(
    world: World, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ControlError) as refused:
        await world.control(change)
    assert str(refused.value).startswith(sentence)
