"""The Kubernetes actions against the emulated cluster: shown exactly, done once, seen by their effect, undone."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from kubernetes_room import (
    NAME,
    Given,
    Room,
    change,
    do,
    eventually,
    execute,
    lines,
    open_room,
    overtaken,
    preview,
    refusal,
    refused,
    settled,
    warnings,
)
from pydantic import ValidationError
from readings import spoken

from bot.core.errors import Denied, TimedOut, Unreachable
from sandbox.world.kubernetes.companions import autoscaler
from sandbox.world.kubernetes.pod_logs import FAKE_TOKEN
from sandbox.world.kubernetes.resources import AUTOSCALERS, PODS
from sandbox.world.seed import NAMESPACE
from tests.ports import NOBODY

SET_TTL: Given = {"name": NAME, "variable": "CACHE_TTL", "value": "3600", "allowed": ["CACHE_TTL"], "pattern": r"\d+"}
SET_IMAGE: Given = {"name": NAME, "image": "agente-api:2.3.1", "known": ["agente-api:2.3.1", "agente-api:2.4.0"]}
MORE_MEMORY: Given = {"name": NAME, "limits_memory": "8Gi"}
CANARY: Given = {"share": 5, "stable": NAME, "canary": "agente-api-canary", "ingress": "agente-api-canary"}
# Each action with what it asks and the right without which it cannot be proposed, as the refusal names it.
CHANGES: list[tuple[str, Given, str, str]] = [
    ("restart", {"name": NAME}, "patch", "deployments.apps"),
    ("scale", {"name": NAME, "replicas": 5}, "patch", "deployments.apps/scale"),
    ("set_env", SET_TTL, "patch", "deployments.apps"),
    ("set_image", SET_IMAGE, "patch", "deployments.apps"),
    ("delete_pod", {"pod": "postgresql-0", "allow_single": True}, "create", "pods/eviction"),
    ("patch_resources", MORE_MEMORY, "patch", "deployments.apps"),
    ("autoscale", {"deployment": NAME, "min": 3, "max": 8, "cpu_percent": 70}, "create", "horizontalpodautoscalers"),
    ("run_job", {"job": "backup-postgresql"}, "create", "jobs.batch"),
    ("canary", CANARY, "patch", "ingresses.networking.k8s.io"),
]
ROLLING = [change for change in CHANGES if change[3] == "deployments.apps"]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        yield opened


def variables(room: Room) -> dict[str, str]:
    return {one["name"]: one.get("value", "-") for one in room.container()["env"]}


@pytest.mark.parametrize(("name", "given", "verb", "resource"), CHANGES)
async def test_a_preview_changes_nothing_and_its_arguments_are_parameters_again(
    name: str, given: Given, verb: str, resource: str, room: Room
) -> None:
    address = room.address()
    shown = await preview(name, address, given)
    assert room.writes() == []
    assert all(isinstance(value, str) for value in (*shown.arguments.values(), *shown.state.values()))
    change(name).parameters.model_validate(shown.arguments)
    again = await preview(name, address, {**given, **shown.arguments})
    assert again.fingerprint == shown.fingerprint


@pytest.mark.parametrize(("name", "given", "verb", "resource"), CHANGES)
async def test_without_its_right_the_preview_names_what_to_grant(
    name: str, given: Given, verb: str, resource: str, room: Room
) -> None:
    error = await refusal(preview(name, room.address("plantao-read"), given))
    if name == "run_job":
        assert "`get` `cronjobs.batch`" in spoken(error)
        reader = room.address(without=lambda rule: rule["resources"] == ["jobs"])
        assert "`list` `jobs.batch` in production" in spoken(await refusal(preview(name, reader, given)))
        return
    assert isinstance(error, Denied)
    assert f"`{verb}` `{resource}" in spoken(error)


@pytest.mark.parametrize(("name", "given", "verb", "resource"), CHANGES)
async def test_a_dead_cluster_or_a_wrong_token_ends_the_preview(
    name: str, given: Given, verb: str, resource: str, room: Room
) -> None:
    nowhere = {"server": f"http://127.0.0.1:{NOBODY}", "token": "s3same", "namespace": NAMESPACE}
    assert isinstance(await refusal(preview(name, nowhere, given)), Unreachable)
    stranger = {**room.address(), "token": "s3same"}
    assert isinstance(await refusal(preview(name, stranger, given)), Denied)


async def test_a_hung_cluster_ends_every_preview_in_time(room: Room) -> None:
    room.cluster.faults.latency_seconds = 60
    address, begun = room.address(), monotonic()
    errors = await asyncio.gather(*(refusal(preview(name, address, given)) for name, given, *_ in CHANGES))
    assert {type(error) for error in errors} == {TimedOut}
    assert monotonic() - begun < 30


@pytest.mark.parametrize(("name", "given", "verb", "resource"), ROLLING)
async def test_a_template_that_changed_since_the_preview_is_not_touched(
    name: str, given: Given, verb: str, resource: str, room: Room
) -> None:
    address = room.address()
    shown = await preview(name, address, given)
    room.deploy("agente-api:2.4.1")
    error = await refusal(execute(name, address, given, shown))
    assert spoken(error) == "agente-api no longer looks as it was shown; nothing was done."
    assert room.writes() == []


@pytest.mark.parametrize(("name", "given", "verb", "resource"), CHANGES)
async def test_a_lost_answer_is_found_out_by_looking_and_nothing_is_sent_twice(
    name: str, given: Given, verb: str, resource: str, room: Room
) -> None:
    address = room.address()
    shown = await preview(name, address, given)
    room.cluster.faults.lose_answers = 1
    await execute(name, address, given, shown)
    assert len(room.writes()) == 1


@pytest.mark.parametrize(("name", "given", "verb", "resource"), ROLLING)
async def test_a_paused_rollout_is_refused(name: str, given: Given, verb: str, resource: str, room: Room) -> None:
    room.edit(NAME, lambda one: one["spec"].update(paused=True))
    assert await refused(name, room, given) == "The rollout of agente-api is paused; resume it first."


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("scale", {"name": NAME, "replicas": 5}),
        ("scale", {"name": "redis", "replicas": 5}),
        ("set_env", SET_TTL),
        ("autoscale", {"deployment": "agente-worker", "min": 1, "max": 8}),
        ("delete_pod", {"pod": "postgresql-0", "allow_single": True}),
    ],
)
async def test_a_change_in_the_very_moment_is_not_overwritten(name: str, given: Given, room: Room) -> None:
    room.edit("redis", lambda one: one["spec"].update(replicas=0))
    room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, "agente-worker", 1, 4))
    postgresql = room.pods("postgresql")[0]

    def somebody_else() -> None:
        for deployment in (NAME, "redis"):
            room.edit(deployment, lambda one: one["spec"].update(replicas=2))
        room.deploy("agente-api:2.4.1")
        bounds = room.store.read(AUTOSCALERS, NAMESPACE, "agente-worker")
        bounds["spec"]["maxReplicas"] = 3
        room.store.replace(AUTOSCALERS, bounds)
        room.store.delete(PODS, NAMESPACE, "postgresql-0")
        room.store.create(PODS, postgresql)

    await settled(room, "redis")
    async with overtaken(room, somebody_else) as address:
        error = await refusal(execute(name, address, given, await preview(name, address, given)))
    assert "was changed meanwhile; nothing was done" in spoken(error)
    assert room.writes() == []


async def test_a_restart_replaces_every_pod_with_one_patch(room: Room) -> None:
    before, told, address = set(room.pod_names()), list[str](), room.address()
    shown = await preview("restart", address, {"name": NAME})
    assert lines(shown)["pods"] == ("3", "3")
    done = await execute("restart", address, {"name": NAME}, shown, told)
    assert done == "agente-api was restarted, 3 of 3 pods ready"
    assert not before & set(room.pod_names())
    assert room.writes() == [("patch", "deployments", NAME)]
    assert told[-1] == "3 of 3 pods of agente-api run agente-api:2.4.0, 3 ready"
    assert room.deployment()["metadata"]["annotations"]["kubernetes.io/change-cause"] == "Plantão: restart"


async def test_a_lone_pod_is_restarted_only_when_the_catalog_allows_it(room: Room) -> None:
    assert "would interrupt agente-worker: its 1 pods" in await refused("restart", room, {"name": "agente-worker"})
    done = await do("restart", room, {"name": "agente-worker", "allow_single": True})
    assert done == "agente-worker was restarted, 1 of 1 pods ready"
    room.edit(NAME, lambda one: one["spec"].update(strategy={"type": "Recreate"}))
    assert "at the same time" in await refused("restart", room, {"name": NAME})
    room.edit("redis", lambda one: one["spec"].update(replicas=0))
    assert "nothing to restart" in await refused("restart", room, {"name": "redis", "allow_single": True})


async def test_a_restart_of_pods_that_do_not_start_fails_with_the_counts(room: Room) -> None:
    room.edit(NAME, lambda one: one["spec"].update(progressDeadlineSeconds=1))
    address = room.address()
    shown = await preview(
        "set_image", address, {**SET_IMAGE, "image": "agente-api:2.5.0-broken", "known": ["agente-api:2.5.0-broken"]}
    )
    error = await refusal(execute("set_image", address, {**SET_IMAGE, "known": ["agente-api:2.5.0-broken"]}, shown))
    assert spoken(error) == (
        "The change of agente-api was accepted, but its pods do not start: 1 of 3 updated, 1 not available."
    )


async def test_scaling_makes_the_pods_and_its_undo_takes_them_away(room: Room) -> None:
    given, address = {"name": NAME, "replicas": 5, "max": 20}, room.address()
    shown = await preview("scale", address, given)
    assert lines(shown) == {"pods": ("3", "5")}
    assert await execute("scale", address, given, shown) == "agente-api has 5 pods, 5 ready"
    assert len(room.pods()) == 5
    assert shown.undo == {"name": NAME, "replicas": "3"}
    assert await do("scale", room, {**given, **shown.undo}) == "agente-api has 3 pods, 3 ready"
    assert room.writes() == [("patch", "deployments", NAME)] * 2


async def test_scaling_to_nought_and_back_again(room: Room) -> None:
    address, given = room.address(), {"name": "agente-worker", "replicas": 0}
    shown = await preview("scale", address, given)
    assert warnings(shown) == ["With no pod at all the service is down."]
    await execute("scale", address, given, shown)
    assert room.pods("agente-worker") == []
    assert await do("scale", room, {"name": "agente-worker", **shown.undo}) == "agente-worker has 1 pods, 1 ready"


async def test_scaling_keeps_to_its_bounds_and_to_the_autoscaler(room: Room) -> None:
    assert "may have 2 to 4 pods, not 5" in await refused(
        "scale", room, {"name": NAME, "replicas": 5, "min": 2, "max": 4}
    )
    assert "wants 3 pods already" in await refused("scale", room, {"name": NAME, "replicas": 3})
    outside = await preview("scale", room.address(), {"name": NAME, "replicas": 5, "min": 4, "max": 20})
    assert outside.undo == {}
    assert "outside of the allowed bounds" in warnings(outside)[0]
    room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, NAME, 3, 10))
    words = await refused("scale", room, {"name": NAME, "replicas": 5})
    assert words.startswith("An autoscaler decides how many pods agente-api has (3 to 10)")
    allowed = await preview("scale", room.address(), {"name": NAME, "replicas": 5, "allow_autoscaled": True})
    assert warnings(allowed) == ["The autoscaler may change the number again at any time."]


async def test_a_number_of_pods_that_changed_since_the_preview_is_not_touched(room: Room) -> None:
    address, given = room.address(), {"name": NAME, "replicas": 5}
    shown = await preview("scale", address, given)
    room.edit(NAME, lambda one: one["spec"].update(replicas=4))
    assert "no longer looks as it was shown" in spoken(await refusal(execute("scale", address, given, shown)))
    assert room.writes() == []


async def test_an_allowed_variable_is_set_with_one_rollout_and_put_back(room: Room) -> None:
    address = room.address()
    shown = await preview("set_env", address, SET_TTL)
    assert lines(shown)["CACHE_TTL"] == ("1800", "3600")
    done = await execute("set_env", address, SET_TTL, shown)
    assert done == "CACHE_TTL of agente-api is 3600, 3 of 3 pods ready"
    assert {one["name"]: one["value"] for one in room.pods()[0]["spec"]["containers"][0]["env"]}["CACHE_TTL"] == "3600"
    assert room.writes() == [("patch", "deployments", NAME)]
    await do("set_env", room, {**SET_TTL, **shown.undo})
    assert variables(room) == {"ENVIRONMENT": "production", "DB_POOL_SIZE": "20", "CACHE_TTL": "1800"}


async def test_a_new_variable_is_added_and_its_undo_removes_it(room: Room) -> None:
    given: Given = {"name": "redis", "variable": "LOG_LEVEL", "value": "debug", "choices": ["debug", "info"]}
    given["allowed"], address = ["LOG_LEVEL"], room.address()
    shown = await preview("set_env", address, given)
    assert lines(shown)["LOG_LEVEL"] == ("-", "debug")
    await execute("set_env", address, given, shown)
    assert room.container("redis")["env"] == [{"name": "LOG_LEVEL", "value": "debug"}]
    assert shown.undo["remove"] == "true"
    await do("set_env", room, {**given, **shown.undo})
    assert room.container("redis")["env"] == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"allowed": []}, "CACHE_TTL is not among the variables that the catalog lets be set: -."),
        ({"value": "soon"}, r"CACHE_TTL takes \d+, not “soon”."),
        ({"value": "60", "choices": ["1800", "3600"]}, "CACHE_TTL takes 1800, 3600, not “60”."),
        ({"value": "1800"}, "CACHE_TTL of agente-api is so already."),
        ({"value": FAKE_TOKEN, "pattern": ""}, "This looks like a secret. Change secrets in their store, never here."),
        ({"container": "nobody"}, "There is no container nobody; there are agente-api."),
    ],
)
async def test_a_variable_or_value_that_is_not_allowed_is_refused(given: Given, sentence: str, room: Room) -> None:
    assert await refused("set_env", room, {**SET_TTL, **given}) == sentence


async def test_a_variable_that_comes_from_a_secret_is_left_alone(room: Room) -> None:
    reference = {"secretKeyRef": {"name": "crm-credentials", "key": "api-key"}}
    room.edit(
        NAME,
        lambda one: one["spec"]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "CRM", "valueFrom": reference}
        ),
    )
    words = await refused("set_env", room, {"name": NAME, "variable": "CRM", "value": "x", "allowed": ["CRM"]})
    assert words == "CRM of agente-api comes from a Secret or ConfigMap; change it there."


async def test_a_present_value_that_is_a_secret_is_never_shown_and_cannot_be_undone(room: Room) -> None:
    room.edit(
        NAME,
        lambda one: one["spec"]["template"]["spec"]["containers"][0]["env"].append(
            {"name": "LLM_MODEL", "value": FAKE_TOKEN}
        ),
    )
    given: Given = {"name": NAME, "variable": "LLM_MODEL", "value": "gpt-4o-mini", "allowed": ["LLM_MODEL"]}
    shown = await preview("set_env", room.address(), given)
    assert lines(shown)["LLM_MODEL"] == ("***", "gpt-4o-mini")
    assert shown.undo == {}
    assert FAKE_TOKEN not in repr(shown)
    assert "go back with a rollback instead" in warnings(shown)[-1]


async def test_a_known_image_is_set_and_put_back(room: Room) -> None:
    address = room.address()
    shown = await preview("set_image", address, SET_IMAGE)
    assert lines(shown)["image"] == ("agente-api:2.4.0", "agente-api:2.3.1")
    assert "is a tag, which may be moved" in warnings(shown)[0]
    done = await execute("set_image", address, SET_IMAGE, shown)
    assert done == "agente-api runs agente-api:2.3.1, 3 of 3 pods ready"
    assert {pod["spec"]["containers"][0]["image"] for pod in room.pods()} == {"agente-api:2.3.1"}
    await do("set_image", room, {**SET_IMAGE, **shown.undo})
    assert room.container()["image"] == "agente-api:2.4.0"


async def test_an_image_that_is_not_known_to_be_good_is_refused(room: Room) -> None:
    words = await refused("set_image", room, {**SET_IMAGE, "image": "agente-api:9"})
    assert words.startswith("agente-api:9 is not in the catalog's list of known good images")
    assert await refused("set_image", room, {**SET_IMAGE, "image": "agente-api:2.4.0"}) == (
        "agente-api runs agente-api:2.4.0 already."
    )
    unknown = await preview("set_image", room.address(), {**SET_IMAGE, "known": ["agente-api:2.3.1"]})
    assert unknown.undo == {}


async def test_resources_are_changed_and_put_back(room: Room) -> None:
    address, given = room.address(), {"name": NAME, "requests_cpu": "2", "limits_cpu": "4", "limits_memory": "8Gi"}
    shown = await preview("patch_resources", address, given)
    assert lines(shown) == {
        "requests cpu": ("500m", "2"),
        "limits cpu": ("1", "4"),
        "limits memory": ("2Gi", "8Gi"),
    }
    assert await execute("patch_resources", address, given, shown) == (
        "agente-api has its new resources, 3 of 3 pods ready"
    )
    wanted = {"requests": {"cpu": "2", "memory": "1Gi"}, "limits": {"cpu": "4", "memory": "8Gi"}}
    assert all(pod["spec"]["containers"][0]["resources"] == wanted for pod in room.pods())
    await do("patch_resources", room, dict(shown.undo))
    assert room.container()["resources"]["limits"] == {"cpu": "1", "memory": "2Gi"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"limits_memory": "2Gi"}, "has these resources already"),
        ({"requests_memory": "3Gi"}, "ask for more memory than they may use: 3Gi of 2Gi"),
        ({"limits_memory": "16Gi", "max_memory": "8Gi"}, "limits memory of 16Gi is more than the catalog allows: 8Gi"),
    ],
)
async def test_resources_that_make_no_sense_are_refused(given: Given, words: str, room: Room) -> None:
    assert words in await refused("patch_resources", room, {"name": NAME, **given})


async def test_an_autoscaler_is_changed_and_put_back_and_the_pods_follow(room: Room) -> None:
    room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, NAME, 3, 10))
    address, given = room.address(), {"deployment": NAME, "min": 5, "max": 20, "cpu_percent": 60}
    shown = await preview("autoscale", address, given)
    assert lines(shown) == {"at least": ("3", "5"), "at most": ("10", "20"), "processor, aimed at": ("70%", "60%")}
    assert "3 pods run now" in warnings(shown)[0]
    await execute("autoscale", address, given, shown)
    await eventually(lambda: len(room.pods()) == 5)
    assert shown.undo == {"deployment": NAME, "min": "3", "max": "10", "cpu_percent": "70"}
    await do("autoscale", room, dict(shown.undo))
    found = room.store.read(AUTOSCALERS, NAMESPACE, NAME)["spec"]
    assert (found["minReplicas"], found["maxReplicas"], len(found["metrics"])) == (3, 10, 1)


async def test_an_autoscaler_is_made_where_there_is_none(room: Room) -> None:
    given: Given = {"deployment": NAME, "min": 3, "max": 10}
    assert "needs `cpu_percent`" in await refused("autoscale", room, given)
    assert "is not possible" in await refused("autoscale", room, {**given, "max": 200, "cpu_percent": 70})
    shown = await preview("autoscale", room.address(), {**given, "cpu_percent": 70})
    assert shown.undo == {}
    await do("autoscale", room, {**given, "cpu_percent": 70})
    assert room.writes() == [("create", "horizontalpodautoscalers", NAME)]
    assert "is set so already" in await refused("autoscale", room, {**given, "cpu_percent": 70})


async def test_an_autoscaler_that_changed_since_the_preview_is_not_touched(room: Room) -> None:
    document = room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, NAME, 3, 10))
    address, given = room.address(), {"deployment": NAME, "min": 4, "max": 10}
    shown = await preview("autoscale", address, given)
    document = room.store.read(AUTOSCALERS, NAMESPACE, NAME)
    document["spec"]["maxReplicas"] = 6
    room.store.replace(AUTOSCALERS, document)
    assert "no longer looks" in spoken(await refusal(execute("autoscale", address, given, shown)))
    assert room.writes() == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("set_env", {**SET_TTL, "variable": "A=B"}),
        ("set_env", {**SET_TTL, "value": "a\nb"}),
        ("set_env", {**SET_TTL, "pattern": "("}),
        ("set_image", {**SET_IMAGE, "image": "-x"}),
        ("patch_resources", {"name": NAME}),
        ("patch_resources", {"name": NAME, "limits_cpu": "lots"}),
        ("delete_pod", {}),
        ("autoscale", {"deployment": NAME, "min": 0, "max": 3}),
        ("run_job", {"job": "a/../b"}),
        ("scale", {"name": NAME, "replicas": -1}),
        ("canary", {**CANARY, "canary": NAME}),
        ("canary", {**CANARY, "service": NAME}),
        ("canary", {**CANARY, "ingress": ""}),
        ("canary", {**CANARY, "steps": [5, 5, 100]}),
        ("canary", {**CANARY, "steps": [0, 100]}),
        ("canary", {**CANARY, "minutes": [60]}),
        ("canary", {**CANARY, "share": 101}),
    ],
)
async def test_parameters_that_cannot_be_meant_are_refused(name: str, given: Given, room: Room) -> None:
    with pytest.raises(ValidationError):
        await preview(name, room.address(), given)


async def test_an_owner_that_would_undo_a_change_is_warned_of(room: Room) -> None:
    room.edit(NAME, lambda one: one["metadata"]["labels"].update({"argocd.argoproj.io/instance": "agente"}))
    shown = await preview("set_env", room.address(), SET_TTL)
    assert warnings(shown) == ["Argo CD manages this deployment and may undo the change; make it there too."]


async def test_a_pod_of_two_containers_wants_to_know_which(room: Room) -> None:
    room.edit(
        NAME, lambda one: one["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "envoy:1"})
    )
    await settled(room)
    assert await refused("set_env", room, SET_TTL) == "Say which container: agente-api, proxy."
    shown = await preview("set_env", room.address(), {**SET_TTL, "container": NAME})
    assert shown.arguments["container"] == NAME
