"""The Kubernetes checks against the emulated cluster: healthy, half broken, forbidden and gone."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest
from pydantic import ValidationError
from readings import measured, read, refusal, spoken, summary
from worlds import NAME, cluster, deploy, merge

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.findings import Reading
from sandbox.world import World
from tests.ports import NOBODY

READS: list[tuple[str, dict[str, str]]] = [
    ("kubernetes.deployment", {"name": NAME}),
    ("kubernetes.pods", {"deployment": NAME}),
    ("kubernetes.events", {"name": NAME}),
    ("kubernetes.revisions", {"name": NAME}),
]


async def until(world: World, name: str, holds: Callable[[Reading], bool], /, **parameters: object) -> Reading:
    deadline = monotonic() + 40
    while not holds(reading := await read(name, cluster(world), **parameters)):
        assert monotonic() < deadline, reading
    return reading


async def test_a_healthy_deployment_is_complete_with_its_image(world: World) -> None:
    reading = await read("kubernetes.deployment", cluster(world), name=NAME)
    assert measured(reading) == {
        "desired": 3,
        "ready": 3,
        "updated": 3,
        "available": 3,
        "unavailable": 0,
        "observed": True,
        "revision": 3,
        "image": "agente-api:2.4.0",
        "rollout": "complete",
        "progressing": True,
    }
    assert summary(reading) == "3 of 3 pods ready, agente-api:2.4.0"


async def test_a_rollout_that_cannot_finish_is_first_unavailable_and_then_stuck(world: World) -> None:
    await merge(world, {"spec": {"progressDeadlineSeconds": 1}})
    await deploy(world, "agente-api:2.5.0-broken")
    going = await until(world, "kubernetes.deployment", lambda one: measured(one)["unavailable"] == 1, name=NAME)
    assert measured(going)["ready"] == 3
    stuck = await until(world, "kubernetes.deployment", lambda one: measured(one)["rollout"] == "stuck", name=NAME)
    assert measured(stuck)["progressing"] is False
    assert summary(stuck) == "3 of 3 pods ready, the rollout of agente-api:2.5.0-broken is stuck"


async def test_a_deployment_scaled_to_zero_says_so(world: World) -> None:
    await merge(world, {"spec": {"replicas": 0}})
    reading = await until(world, "kubernetes.deployment", lambda one: measured(one)["rollout"] == "complete", name=NAME)
    assert summary(reading) == "scaled to zero: no pod is wanted"


async def test_healthy_pods_are_listed_one_a_line(world: World) -> None:
    reading = await read("kubernetes.pods", cluster(world), deployment=NAME)
    assert measured(reading) == {
        "count": 3,
        "pods": 3,
        "running": 3,
        "not_ready": 0,
        "restarts": 0,
        "restarts_max": 0,
        "crash_looping": 0,
        "image_pull_failing": 0,
        "oom_killed": 0,
    }
    assert summary(reading) == "all 3 pods ready"
    assert len(reading.evidence) == 3
    assert all("Ready  0 restarts  26 h  agente-api:2.4.0  node-" in line for line in reading.evidence)


async def test_a_crash_looping_pod_comes_first_with_its_reason(world: World) -> None:
    await deploy(world, "agente-api:2.5.0-broken")
    reading = await until(
        world, "kubernetes.pods", lambda one: measured(one)["crash_looping"] == 1, selector=f"app={NAME}"
    )
    assert measured(reading)["count"] == 4
    assert measured(reading)["not_ready"] == 1
    assert "CrashLoopBackOff" in reading.evidence[0]
    assert summary(reading).startswith("1 of 4 pods not ready; agente-api-")


async def test_an_image_that_cannot_be_pulled_is_counted(world: World) -> None:
    await deploy(world, "agente-api:9.9.9-missing")
    reading = await until(
        world, "kubernetes.pods", lambda one: measured(one)["image_pull_failing"] == 1, deployment=NAME
    )
    assert "ImagePullBackOff" in reading.evidence[0]


async def test_pods_that_do_not_exist_are_told(world: World) -> None:
    reading = await read("kubernetes.pods", cluster(world), selector="app=nobody")
    assert summary(reading) == "there is no such pod"


async def test_events_tell_the_newest_warning_of_the_deployment_only(world: World) -> None:
    await deploy(world, "agente-api:2.5.0-broken")
    reading = await until(world, "kubernetes.events", lambda one: measured(one)["warnings"] != 0, name=NAME)
    assert "BackOff" in reading.evidence[0]
    assert f"pod/{NAME}-" in reading.evidence[0]
    assert "the newest: BackOff on pod/agente-api-" in summary(reading)
    assert len(reading.evidence) <= 10
    other = await read("kubernetes.events", cluster(world), name="agente-worker")
    assert measured(other) == {"warnings": 0, "occurrences": 0}
    assert summary(other) == "no warning in the last 30 min"
    everybody = await read("kubernetes.events", cluster(world))
    assert measured(everybody)["warnings"] != 0


async def test_revisions_are_listed_newest_first_with_the_current_one_marked(world: World) -> None:
    reading = await read("kubernetes.revisions", cluster(world), name=NAME)
    assert measured(reading) == {"count": 3, "current": 3, "images": "agente-api:2.4.0", "author": "ana.souza"}
    assert reading.evidence == (
        "3  agente-api:2.4.0  26 h  release 2.4.0 by ana.souza (pipeline 1843)  <- current",
        "2  agente-api:2.3.1  9 d  hotfix 2.3.1 by bruno.lima (pipeline 1815)",
        "1  agente-api:2.3.0  23 d  release 2.3.0 by ana.souza (pipeline 1791)",
    )
    assert summary(reading) == "revision 3 runs agente-api:2.4.0; before it came revision 2 with agente-api:2.3.1"


async def test_a_deployment_with_one_revision_has_nothing_to_go_back_to(world: World) -> None:
    reading = await read("kubernetes.revisions", cluster(world), name="agente-worker")
    assert summary(reading) == "revision 1 runs; there is no earlier one to go back to"


@pytest.mark.parametrize(("name", "parameters"), READS)
async def test_a_missing_right_says_what_to_grant(name: str, parameters: dict[str, str], world: World) -> None:
    await world.control({"kubernetes": {"forbid": ["get", "list"]}})
    error = await refusal(name, cluster(world), **parameters)
    assert isinstance(error, Denied)
    verb, resource = ("list", "events") if name == "kubernetes.events" else ("get", "deployments.apps")
    assert f"let this account `{verb}` `{resource}` in production" in spoken(error)


async def test_a_wrong_token_is_told_without_repeating_it(world: World) -> None:
    error = await refusal("kubernetes.deployment", cluster(world, token="s3same"), name=NAME)
    assert isinstance(error, Denied)
    assert "does not accept the token" in spoken(error)


async def test_an_unknown_deployment_is_named(world: World) -> None:
    error = await refusal("kubernetes.deployment", cluster(world), name="nobody")
    assert spoken(error) == "There is no deployment nobody in production."


@pytest.mark.parametrize(("name", "parameters"), READS)
async def test_a_cluster_that_is_down_is_unreachable(name: str, parameters: dict[str, str], world: World) -> None:
    await world.control({"kubernetes": "down"})
    assert isinstance(await refusal(name, cluster(world), **parameters), Unreachable)


async def test_nothing_listening_is_unreachable() -> None:
    nowhere = {"server": f"http://127.0.0.1:{NOBODY}", "token": "s3same", "namespace": "production"}
    error = await refusal("kubernetes.pods", nowhere, selector="app=x")
    assert isinstance(error, Unreachable)
    assert "cannot be reached" in spoken(error)


async def test_a_hung_cluster_times_out_within_the_limit(world: World) -> None:
    await world.control({"kubernetes": {"latency_ms": 60_000}})
    begun = monotonic()
    error = await refusal("kubernetes.deployment", cluster(world), name=NAME)
    assert isinstance(error, TimedOut)
    assert monotonic() - begun < 30


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ({"server": "http://10.0.0.5:6443", "token": "s3same"}, "the token would leak"),
        ({"server": "https://10.0.0.5:6443"}, "needs a token"),
        ({"kubeconfig": "/nowhere", "in_cluster": True}, "exactly one of"),
        ({}, "exactly one of"),
    ],
)
async def test_an_unsafe_or_ambiguous_address_is_refused(address: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as caught:
        await read("kubernetes.pods", {"namespace": "production", **address}, selector="app=x")
    assert "s3same" not in str(caught.value)


@pytest.mark.parametrize("access", [{"in_cluster": True}, {"kubeconfig": "/nowhere/kubeconfig"}])
async def test_an_access_that_cannot_be_loaded_is_told(access: dict[str, object]) -> None:
    error = await refusal("kubernetes.pods", {"namespace": "production", **access}, selector="app=x")
    assert "cannot be loaded" in spoken(error)


async def test_a_kubeconfig_file_leads_to_the_same_cluster(world: World, tmp_path: Path) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(
        f"""
        apiVersion: v1
        kind: Config
        clusters: [{{name: sandbox, cluster: {{server: "{world.kubernetes_url}"}}}}]
        users: [{{name: reader, user: {{token: "{world.kubernetes_readonly_token}"}}}}]
        contexts: [{{name: production, context: {{cluster: sandbox, user: reader}}}}]
        """
    )
    address = {"namespace": "production", "kubeconfig": str(path), "context": "production"}
    assert measured(await read("kubernetes.deployment", address, name=NAME))["ready"] == 3


async def test_pods_want_either_a_deployment_or_a_selector(world: World) -> None:
    with pytest.raises(ValidationError, match="give either deployment or selector"):
        await read("kubernetes.pods", cluster(world), deployment=NAME, selector="app=x")
