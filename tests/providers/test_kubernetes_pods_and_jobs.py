"""The Kubernetes actions on pods, jobs and evidence against the emulated cluster."""

from collections.abc import AsyncIterator
from pathlib import Path

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
    preview,
    refusal,
    refused,
    warnings,
)
from readings import spoken

from bot.core.text import Text
from sandbox.world.kubernetes.resources import CRON_JOBS, JOBS, PODS
from sandbox.world.seed import NAMESPACE


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        yield opened


def folders(path: Path) -> list[Path]:
    return list(path.iterdir())


async def test_a_declared_job_runs_once_to_its_end(room: Room) -> None:
    address, given = room.address(), {"job": "backup-postgresql"}
    shown = await preview("run_job", address, given)
    assert lines(shown)["image"] == ("", "backup-postgresql:1.4.0")
    told: list[str] = []
    done = await execute("run_job", address, given, shown, told)
    (job,) = room.store.listing(JOBS, NAMESPACE)
    assert done == f"{job['metadata']['name']} is complete"
    assert told == [f"{job['metadata']['name']} has started"]
    assert job["metadata"]["ownerReferences"][0]["name"] == "backup-postgresql"
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "backup-postgresql:1.4.0"


async def test_a_job_that_fails_runs_already_or_does_not_exist_is_told(room: Room) -> None:
    cron_job = room.store.read(CRON_JOBS, NAMESPACE, "crm-resync")
    cron_job["spec"]["suspend"] = True
    cron_job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["image"] = "crm-resync:broken"
    cron_job = room.store.replace(CRON_JOBS, cron_job)
    address, given = room.address(), {"job": "crm-resync"}
    shown = await preview("run_job", address, given)
    assert "is suspended" in warnings(shown)[0]
    assert "has failed; look at the logs" in spoken(await refusal(execute("run_job", address, given, shown)))
    owner = {"uid": cron_job["metadata"]["uid"], "controller": True}
    running = {"metadata": {"name": "by-hand", "namespace": NAMESPACE, "ownerReferences": [owner]}, "status": {}}
    template = cron_job["spec"]["jobTemplate"]["spec"]
    template["template"]["spec"]["containers"][0]["image"] = "crm-resync:slow"
    room.store.create(JOBS, {"kind": "Job", **running, "spec": template})
    assert await refused("run_job", room, given) == "crm-resync is running already: by-hand."
    assert await refused("run_job", room, {"job": "nothing"}) == "There is no cron job nothing in production."


async def test_a_job_that_is_gone_before_its_end_was_seen_is_not_called_complete_or_failed(room: Room) -> None:
    address, given = room.address(), {"job": "backup-postgresql"}
    shown = await preview("run_job", address, given)

    async def clear_up(_: Text) -> None:
        (job,) = room.store.listing(JOBS, NAMESPACE)
        room.store.delete(JOBS, NAMESPACE, job["metadata"]["name"])

    found = change("run_job")
    wanted = found.parameters.model_validate(given)
    gone = found.execute(found.address.model_validate(address), wanted, shown, clear_up)
    assert spoken(await refusal(gone)).endswith("was started and is gone now; whether it was complete is not known.")


async def test_a_job_is_not_run_where_nobody_can_tell_whether_it_runs_already(room: Room) -> None:
    over = {"conditions": [{"type": "Complete", "status": "True"}]}
    for number in range(2001):
        metadata = {"name": f"old-{number}", "namespace": NAMESPACE}
        room.store.create(JOBS, {"kind": "Job", "metadata": metadata, "status": over})
    assert await refused("run_job", room, {"job": "backup-postgresql"}) == (
        "There are more than 2000 objects `jobs.batch` in production, too many to be sure of anything."
    )


async def test_the_worst_pod_is_deleted_and_comes_back(room: Room) -> None:
    assert "No pod of agente-api stands out" in await refused("delete_pod", room, {"deployment": NAME})
    bad = room.pods()[1]
    bad["status"]["containerStatuses"][0]["restartCount"] = 4
    room.store.replace(PODS, bad)
    name, address = bad["metadata"]["name"], room.address()
    shown = await preview("delete_pod", address, {"deployment": NAME})
    assert shown.arguments["pod"] == name
    assert lines(shown)["pod"] == (f"{name}: ready, 4 restarts", "-")
    done = await execute("delete_pod", address, {"deployment": NAME}, shown)
    assert done == f"{name} was deleted, 3 of 3 pods ready"
    assert name not in room.pod_names()
    assert room.writes() == [("evict", "pods", name)]


async def test_the_pod_of_a_stateful_set_comes_back_under_its_name(room: Room) -> None:
    assert await refused("delete_pod", room, {"pod": "postgresql-0"}) == (
        "postgresql-0 is the only one that does its work."
    )
    before = room.pods("postgresql")[0]["metadata"]["uid"]
    given: Given = {"pod": "postgresql-0", "allow_single": True}
    assert await do("delete_pod", room, given) == "postgresql-0 was deleted, 1 of 1 pods ready"
    after = room.pods("postgresql")[0]["metadata"]
    assert (after["name"], after["uid"] == before) == ("postgresql-0", False)


async def test_a_pod_is_not_deleted_while_others_are_not_ready_or_a_budget_needs_it(room: Room) -> None:
    room.edit(NAME, lambda one: one["spec"].update(replicas=2))
    await eventually(lambda: len(room.pods()) == 2)
    words = await refused("delete_pod", room, {"pod": room.pod_names()[0]})
    assert "disruption budget" in words
    assert "needs 2 healthy pods and has 2" in words
    room.deploy("agente-api:2.5.0-broken")
    await eventually(lambda: len(room.pods()) == 3)
    healthy = next(pod for pod in room.pods() if pod["spec"]["containers"][0]["image"] == "agente-api:2.4.0")
    words = await refused("delete_pod", room, {"deployment": NAME, "pod": healthy["metadata"]["name"]})
    assert words.startswith("Only 1 of the 2 other pods are ready")


async def test_a_pod_that_nobody_would_bring_back_or_that_is_another_one_now_is_left_alone(room: Room) -> None:
    bare = room.pods("redis")[0]
    bare["metadata"] |= {"name": "debug", "ownerReferences": [], "labels": {"app": "redis"}}
    room.store.create(PODS, bare)
    assert "no workload owns it" in await refused("delete_pod", room, {"pod": "debug"})
    assert "agente-api has no pod debug" in await refused("delete_pod", room, {"pod": "debug", "deployment": NAME})
    address, given = room.address(), {"pod": "postgresql-0", "allow_single": True}
    shown = await preview("delete_pod", address, given)
    room.store.delete(PODS, NAMESPACE, "postgresql-0")
    await eventually(lambda: len(room.pods("postgresql")) == 1)
    assert "no longer looks" in spoken(await refusal(execute("delete_pod", address, given, shown)))
    assert room.writes() == []
