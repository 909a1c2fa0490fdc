"""`kubernetes.copy_pod`: one more pod with one variable set otherwise, the others untouched, gone again afterwards."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

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
    settled,
    warnings,
)
from readings import measured, read, rendered, spoken

from bot.core.errors import Denied
from sandbox.world.kubernetes.pod_logs import Said
from sandbox.world.kubernetes.resources import PODS, Document
from sandbox.world.seed import NAMESPACE

COPY = "agente-api-plantao-copy"
PROFILING: Given = {
    "name": NAME,
    "variable": "MEMORY_PROFILING",
    "value": "true",
    "allowed": ["MEMORY_PROFILING"],
    "choices": ["true"],
    "seconds": 2400,
    "says": "memory profile written",
}


def copy(room: Room) -> Document:
    return room.store.read(PODS, NAMESPACE, COPY)


def settings(pod: Document) -> dict[str, str]:
    return {one["name"]: one["value"] for one in pod["spec"]["containers"][0]["env"]}


async def test_the_preview_names_the_copy_and_its_end_and_makes_nothing() -> None:
    async with open_room() as room:
        shown = await preview("copy_pod", room.address(), PROFILING)
        assert lines(shown) == {
            "copy of a pod": ("-", COPY),
            "MEMORY_PROFILING": ("-", "true"),
            "ends by itself after": ("", "40 min"),
        }
        assert warnings(shown) == ["It takes its part of the users' requests, as every pod does."]
        assert (room.writes(), COPY in room.pod_names()) == ([], False)


async def test_the_copy_profiles_while_the_pods_that_serve_stay_as_they_were() -> None:
    async with open_room() as room:
        before = room.pods()
        said = await do("copy_pod", room, PROFILING)
        assert said == f"{COPY} runs with MEMORY_PROFILING=true"
        assert room.writes() == [("create", "pods", COPY)]
        pod = copy(room)
        assert settings(pod) == settings(before[0]) | {"MEMORY_PROFILING": "true"}
        assert pod["spec"]["activeDeadlineSeconds"] == 2400
        assert [one["metadata"]["uid"] for one in room.pods() if one["metadata"]["name"] != COPY] == [
            one["metadata"]["uid"] for one in before
        ]
        counts = measured(await read("kubernetes.deployment", room.address(), name=NAME))
        assert (counts["desired"], counts["ready"]) == (3, 3), "no replica set took it for its own"
        assert pod["metadata"]["labels"] == {"app": NAME, "plantao/copy-of": NAME}


async def test_what_manages_the_deployment_is_warned_of_and_does_not_own_the_copy() -> None:
    def manage(deployment: Document) -> None:
        deployment["metadata"]["labels"]["argocd.argoproj.io/instance"] = "agente"
        template = deployment["spec"]["template"]["metadata"]
        template["labels"]["argocd.argoproj.io/instance"] = "agente"
        template["annotations"] = {"argocd.argoproj.io/tracking-id": "agente:apps", "sidecar": "no"}

    async with open_room() as room:
        room.edit(NAME, manage)
        await settled(room)
        shown = await preview("copy_pod", room.address(), PROFILING)
        assert "Argo CD manages this deployment and may undo the change; make it there too." in warnings(shown)
        before = room.deployment()["metadata"]["generation"]
        await execute("copy_pod", room.address(), PROFILING, shown)
        metadata = copy(room)["metadata"]
        assert metadata["labels"] == {"app": NAME, "plantao/copy-of": NAME}
        assert metadata["annotations"] == {"sidecar": "no"}
        assert "ownerReferences" not in metadata
        assert room.deployment()["metadata"]["generation"] == before, "nothing that it compares has changed"


async def test_its_undo_takes_away_this_very_copy_and_nothing_else() -> None:
    async with open_room() as room:
        shown = await preview("copy_pod", room.address(), PROFILING)
        await execute("copy_pod", room.address(), PROFILING, shown)
        back = PROFILING | dict(shown.undo)
        gone = await preview("copy_pod", room.address(), back)
        assert lines(gone) == {"copy of a pod": (COPY, "-")}
        assert dict(gone.undo) == dict(shown.arguments), "what is there is what was set: it may go back by itself"
        assert await execute("copy_pod", room.address(), back, gone) == f"{COPY} was taken away"
        assert len(room.pod_names()) == 3
        assert "There is no copy of agente-api any more" in spoken(
            await refusal(preview("copy_pod", room.address(), back))
        )


async def test_another_pod_of_that_name_is_left_alone() -> None:
    async with open_room() as room:
        shown = await preview("copy_pod", room.address(), PROFILING)
        await execute("copy_pod", room.address(), PROFILING, shown)
        back = PROFILING | dict(shown.undo)
        gone = await preview("copy_pod", room.address(), back)
        theirs = copy(room)
        room.store.delete(PODS, NAMESPACE, COPY)
        del theirs["metadata"]["uid"], theirs["metadata"]["labels"]["plantao/copy-of"]
        room.store.create(PODS, theirs)
        error = await refusal(execute("copy_pod", room.address(), back, gone))
        assert spoken(error) == f"{COPY} no longer looks as it was shown; nothing was done."
        error = await refusal(preview("copy_pod", room.address(), back))
        assert spoken(error) == f"{COPY} is not a copy that the bot has made; nothing was done."
        assert await refused("copy_pod", room, PROFILING) == f"There is a copy already: {COPY}."
        assert COPY in room.pod_names()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"says": "another profile", "within": 1}, "within 1 s it was not ready, or did not write “another profile”."),
        ({"image": "agente-api:2.5.0-missing"}, "does not start: ImagePullBackOff."),
    ],
)
async def test_a_copy_that_does_not_do_what_it_should_is_taken_away_again(change: Given, reason: str) -> None:
    async with open_room() as room:
        if "image" in change:
            room.deploy(change["image"])
        given = PROFILING | {name: value for name, value in change.items() if name != "image"}
        error = await refusal(do("copy_pod", room, given))
        assert spoken(error).endswith("It was taken away again.")
        assert reason in rendered(error.text.values["reason"])
        assert COPY not in room.pod_names()


async def test_a_log_of_which_only_the_beginning_was_read_is_told_as_such() -> None:
    async with open_room() as room:
        room.cluster.said.append(Said(COPY, "x" * 600_000, datetime.now(UTC) - timedelta(days=1)))
        error = await refusal(do("copy_pod", room, PROFILING | {"within": 1}))
        assert rendered(error.text.values["reason"]).endswith(
            "within 1 s it did not write “memory profile written” into the first 512 KiB of its log; what came later "
            "was not read."
        )


async def test_a_copy_that_does_not_work_and_cannot_be_taken_away_is_told_as_being_there_still() -> None:
    async with open_room() as room:
        blind = room.address(without=lambda rule: rule["verbs"] == ["delete"])
        given = PROFILING | {"says": "another profile", "within": 1}
        error = await refusal(execute("copy_pod", blind, given, await preview("copy_pod", blind, given)))
        assert "did not write “another profile”" in rendered(error.text.values["reason"])
        assert "`delete` `pods`" in rendered(error.text.values["why"])
        assert "Kubernetes ends it 40 min after its start." in spoken(error)
        assert COPY in room.pod_names()


async def test_a_lost_answer_makes_one_copy_and_a_lost_answer_takes_it_away_once() -> None:
    async with open_room() as room:
        shown = await preview("copy_pod", room.address(), PROFILING)
        room.cluster.faults.lose_answers = 1
        assert "runs with" in await execute("copy_pod", room.address(), PROFILING, shown)
        back = PROFILING | dict(shown.undo)
        gone = await preview("copy_pod", room.address(), back)
        room.cluster.faults.lose_answers = 1
        assert "was taken away" in await execute("copy_pod", room.address(), back, gone)
        assert room.writes() == [("create", "pods", COPY), ("delete", "pods", COPY)]


async def test_only_what_the_catalog_names_may_be_set_and_a_shared_volume_forbids_it() -> None:
    async with open_room() as room:
        other = PROFILING | {"variable": "LD_PRELOAD"}
        assert "is not among the variables" in await refused("copy_pod", room, other)
        assert "takes true, not “false”" in await refused("copy_pod", room, PROFILING | {"value": "false"})

        def mount(deployment: Document) -> None:
            claim = {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}
            deployment["spec"]["template"]["spec"]["volumes"] = [claim]

        room.edit(NAME, mount)
        assert "keep data in a volume" in await refused("copy_pod", room, PROFILING)


async def test_without_its_own_role_nothing_is_made() -> None:
    async with open_room() as room:
        error = await refusal(preview("copy_pod", room.address("plantao-read", "plantao-change"), PROFILING))
        assert isinstance(error, Denied)
        assert "`create` `pods`" in spoken(error)


async def test_a_pod_with_the_hash_label_would_be_taken_over_by_the_replica_set() -> None:
    """The emulator adopts as Kubernetes does; that is why the copy goes without that label."""
    async with open_room() as room:
        await settled(room)
        theirs: Any = room.pods()[0]
        stray = {"metadata": {"name": "stray", "namespace": NAMESPACE, "labels": theirs["metadata"]["labels"]}}
        room.store.create(PODS, {**stray, "spec": theirs["spec"], "status": theirs["status"]})
        await eventually(lambda: len(room.pods()) == 3)
        await asyncio.wait_for(settled(room), 40)
