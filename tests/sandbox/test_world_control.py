"""Changing the world over HTTP, as the sandbox's page does, and reading what became of it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web

from bot.store.embedded import find_binary
from sandbox.world import World, open_world
from sandbox.world.listening import listen


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False) as opened:
        yield opened


async def patch_as_the_bot(world: World, http: httpx.AsyncClient, image: str) -> None:
    headers = {"Authorization": f"Bearer {world.kubernetes_token}", "Content-Type": "application/json-patch+json"}
    path = "/apis/apps/v1/namespaces/production/deployments/agente-api"
    change = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": image}]
    answer = await http.patch(f"{world.kubernetes_url}{path}", json=change, headers=headers)
    assert answer.status_code == 200


async def test_the_state_tells_images_revisions_and_ready_replicas(world: World, http: httpx.AsyncClient) -> None:
    state = (await http.get(world.control_url)).json()
    api = state["deployments"]["agente-api"]
    assert (api["image"], api["revision"], api["ready"], api["patches"]) == ("agente-api:2.4.0", 3, 3, 0)
    assert [one["image"] for one in api["revisions"]] == ["agente-api:2.3.0", "agente-api:2.3.1", "agente-api:2.4.0"]
    assert state["deployments"]["agente-worker"]["ready"] == 1
    assert state["redis"] == {"state": "running"}


async def test_a_deployment_by_someone_is_a_new_revision_with_its_cause(world: World, http: httpx.AsyncClient) -> None:
    wish = {"deployment": "agente-api", "image": "agente-api:2.4.1", "by": "carla.dias", "cause": "hotfix 2.4.1"}
    answer = await http.post(world.control_url, json={"deploy": wish})
    assert answer.status_code == 200
    async with asyncio.timeout(40):
        while answer.json()["deployments"]["agente-api"]["revision"] != 4:
            answer = await http.get(world.control_url)
    assert answer.json()["deployments"]["agente-api"]["revisions"][-1]["change_cause"] == "hotfix 2.4.1 by carla.dias"


async def test_drift_changes_the_image_and_leaves_the_cause_stale(world: World) -> None:
    before = world.state()["deployments"]["agente-api"]
    state = await world.control({"drift": {"deployment": "agente-api", "image": "agente-api:2.3.1"}})
    after = state["deployments"]["agente-api"]
    assert (after["image"], after["change_cause"]) == ("agente-api:2.3.1", before["change_cause"])


async def test_only_changes_that_came_through_the_api_count_as_patches(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"deploy": {"deployment": "agente-api", "image": "agente-api:2.4.1-bad"}})
    await world.control({"drift": {"deployment": "agente-api", "image": "agente-api:2.3.0"}})
    await patch_as_the_bot(world, http, "agente-api:2.4.0")
    state = world.state()
    assert state["deployments"]["agente-api"]["patches"] == 1
    assert state["deployments"]["agente-worker"]["patches"] == 0
    assert state["writes"] == [
        {
            "verb": "patch",
            "resource": "deployments",
            "name": "agente-api",
            "user": "system:serviceaccount:production:plantao",
        }
    ]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {},
            "A change has exactly one of these verbs: deploy, drift, redis, service, kubernetes, vendors, "
            "applications, railway, coolify, mongodb, docker, figures, logs, reset.",
        ),
        ({"deploy": {}, "reset": True}, "A change has exactly one of these verbs"),
        ({"explode": True}, "A change has exactly one of these verbs"),
        ({"redis": None}, "A change has exactly one of these verbs"),
        ([], "A change is a JSON object."),
        ({"reset": False}, "The verb reset expects true."),
        ({"redis": "heal"}, 'The verb redis expects "kill", "start"'),
        ({"redis": {"fill": 101}}, 'The verb redis expects "kill", "start"'),
        ({"service": {"status": 99}}, "The verb service expects"),
        ({"service": {"colour": "red"}}, "The verb service expects"),
        ({"kubernetes": {"forbid": ["dance"]}}, "The verb kubernetes expects"),
        ({"kubernetes": {"lose_answer": -1}}, "The verb kubernetes expects"),
        ({"deploy": {"deployment": "agente-api"}}, "The verb deploy expects deployment and image"),
        ({"deploy": {"deployment": "nobody", "image": "x:1"}}, "There is no deployment nobody; there are agente-api"),
        ({"drift": {"deployment": "agente-api", "image": ""}}, "The verb drift expects deployment and image"),
    ],
)
async def test_a_change_that_cannot_be_made_is_answered_with_a_sentence_and_changes_nothing(
    world: World, http: httpx.AsyncClient, change: Any, sentence: str
) -> None:
    before = world.state()
    answer = await http.post(world.control_url, json=change)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(sentence)
    assert world.state() == before


async def test_a_body_that_is_not_json_is_answered_with_a_sentence(world: World, http: httpx.AsyncClient) -> None:
    answer = await http.post(world.control_url, content=b"{nonsense")
    assert (answer.status_code, answer.json()) == (400, {"error": "The body is not JSON."})


async def test_a_reset_brings_everything_back_under_the_same_addresses_and_tokens(
    world: World, http: httpx.AsyncClient
) -> None:
    found = world.state()
    changes: list[dict[str, Any]] = [
        {"deploy": {"deployment": "agente-api", "image": "agente-api:2.5.0", "fate": "bad"}},
        {"redis": "kill"},
        {"service": {"status": 503, "llm": "down"}},
        {"kubernetes": {"latency_ms": 1, "forbid": ["delete"], "metrics": False}},
    ]
    for change in changes:
        await world.control(change)
    await patch_as_the_bot(world, http, "agente-api:2.3.0")
    await http.post(world.control_url, json={"reset": True})
    state = world.state()
    for part in ("redis", "service", "kubernetes", "writes"):
        assert state[part] == found[part]
    images = {name: (one["image"], one["revision"], one["ready"]) for name, one in state["deployments"].items()}
    assert images == {
        "agente-api": ("agente-api:2.4.0", 3, 3),
        "agente-api-canary": ("agente-api:2.5.0", 1, 1),
        "agente-worker": ("agente-worker:2.4.0", 1, 1),
        "redis": ("redis:7.2.5", 1, 1),
    }
    assert (await http.get(f"{world.service_url}/health")).json()["status"] == "healthy"


async def test_the_control_routes_can_be_mounted_on_another_server(world: World, http: httpx.AsyncClient) -> None:
    app = web.Application()
    app.add_routes(world.routes())
    async with listen(app) as url:
        answer = await http.post(f"{url}/world", json={"redis": "kill"})
    assert answer.json()["redis"] == {"state": "stopped"}
