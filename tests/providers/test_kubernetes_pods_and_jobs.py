"""The Kubernetes actions on pods, jobs and evidence against the emulated cluster."""

import hashlib
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kubernetes_room import (
    NAME,
    Given,
    Room,
    do,
    eventually,
    execute,
    lines,
    open_room,
    preview,
    refusal,
    refused,
    until,
    warnings,
)
from readings import read, spoken

from bot.core.errors import Denied
from sandbox.world.kubernetes.pod_logs import FAKE_EMAIL, FAKE_TOKEN, Said
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


async def test_evidence_is_kept_masked_with_checksums_that_hold(room: Room, tmp_path: Path) -> None:
    room.deploy("agente-api:2.5.0-broken")
    address, given = room.address("plantao-read"), {"deployment": NAME, "folder": str(tmp_path)}
    await until(lambda: read("kubernetes.pods", address, deployment=NAME), lambda one: one["crash_looping"] == 1)
    room.cluster.said.append(Said(NAME, f"hello {FAKE_EMAIL} {FAKE_TOKEN}", datetime.now(UTC)))
    shown = await preview("capture_evidence", address, given)
    assert lines(shown)["logs to be kept"] == ("", "4")
    assert folders(tmp_path) == []
    done = await execute("capture_evidence", address, given, shown)
    (folder,) = folders(tmp_path)
    assert folder.name.startswith("agente-api-")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    sums = files.pop("SHA256SUMS")
    assert done.endswith(hashlib.sha256(sums).hexdigest())
    told = dict(reversed(line.split("  ")) for line in sums.decode().splitlines())
    assert told == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    everything = b"\n".join(files.values()).decode()
    assert "KeyError: 'LLM_API_BASE'" in everything
    assert "***@example.com" in everything
    for secret in (FAKE_EMAIL, FAKE_TOKEN, "DB_POOL_SIZE", "CACHE_TTL"):
        assert secret not in everything
    assert len([name for name in files if name.endswith(".json")]) == 4
    assert len([name for name in files if name.endswith(".previous.log")]) == 1
    assert "previous terminated container" in files["no-previous.log.txt"].decode()
    assert room.writes() == []


async def test_evidence_needs_a_folder_of_its_own_and_pods(room: Room, tmp_path: Path) -> None:
    words = await refused("capture_evidence", room, {"deployment": NAME, "folder": f"{tmp_path}/nowhere"})
    assert words.endswith("does not exist where the bot runs.")
    assert await refused("capture_evidence", room, {"selector": "app=x", "folder": str(tmp_path)}) == (
        "There is no such pod."
    )
    address = room.address(without=lambda rule: rule["resources"] == ["pods/log"])
    given: Given = {"deployment": NAME, "folder": str(tmp_path)}
    error = await refusal(
        execute("capture_evidence", address, given, await preview("capture_evidence", address, given))
    )
    assert isinstance(error, Denied)
    assert folders(tmp_path) == []


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
