"""Rollouts in the emulated cluster: what an operator sees while images turn out well, badly or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from kubernetes.aio import client

from bot.store.embedded import find_binary
from sandbox.world import World, open_world

NAME = "agente-api"
REVISION = "deployment.kubernetes.io/revision"
CAUSE = "kubernetes.io/change-cause"


class Operator:
    """Someone with the official client at hand."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.apps = client.AppsV1Api(api)
        self.core = client.CoreV1Api(api)

    async def deployment(self) -> Any:
        return await self.apps.read_namespaced_deployment(NAME, "production")

    async def pods(self) -> list[Any]:
        found = await self.core.list_namespaced_pod("production", label_selector=f"app={NAME}")
        return list(found.items)

    async def replica_sets(self) -> dict[str, Any]:
        found = await self.apps.list_namespaced_replica_set("production", label_selector=f"app={NAME}")
        return {one.metadata.annotations[REVISION]: one for one in found.items}

    async def set_image(self, image: str, deadline: int = 600) -> None:
        template = {"spec": {"containers": [{"name": NAME, "image": image}]}}
        body = {"spec": {"progressDeadlineSeconds": deadline, "template": template}}
        await self.apps.patch_namespaced_deployment(NAME, "production", body)

    async def roll_back_to(self, revision: str) -> None:
        """As `kubectl rollout undo` does: the old template, without its hash label, by JSON patch."""
        template = self.api.sanitize_for_serialization((await self.replica_sets())[revision].spec.template)
        del template["metadata"]["labels"]["pod-template-hash"]
        body = [{"op": "replace", "path": "/spec/template", "value": template}]
        await self.apps.patch_namespaced_deployment(NAME, "production", body)

    async def log(self, pod: Any, **options: Any) -> str:
        text: str = await self.core.read_namespaced_pod_log(pod.metadata.name, "production", **options)
        return text

    async def reasons(self, **query: str) -> list[tuple[str, str]]:
        found = await self.core.list_namespaced_event("production", **query)
        return [(event.reason, event.message) for event in found.items]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def operator(world: World) -> AsyncIterator[Operator]:
    configuration = client.Configuration(host=world.kubernetes_url)
    configuration.api_key = {"authorization": f"Bearer {world.kubernetes_token}"}
    async with client.ApiClient(configuration) as api:
        yield Operator(api)


