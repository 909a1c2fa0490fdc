"""The service of the world, asked over HTTP: it is as well as its pods and its dependencies are."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.store.embedded import find_binary
from sandbox.world import World, open_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=world.service_url, trust_env=False) as opened:
        yield opened


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


async def deploy(world: World, image: str) -> None:
    """Deploys and waits until the rollout is over."""
    await world.control({"deploy": {"deployment": "agente-api", "image": image}})

    async def is_over() -> bool:
        app = world.state()["deployments"]["agente-api"]
        return bool(app["image"] == image and app["rolled_out"])

    await eventually(is_over)


async def samples(http: httpx.AsyncClient) -> dict[str, float]:
    """The samples of /metrics, summed over their labels."""
    summed: dict[str, float] = {}
    for family in text_string_to_metric_families((await http.get("/metrics")).text):
        for sample in family.samples:
            summed[sample.name] = summed.get(sample.name, 0) + sample.value
    return summed


async def test_a_well_service_is_healthy_and_names_its_version(http: httpx.AsyncClient) -> None:
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"], answer.json()["version"]) == (200, "healthy", "2.4.0")
    assert (await http.get("/version")).json() == {"version": "2.4.0"}
    for dependency in ("db", "redis", "llm"):
        assert (await http.get(f"/health/{dependency}")).status_code == 200
    assert (await http.get("/health/mail")).status_code == 404


async def test_a_bad_image_becomes_ready_and_answers_with_errors(world: World, http: httpx.AsyncClient) -> None:
    await deploy(world, "agente-api:2.4.1-bad")
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (500, "unhealthy")
    assert (await http.get("/version")).json() == {"version": "2.4.1-bad"}
    assert world.state()["deployments"]["agente-api"]["ready"] == 3


async def test_a_rollback_from_a_bad_image_makes_the_service_healthy_again(
    world: World, http: httpx.AsyncClient
) -> None:
    await deploy(world, "agente-api:2.4.1-bad")
    await deploy(world, "agente-api:2.4.0")
    assert (await http.get("/health")).json()["status"] == "healthy"


async def test_a_broken_image_leaves_the_old_version_serving(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"deploy": {"deployment": "agente-api", "image": "agente-api:2.4.1-broken"}})

    async def is_crashing() -> bool:
        return any(pod["reason"] == "CrashLoopBackOff" for pod in world.state()["pods"])

    await eventually(is_crashing)
    versions = [(await http.get("/health")).json() for _ in range(4)]
    assert {(one["version"], one["status"]) for one in versions} == {("2.4.0", "healthy")}


async def test_a_canary_answers_as_often_as_the_weight_of_its_ingress_says(
    world: World, http: httpx.AsyncClient
) -> None:
    place = f"/apis/networking.k8s.io/v1/namespaces/{world.namespace}/ingresses/agente-api-canary"
    headers = {"Authorization": f"Bearer {world.kubernetes_token}", "Content-Type": "application/merge-patch+json"}
    for weight in (25, 100, 0):
        wanted = {"metadata": {"annotations": {"nginx.ingress.kubernetes.io/canary-weight": str(weight)}}}
        assert (await http.patch(f"{world.kubernetes_url}{place}", headers=headers, json=wanted)).status_code == 200
        versions = [(await http.get("/version")).json()["version"] for _ in range(100)]
        assert (versions.count("2.5.0"), versions.count("2.4.0")) == (weight, 100 - weight)


async def test_a_slow_image_degrades_the_service(world: World, http: httpx.AsyncClient) -> None:
    await deploy(world, "agente-api:2.4.1-slow")
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.elapsed.total_seconds() > 1


async def test_an_image_with_an_innocent_tag_turns_out_as_the_scenario_told(
    world: World, http: httpx.AsyncClient
) -> None:
    await world.control({"drift": {"deployment": "agente-api", "image": "agente-api:2.5.0", "fate": "bad"}})

    async def is_failing() -> bool:
        return (await http.get("/health")).status_code == 500

    await eventually(is_failing)
    assert (await http.get("/health/db")).status_code == 200


async def test_a_service_without_ready_pods_is_unavailable(world: World, http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {world.kubernetes_token}", "Content-Type": "application/merge-patch+json"}
    path = "/apis/apps/v1/namespaces/production/deployments/agente-api/scale"
    await http.patch(f"{world.kubernetes_url}{path}", content='{"spec": {"replicas": 0}}', headers=headers)

    async def is_gone() -> bool:
        return (await http.get("/health")).status_code == 503

    await eventually(is_gone)
    assert (await http.get("/version")).text == "no healthy upstream"


@pytest.mark.parametrize(("illness", "cure"), [("kill", "start"), ("pause", "resume")])
async def test_a_redis_that_is_gone_degrades_the_service_until_it_is_back(
    world: World, http: httpx.AsyncClient, illness: str, cure: str
) -> None:
    await world.control({"redis": illness})
    assert (await http.get("/health/redis")).status_code == 503
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["dependencies"]["redis"] == "down"
    await world.control({"redis": cure})
    assert (await http.get("/health")).json()["status"] == "healthy"


async def test_the_pods_complain_in_their_logs_while_redis_is_gone(world: World, http: httpx.AsyncClient) -> None:
    pod = world.state()["pods"][0]["name"]
    headers = {"Authorization": f"Bearer {world.kubernetes_readonly_token}"}
    path = f"{world.kubernetes_url}/api/v1/namespaces/production/pods/{pod}/log?tailLines=20"

    complaint = "connection to redis-service:6379 failed"
    assert complaint not in (await http.get(path, headers=headers)).text
    await world.control({"redis": "kill"})

    async def complains() -> bool:
        return complaint in (await http.get(path, headers=headers)).text

    await eventually(complains)


@pytest.mark.parametrize(("dependency", "code", "status"), [("llm", 200, "degraded"), ("db", 503, "unhealthy")])
async def test_a_dependency_that_is_down_shows_in_its_own_check_and_in_the_whole(
    world: World, http: httpx.AsyncClient, dependency: str, code: int, status: str
) -> None:
    await world.control({"service": {dependency: "down"}})
    assert (await http.get(f"/health/{dependency}")).status_code == 503
    answer = await http.get("/health")
    assert (answer.status_code, answer.json()["status"]) == (code, status)
    await world.control({"service": "normal"})
    assert (await http.get("/health")).json()["status"] == "healthy"


async def test_a_forced_status_and_a_delay_reach_every_request(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"service": {"status": 503, "latency_ms": 120}})
    answer = await http.get("/health/db")
    assert answer.status_code == 503
    assert answer.elapsed.total_seconds() >= 0.12


async def test_a_hanging_service_answers_only_after_it_is_normal_again(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"service": "hang"})
    with pytest.raises(httpx.ReadTimeout):
        await http.get("/health", timeout=0.1)
    patient_request = asyncio.create_task(http.get("/health"))
    await world.control({"service": "normal"})
    assert (await patient_request).json()["status"] == "healthy"


async def test_a_world_closes_while_a_request_still_hangs() -> None:
    async with httpx.AsyncClient(trust_env=False) as http, asyncio.timeout(40):
        async with open_world(redis_binary=find_binary(), pace=0.02) as world:
            await world.control({"service": "hang"})
            request = asyncio.create_task(http.get(f"{world.service_url}/health"))
            with pytest.raises(httpx.ReadTimeout):
                await http.get(f"{world.service_url}/health", timeout=0.1)
        with pytest.raises(httpx.TransportError):
            await request


async def test_the_metrics_count_requests_and_hardly_any_errors_while_all_is_well(http: httpx.AsyncClient) -> None:
    async def has_traffic() -> bool:
        return (await samples(http))["agent_requests_total"] >= 5

    await eventually(has_traffic)
    seen = await samples(http)
    assert seen["up"] == 1
    assert seen["agent_errors_total"] <= 1
    assert seen["agent_response_time_count"] == seen["agent_requests_total"]
    assert seen["agent_response_time_sum"] / seen["agent_response_time_count"] < 1


@pytest.mark.parametrize(
    ("change", "sick", "usual"),
    [
        ({"service": {"llm": "down"}}, "agent_errors_total", 0.3),
        ({"service": {"status": 500}}, "agent_errors_total", 0.3),
        ({"service": {"latency_ms": 4000}}, "agent_response_time_sum", 1.0),
    ],
)
async def test_what_ails_the_service_shows_in_its_metrics(
    world: World, http: httpx.AsyncClient, change: dict[str, Any], sick: str, usual: float
) -> None:
    async def is_sick() -> bool:
        seen = await samples(http)
        return seen["agent_requests_total"] >= 5 and seen[sick] / seen["agent_requests_total"] > usual

    assert not await is_sick()
    await world.control(change)
    await eventually(is_sick)


async def test_the_errors_of_a_bad_version_climb_and_are_not_counted_against_the_next(
    world: World, http: httpx.AsyncClient
) -> None:
    await deploy(world, "agente-api:2.4.1-bad")

    async def is_failing() -> bool:
        return (await samples(http))["agent_errors_total"] >= 3

    await eventually(is_failing)
    await deploy(world, "agente-api:2.4.0")
    assert (await samples(http))["agent_errors_total"] <= 1
