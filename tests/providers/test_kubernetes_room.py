"""Whether the nodes have room, on the emulated cluster, whose scheduler leaves a pod waiting that finds none."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from kubernetes_room import NAME, Room, eventually, open_room
from pydantic import ValidationError
from readings import measured, read, refusal, spoken, summary

from bot.core.errors import Denied, TargetError
from bot.core.findings import Reading
from sandbox.world.kubernetes.nodes import fill_nodes
from sandbox.world.kubernetes.resources import NODES, PODS, Document
from sandbox.world.seed import NAMESPACE

GIBI = 1024


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    """Three nodes of 16 processors and 64 GiB, with three pods on one and two on each of the others."""
    async with open_room() as opened:
        yield opened


async def asked(room: Room, **given: object) -> Reading:
    return await read("kubernetes.room", room.address("plantao-read", "plantao-nodes"), name=NAME, **given)


async def missing(room: Room, **given: object) -> object:
    return measured(await asked(room, **given))["missing"]


def change_node(room: Room, name: str, change: Callable[[Document], object]) -> None:
    node = room.store.read(NODES, "", name)
    change(node)
    room.store.replace(NODES, node)


async def test_room_is_what_nodes_offer_less_what_the_pods_there_ask_for(room: Room) -> None:
    reading = await asked(room)
    assert summary(reading) == "89 more pods of 500m CPU, 1024 MiB fit on 3 nodes; a rollout of 3 finds room"
    assert measured(reading) == {
        "fits": 89,
        "wanted": 3,
        "missing": 0,
        "nodes": 3,
        "left_out": 0,
        "free_cpu_m": 3 * 16_000 - 7 * 500,
        "free_memory_mb": (3 * 64 - 7) * GIBI,
        "waiting": 0,
    }
    assert reading.evidence[0] == "node-b  free 15000m CPU, 63488 MiB, 108 pods  room for 30"
    assert reading.evidence[-1].startswith("not counted: affinity")


async def test_pods_are_counted_node_by_node_and_the_scheduler_agrees(room: Room) -> None:
    fill_nodes(room.store, 88)  # 420, 920 and 920 of 16,000 are left: four pods by their sum, and two in truth
    reading = await asked(room, replicas=6)
    assert (measured(reading)["fits"], measured(reading)["missing"]) == (2, 1)
    assert summary(reading) == "2 more pods of 500m CPU, 1024 MiB fit on 3 nodes, and 3 are wanted: 1 find no room"
    assert await missing(room, replicas=5) == 0
    assert await missing(room, replicas=2) == 0
    room.edit(NAME, lambda one: one["spec"].update(replicas=6))
    await eventually(lambda: len(room.pods()) == 6)
    assert sum("nodeName" not in pod["spec"] for pod in room.pods()) == 1
    assert measured(await asked(room))["waiting"] == 1
    fill_nodes(room.store, 0)
    await eventually(lambda: [pod["status"]["phase"] for pod in room.pods()] == ["Running"] * 6)


async def test_a_rollout_with_bigger_pods_is_played_through_pod_by_pod(room: Room) -> None:
    fill_nodes(room.store, 80)
    assert await missing(room, requests_cpu="2200m") == 0
    change_node(room, "node-c", lambda node: node["spec"].update(unschedulable=True))
    reading = await asked(room, requests_cpu="2200m")
    assert summary(reading).endswith("on 2 nodes; a rollout stops after 2 of 3")
    assert await missing(room, requests_cpu="2300m") == 3
    assert await missing(room, requests_memory="63Gi") == 3
    assert await missing(room, requests_cpu="none", limits_cpu="9") == 3


@pytest.mark.parametrize(
    ("strategy", "cpu", "expected"),
    [
        ({"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}, "1800m", 3),
        ({"rollingUpdate": {"maxSurge": "10%", "maxUnavailable": "70%"}}, "1800m", 1),
        ({"type": "Recreate"}, "1800m", 1),
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, "1800m", 3),
        # Neither more nor fewer is none at all: Kubernetes then lets one go.
        ({"rollingUpdate": {"maxSurge": 0, "maxUnavailable": "10%"}}, "1500m", 0),
    ],
)
async def test_what_may_go_first_makes_room_for_what_comes(
    strategy: dict[str, Any], cpu: str, expected: int, room: Room
) -> None:
    fill_nodes(room.store, 84)  # 1,060, 1,560 and 1,560 are left
    if cpu == "1800m":
        change_node(room, "node-a", lambda node: node["spec"].update(unschedulable=True))
    room.edit(NAME, lambda one: one["spec"].update(strategy=strategy))
    assert await missing(room, requests_cpu=cpu) == expected


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda node: node["spec"].update(unschedulable=True), "cordoned"),
        (lambda node: node["status"].update(conditions=[{"type": "Ready", "status": "Unknown"}]), "not ready"),
        (lambda node: node["spec"].update(taints=[{"key": "gpu", "effect": "NoSchedule"}]), "taint gpu"),
    ],
)
async def test_a_node_that_takes_no_pods_is_left_out_and_says_why(
    change: Callable[[Document], object], why: str, room: Room
) -> None:
    change_node(room, "node-b", change)
    reading = await asked(room)
    assert (measured(reading)["fits"], measured(reading)["left_out"]) == (59, 1)
    assert f"takes none: {why}" in reading.evidence[2]


async def test_taints_that_do_not_matter_and_labels_that_are_wanted_let_the_pods_in(room: Room) -> None:
    taints = [{"key": "gpu", "value": "a", "effect": "NoExecute"}, {"key": "soft", "effect": "PreferNoSchedule"}]
    change_node(room, "node-b", lambda node: node["spec"].update(taints=taints))
    tolerations = [{"key": "gpu", "operator": "Equal", "value": "a", "effect": "NoExecute"}]
    room.edit(NAME, lambda one: one["spec"]["template"]["spec"].update(tolerations=tolerations))
    assert measured(await asked(room))["nodes"] == 3
    only = {"kubernetes.io/hostname": "node-b"}
    room.edit(NAME, lambda one: one["spec"]["template"]["spec"].update(nodeSelector=only))
    assert measured(await asked(room))["nodes"] == 1


@pytest.mark.parametrize(
    ("spec", "size"),
    [
        ({"overhead": {"cpu": "100m", "memory": "16Mi"}}, "600m CPU, 1040 MiB"),
        ({"initContainers": [{"name": "a", "resources": {"requests": {"cpu": "2"}}}]}, "2000m CPU, 1024 MiB"),
        (
            {"initContainers": [{"name": "a", "restartPolicy": "Always", "resources": {"limits": {"memory": "1Gi"}}}]},
            "500m CPU, 2048 MiB",
        ),
        ({"resources": {"requests": {"cpu": "3"}}}, "3000m CPU, 1024 MiB"),
    ],
)
async def test_a_pods_size_is_what_the_scheduler_counts(spec: Document, size: str, room: Room) -> None:
    room.edit(NAME, lambda one: one["spec"]["template"]["spec"].update(spec))
    assert f"more pods of {size} fit" in summary(await asked(room))


async def test_pods_that_have_ended_hold_no_room_and_places_for_pods_run_out(room: Room) -> None:
    fill_nodes(room.store, 88)
    for pod in room.store.listing(PODS, "default"):
        pod["status"]["phase"] = "Succeeded"
        room.store.replace(PODS, pod)
    assert measured(await asked(room))["fits"] == 89
    change_node(room, "node-b", lambda node: node["status"]["allocatable"].update(pods="4"))
    assert measured(await asked(room))["fits"] == 89 - 30 + 2


@pytest.mark.parametrize("resource", ["nodes", "pods"])
async def test_without_the_cluster_role_it_is_told_what_to_grant(resource: str, room: Room) -> None:
    token = "only-one"
    rules = [{"apiGroups": [""], "resources": ["nodes", "pods"], "verbs": ["list"]}]
    rules[0]["resources"] = [one for one in ("nodes", "pods") if one != resource]
    own = [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]
    own += [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    room.cluster.access.admit(token, "plantao", NAMESPACE, own, rules)
    error = await refusal("kubernetes.room", {**room.address(), "token": token}, name=NAME)
    assert isinstance(error, Denied)
    assert f"let this account `list` `{resource}` in all of the cluster. Bind it to a ClusterRole" in spoken(error)


async def test_more_pods_than_can_be_counted_are_too_many_to_be_sure(room: Room) -> None:
    for number in range(2001):
        metadata = {"name": f"tiny-{number}", "namespace": "default", "labels": {}}
        status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}], "containerStatuses": [{}]}
        room.store.create(PODS, {"metadata": metadata, "spec": {"containers": []}, "status": status})
    error = await refusal("kubernetes.room", room.address("plantao-read", "plantao-nodes"), name=NAME)
    assert type(error) is TargetError
    assert "more than 2000 objects `pods`" in spoken(error)


@pytest.mark.parametrize(
    "given", [{"replicas": ""}, {"replicas": "-1"}, {"requests_cpu": ""}, {"limits_memory": "8" * 20}]
)
async def test_a_guard_that_takes_what_is_not_there_is_no_guard(given: dict[str, object], room: Room) -> None:
    with pytest.raises(ValidationError):
        await asked(room, **given)