async def eventually(condition: Callable[[], Awaitable[bool]], seconds: float = 40.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if await condition():
                return
            await asyncio.sleep(0.005)


def runs(operator: Operator, image: str) -> Callable[[], Awaitable[bool]]:
    """Whether the rollout has finished and every pod runs this image, ready."""

    async def is_so() -> bool:
        deployment, pods = await operator.deployment(), await operator.pods()
        is_observed = deployment.status.observed_generation == deployment.metadata.generation
        is_ready = deployment.status.updated_replicas == deployment.status.ready_replicas == len(pods)
        return is_observed and is_ready and {pod.spec.containers[0].image for pod in pods} == {image}

    return is_so


def waits(operator: Operator, reason: str, restarts: int = 0) -> Callable[[], Awaitable[bool]]:
    """Whether some pod waits for this reason, after at least so many restarts."""

    async def is_so() -> bool:
        statuses = [pod.status.container_statuses[0] for pod in await operator.pods()]
        waiting = [one for one in statuses if one.state.waiting and one.state.waiting.reason == reason]
        return any(one.restart_count >= restarts for one in waiting)

    return is_so


def progresses(operator: Operator, reason: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        conditions = {one.type: one for one in (await operator.deployment()).status.conditions}
        return bool(conditions["Progressing"].reason == reason)

    return is_so


async def test_a_good_image_reaches_every_pod_without_one_ready_replica_fewer(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1")
    ready: list[int] = []
    is_done = runs(operator, "agente-api:2.4.1")
    async with asyncio.timeout(40):
        while not await is_done():
            ready.append((await operator.deployment()).status.ready_replicas)
    assert set(ready) <= {3, 4}
    deployment = await operator.deployment()
    assert deployment.metadata.annotations[REVISION] == "4"
    assert await progresses(operator, "NewReplicaSetAvailable")()
    selector = f"involvedObject.kind=Deployment,involvedObject.name={NAME}"
    assert [reason for reason, _ in await operator.reasons(field_selector=selector)] == ["ScalingReplicaSet"] * 6


async def test_a_rollback_reuses_the_old_replica_set_under_a_new_revision_number(operator: Operator) -> None:
    before = (await operator.replica_sets())["2"].metadata
    await operator.roll_back_to("2")
    await eventually(runs(operator, "agente-api:2.3.1"))
    sets = await operator.replica_sets()
    assert sorted(sets) == ["1", "3", "4"]
    assert sets["4"].metadata.uid == before.uid
    assert sets["4"].metadata.annotations["deployment.kubernetes.io/revision-history"] == "2"
    assert (await operator.deployment()).metadata.annotations[REVISION] == "4"


async def test_the_change_cause_stays_stale_when_only_the_template_is_rolled_back(operator: Operator) -> None:
    await operator.roll_back_to("1")
    await eventually(runs(operator, "agente-api:2.3.0"))
    stale = "release 2.4.0 by ana.souza (pipeline 1843)"
    assert (await operator.deployment()).metadata.annotations[CAUSE] == stale
    assert (await operator.replica_sets())["4"].metadata.annotations[CAUSE] == stale


async def test_a_broken_image_crash_loops_while_the_old_pods_keep_serving(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1-broken")
    await eventually(waits(operator, "CrashLoopBackOff", restarts=3))
    deployment = await operator.deployment()
    assert (deployment.status.ready_replicas, deployment.status.updated_replicas) == (3, 1)
    assert deployment.status.unavailable_replicas == 1
    assert sorted(pod.spec.containers[0].image for pod in await operator.pods()) == [
        *["agente-api:2.4.0"] * 3,
        "agente-api:2.4.1-broken",
    ]


async def test_the_event_of_a_crash_loop_is_found_by_its_pod_and_counts_repeats(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1-broken")
    await eventually(waits(operator, "CrashLoopBackOff", restarts=3))
    (crashing,) = [pod for pod in await operator.pods() if pod.status.container_statuses[0].restart_count]
    selector = f"involvedObject.kind=Pod,involvedObject.name={crashing.metadata.name},type=Warning"
    found = await operator.core.list_namespaced_event("production", field_selector=selector)
    (event,) = found.items
    assert (event.reason, event.involved_object.uid) == ("BackOff", crashing.metadata.uid)
    assert event.count >= 3
    assert "Back-off restarting failed container agente-api" in event.message


async def test_the_log_before_the_crash_shows_the_cause_until_a_rollback_removes_the_pod(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1-broken")
    await eventually(waits(operator, "CrashLoopBackOff"))
    (crashing,) = [pod for pod in await operator.pods() if pod.status.container_statuses[0].restart_count]
    assert "KeyError: 'LLM_API_BASE'" in await operator.log(crashing, previous=True)
    await operator.roll_back_to("3")
    await eventually(runs(operator, "agente-api:2.4.0"))
    with pytest.raises(client.ApiException) as gone:
        await operator.log(crashing, previous=True)
    assert gone.value.status == 404


async def test_an_image_that_does_not_exist_cannot_be_pulled(operator: Operator) -> None:
    await operator.set_image("agente-api:missing")
    await eventually(waits(operator, "ImagePullBackOff"))
    (waiting,) = [pod for pod in await operator.pods() if pod.status.phase == "Pending"]
    with pytest.raises(client.ApiException) as refused:
        await operator.log(waiting)
    assert refused.value.status == 400
    assert "trying and failing to pull image" in json.loads(refused.value.body)["message"]
    assert ("Failed", 'Failed to pull image "agente-api:missing": agente-api:missing: not found') in (
        await operator.reasons(field_selector="type=Warning")
    )


async def test_a_rollout_that_does_not_move_exceeds_its_deadline_and_a_rollback_ends_that(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1-broken", deadline=1)
    assert not await progresses(operator, "ProgressDeadlineExceeded")()
    await eventually(progresses(operator, "ProgressDeadlineExceeded"))
    conditions = {one.type: one.status for one in (await operator.deployment()).status.conditions}
    assert conditions == {"Available": "True", "Progressing": "False"}
    await operator.roll_back_to("3")
    await eventually(progresses(operator, "NewReplicaSetAvailable"))
    assert len(await operator.pods()) == 3


async def test_a_deleted_pod_comes_back_under_another_name_even_while_a_rollout_is_stuck(operator: Operator) -> None:
    await operator.set_image("agente-api:2.4.1-broken")
    await eventually(waits(operator, "CrashLoopBackOff"))
    victim = next(pod for pod in await operator.pods() if pod.spec.containers[0].image == "agente-api:2.4.0")

    async def is_replaced() -> bool:
        names = {pod.metadata.name for pod in await operator.pods()}
        return victim.metadata.name not in names and (await operator.deployment()).status.ready_replicas == 3

    assert not await is_replaced()
    await operator.core.delete_namespaced_pod(victim.metadata.name, "production")
    await eventually(is_replaced)


async def test_a_restart_by_annotation_replaces_every_pod(operator: Operator) -> None:
    before = {pod.metadata.uid for pod in await operator.pods()}
    annotations = {"kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}
    body = {"spec": {"template": {"metadata": {"annotations": annotations}}}}
    await operator.apps.patch_namespaced_deployment(NAME, "production", body)

    async def are_all_new() -> bool:
        is_done = await runs(operator, "agente-api:2.4.0")()
        return is_done and not before & {pod.metadata.uid for pod in await operator.pods()}

    await eventually(are_all_new)
    assert len(await operator.pods()) == len(before) == 3


@pytest.mark.parametrize("replicas", [0, 5])
async def test_scaling_makes_and_removes_pods_without_a_new_revision(operator: Operator, replicas: int) -> None:
    body = {"spec": {"replicas": replicas}}
    await operator.apps.patch_namespaced_deployment_scale(NAME, "production", body)

    async def is_scaled() -> bool:
        ready = (await operator.deployment()).status.ready_replicas or 0
        return ready == replicas == len(await operator.pods())

    await eventually(is_scaled)
    assert (await operator.deployment()).metadata.annotations[REVISION] == "3"


async def test_a_log_is_cut_by_lines_and_bytes_and_reads_the_same_twice(operator: Operator) -> None:
    pod = (await operator.pods())[0]
    tail = await operator.log(pod, tail_lines=20)
    assert len(tail.splitlines()) == 20
    assert {json.loads(line)["pod"] for line in tail.splitlines()} == {pod.metadata.name}
    assert len(await operator.log(pod, limit_bytes=100)) == 100
    again = await operator.log(pod, tail_lines=21)
    assert len(set(tail.splitlines()) & set(again.splitlines())) >= 19


async def test_a_log_holds_an_address_and_a_token_that_must_be_masked(operator: Operator) -> None:
    tail = await operator.log((await operator.pods())[0], tail_lines=20)
    assert "maria.teste@example.com" in tail
    assert "sk-test-0000FAKE" in tail


async def test_a_log_that_cannot_be_had_is_refused_with_the_reason(operator: Operator) -> None:
    pod = (await operator.pods())[0]
    for options, reason in (({"previous": True}, "previous terminated"), ({"container": "side"}, "is not valid for")):
        with pytest.raises(client.ApiException) as refused:
            await operator.log(pod, **options)
        assert refused.value.status == 400
        assert reason in json.loads(refused.value.body)["message"]


async def test_a_watch_follows_a_rollout_to_its_end(world: World, operator: Operator) -> None:
    answer = await operator.apps.list_namespaced_deployment(
        "production", watch=True, timeout_seconds=10, field_selector=f"metadata.name={NAME}", _preload_content=False
    )
    await world.control({"deploy": {"deployment": NAME, "image": "agente-api:2.4.1"}})
    updated: list[int] = []
    async with asyncio.timeout(40):
        async for line in answer.content:
            told = json.loads(line)
            status = told["object"]["status"]
            if status["observedGeneration"] < told["object"]["metadata"]["generation"]:
                continue
            updated.append(status.get("updatedReplicas", 0))
            if told["type"] == "MODIFIED" and status["conditions"][1]["reason"] == "NewReplicaSetAvailable":
                break
    answer.close()
    assert list(dict.fromkeys(updated[1:])) == [1, 2, 3]
