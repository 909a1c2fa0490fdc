"""Kubernetes: a change whose answer is lost and that arrives late is looked for until it is there, and sent once."""

import pytest
from kubernetes_room import NAME, Given, execute, late, open_room, preview
from test_kubernetes_copy_pod import COPY, PROFILING

CHANGES: list[tuple[str, Given, tuple[str, str]]] = [
    ("copy_pod", PROFILING, ("create", "pods")),
    ("run_job", {"job": "backup-postgresql"}, ("create", "jobs")),
    ("scale", {"name": NAME, "replicas": 4}, ("patch", "deployments")),
    ("autoscale", {"deployment": NAME, "min": 2, "max": 6, "cpu_percent": 70}, ("create", "horizontalpodautoscalers")),
]


@pytest.mark.parametrize(("name", "given", "write"), CHANGES, ids=[name for name, _, _ in CHANGES])
async def test_a_change_that_arrives_after_its_answer_was_lost_is_found(
    name: str, given: Given, write: tuple[str, str]
) -> None:
    async with open_room() as room, late(room, looks=2) as address:
        shown = await preview(name, address, given)
        assert await execute(name, address, given, shown)
        assert [(verb, resource) for verb, resource, _ in room.writes()] == [write]


async def test_a_copy_that_goes_late_is_told_as_taken_away() -> None:
    async with open_room() as room, late(room, looks=2) as address:
        await execute("copy_pod", room.address(), PROFILING, await preview("copy_pod", address, PROFILING))
        back: Given = PROFILING | {"remove": True}
        said = await execute("copy_pod", address, back, await preview("copy_pod", address, back))
        assert said == f"{COPY} was taken away"
        assert COPY not in room.pod_names()
