"""`kubernetes.rollout_undo` against the emulated cluster: shown exactly, done once, and never blindly."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any

import pytest
from aiohttp import ClientSession, web
from readings import Settings, measured, read, rendered, spoken
from worlds import NAME, cluster, deploy, merge

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation
from bot.store.embedded import find_binary
from sandbox.world import World, open_world
from sandbox.world.listening import listen

MIGRATIONS = "Migrations of the database stay: make sure that this code can live with them."


def undo() -> Change:
    found = operation("kubernetes.rollout_undo")
    assert isinstance(found, Change)
    return found


async def preview(address: Settings, to_revision: int | None = None, name: str = NAME, **back: str) -> Preview:
    change = undo()
    wanted = change.parameters.model_validate({"name": name, "to_revision": to_revision} | back)
    return await change.preview(change.address.model_validate(address), wanted)


async def silent(_: Text) -> None:
    """Progress that nobody reads."""


async def execute(address: Settings, shown: Preview, progress: Progress = silent) -> str:
    change = undo()
    wanted = change.parameters.model_validate({"name": shown.arguments["name"]})
    return rendered(await change.execute(change.address.model_validate(address), wanted, shown, progress))


async def refusal(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    return caught.value


def state(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.state()["deployments"][NAME]
    return found


def lines(shown: Preview) -> dict[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> list[str]:
    return [rendered(warning) for warning in shown.warnings]


async def until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 40
    while not holds():
        assert monotonic() < deadline
        await asyncio.sleep(0)


async def settled(world: World, revision: int) -> None:
    wanted, deadline = {"revision": revision, "rollout": "complete"}, monotonic() + 40
    while not wanted.items() <= measured(await read("kubernetes.deployment", cluster(world), name=NAME)).items():
        assert monotonic() < deadline


async def test_the_preview_shows_both_revisions_and_changes_nothing(world: World) -> None:
    before = state(world)
    shown = await preview(cluster(world))
    assert lines(shown)["revision"] == ("3", "2")
    assert lines(shown)["image"] == ("agente-api:2.4.0", "agente-api:2.3.1")
    assert lines(shown)["change cause"] == (
        "release 2.4.0 by ana.souza (pipeline 1843)",
        "hotfix 2.3.1 by bruno.lima (pipeline 1815)",
    )
    assert shown.arguments["to_revision"] == "2"
    assert shown.state["revision"] == "3"
    assert shown.state["images"] == "agente-api:2.4.0"
    assert shown.state["replicas"] == "3"
    assert warnings(shown) == [MIGRATIONS]
    assert state(world) == before


async def test_the_same_world_has_the_same_fingerprint_and_a_drifted_one_another(world: World) -> None:
    fingerprint = (await preview(cluster(world))).fingerprint
    assert (await preview(cluster(world))).fingerprint == fingerprint
    assert (await preview(cluster(world), to_revision=1)).fingerprint != fingerprint
    await merge(world, {"spec": {"replicas": 4}})
    assert (await preview(cluster(world))).fingerprint != fingerprint


async def test_settings_differ_by_name_only_and_their_values_stay_secret(world: World) -> None:
    env = [{"name": "CACHE_TTL", "value": "s3same"}, {"name": "NEW_FLAG", "value": "s3same"}]
    container = {"name": NAME, "image": "agente-api:2.4.0", "env": env, "ports": [{"containerPort": 8000}]}
    await merge(world, {"spec": {"template": {"spec": {"containers": [container]}}}})
    await settled(world, 4)
    shown = await preview(cluster(world))
    assert lines(shown)["settings with another value"] == ("", "CACHE_TTL")
    assert lines(shown)["settings removed"] == ("NEW_FLAG", "")
    assert lines(shown)["settings added"] == ("", "DB_POOL_SIZE, ENVIRONMENT")
    assert lines(shown)["also different"] == ("", "ports, readinessProbe, resources")
    assert warnings(shown) == ["The image stays the same; only settings change."]
    assert "s3same" not in repr(shown)
    assert "1800" not in repr(shown)


async def test_it_rolls_back_with_one_patch_and_tells_how_it_goes(world: World) -> None:
    told: list[str] = []

    async def progress(text: Text) -> None:
        told.append(rendered(text))

    done = await execute(cluster(world), await preview(cluster(world)), progress)
    assert done == "agente-api runs agente-api:2.3.1 again (revision 4), 3 of 3 pods ready"
    after = state(world)
    assert (after["patches"], after["revision"], after["image"], after["ready"]) == (1, 4, "agente-api:2.3.1", 3)
    assert after["change_cause"] == "Plantão: rollback to revision 2"
    assert told[-1] == "3 of 3 pods of agente-api run agente-api:2.3.1, 3 ready"


async def test_it_goes_to_the_revision_that_was_named(world: World) -> None:
    shown = await preview(cluster(world), to_revision=1)
    assert (await execute(cluster(world), shown)).startswith("agente-api runs agente-api:2.3.0 again (revision 4)")
    assert state(world)["patches"] == 1


async def test_a_failing_rollout_is_rolled_back_with_a_warning(world: World) -> None:
    await deploy(world, "agente-api:2.5.0-broken")
    await until(lambda: any(pod["reason"] == "CrashLoopBackOff" for pod in world.state()["pods"]))
    shown = await preview(cluster(world))
    assert lines(shown)["image"] == ("agente-api:2.5.0-broken", "agente-api:2.4.0")
    assert warnings(shown) == [
        "The present rollout is not complete: 1 of 3 pods updated, 1 not available.",
        MIGRATIONS,
    ]
    assert "3 of 3 pods ready" in await execute(cluster(world), shown)
    assert all(pod["ready"] for pod in world.state()["pods"])
    assert state(world)["patches"] == 1


async def test_a_lost_answer_is_found_out_by_reading_and_not_sent_again(world: World) -> None:
    shown = await preview(cluster(world))
    await world.control({"kubernetes": {"lose_answer": 1}})
    assert "agente-api:2.3.1 again" in await execute(cluster(world), shown)
    assert state(world)["patches"] == 1
    assert state(world)["revision"] == 4


async def test_a_patch_lost_on_its_way_is_told_and_not_sent_again(world: World) -> None:
    async with between(world, lose) as (address, seen):
        error = await refusal(execute(address, await preview(address)))
    assert spoken(error).endswith("Looked at again, it is unchanged: agente-api:2.4.0.")
    assert seen == ["PATCH"]
    assert state(world)["patches"] == 0


async def test_when_the_cluster_is_gone_after_the_patch_nobody_claims_to_know(world: World) -> None:
    async def vanish() -> bool:
        await world.control({"kubernetes": "down"})
        return True

    async with between(world, vanish) as (address, seen):
        error = await refusal(execute(address, await preview(address)))
    assert isinstance(error, Unreachable)
    assert "whether it was made is not known" in spoken(error)
    assert seen == ["PATCH"]


async def test_a_change_since_the_preview_is_refused(world: World) -> None:
    shown = await preview(cluster(world))
    await world.control({"drift": {"deployment": NAME, "image": "agente-api:2.4.1"}})
    await settled(world, 4)
    error = await refusal(execute(cluster(world), shown))
    assert spoken(error) == "agente-api no longer looks as it was shown; nothing was done."
    assert state(world)["patches"] == 0


async def test_a_change_in_the_very_moment_of_the_patch_is_not_overwritten(world: World) -> None:
    async def overtake() -> bool:
        await world.control({"drift": {"deployment": NAME, "image": "agente-api:2.4.1"}})
        return False

    async with between(world, overtake) as (address, seen):
        error = await refusal(execute(address, await preview(address)))
    assert "was changed meanwhile; nothing was done" in spoken(error)
    assert seen == ["PATCH"]
    assert state(world)["image"] == "agente-api:2.4.1"
    assert state(world)["patches"] == 0


async def test_a_rollback_to_an_image_that_does_not_start_fails_with_the_counts(world: World) -> None:
    await merge(world, {"spec": {"progressDeadlineSeconds": 1}})
    await deploy(world, "agente-api:2.5.0-broken")
    await until(lambda: any(pod["reason"] == "CrashLoopBackOff" for pod in world.state()["pods"]))
    await deploy(world, "agente-api:2.5.1")
    await settled(world, 5)
    patches = state(world)["patches"]
    error = await refusal(execute(cluster(world), await preview(cluster(world))))
    assert spoken(error) == (
        "The change of agente-api was accepted, but its pods do not start: 1 of 3 updated, 1 not available."
    )
    assert state(world)["patches"] == patches + 1


async def test_somebody_who_changes_it_during_the_rollback_is_noticed() -> None:
    async with open_world(redis_binary=find_binary(), pace=30) as world:

        async def interfere(_: Text) -> None:
            await world.control({"drift": {"deployment": NAME, "image": "agente-api:2.6.0"}})

        error = await refusal(execute(cluster(world), await preview(cluster(world)), interfere))
    assert spoken(error) == "The change of agente-api was accepted, then somebody else changed it again."


async def test_an_account_that_may_only_read_is_told_at_the_preview(world: World) -> None:
    error = await refusal(preview(cluster(world, token=world.kubernetes_readonly_token)))
    assert isinstance(error, Denied)
    assert "let this account `patch` `deployments.apps` in production" in spoken(error)


async def test_a_single_revision_has_nothing_to_go_back_to(world: World) -> None:
    error = await refusal(preview(cluster(world), name="agente-worker"))
    assert spoken(error) == "agente-worker has nothing to go back to: revision 1 is its only one."


async def test_an_unknown_revision_is_refused_with_those_that_exist(world: World) -> None:
    error = await refusal(preview(cluster(world), to_revision=9))
    assert spoken(error) == "agente-api has no revision 9; it has 3, 2, 1."


async def test_the_present_revision_is_refused(world: World) -> None:
    assert spoken(await refusal(preview(cluster(world), to_revision=3))) == "agente-api runs revision 3 already."


async def test_a_paused_deployment_is_refused(world: World) -> None:
    await merge(world, {"spec": {"paused": True}})
    assert "is paused; resume it" in spoken(await refusal(preview(cluster(world))))


async def test_going_back_to_what_was_rolled_back_earlier_is_warned_of(world: World) -> None:
    await execute(cluster(world), await preview(cluster(world)))
    shown = await preview(cluster(world))
    assert lines(shown)["image"] == ("agente-api:2.3.1", "agente-api:2.4.0")
    assert warnings(shown) == [MIGRATIONS, "agente-api:2.4.0 was itself rolled back earlier."]


async def test_its_undo_goes_to_what_ran_before_whatever_came_between_and_whatever_number_that_has_now(
    world: World,
) -> None:
    shown = await preview(cluster(world))
    await execute(cluster(world), shown)
    await deploy(world, "agente-api:2.4.2")
    await settled(world, 5)
    back = await preview(cluster(world), **shown.undo)
    assert lines(back)["image"] == ("agente-api:2.4.2", "agente-api:2.4.0")
    assert lines(back)["revision"] == ("5", "3")
    assert warnings(back) == [MIGRATIONS, "agente-api:2.4.0 was itself rolled back earlier."]
    assert (await execute(cluster(world), back)).startswith("agente-api runs agente-api:2.4.0 again (revision 6)")
    again = await preview(cluster(world), **back.undo)
    assert lines(again)["image"] == ("agente-api:2.4.0", "agente-api:2.4.2")


async def test_an_undo_to_what_runs_already_or_is_no_longer_kept_is_refused(world: World) -> None:
    shown = await preview(cluster(world))
    assert spoken(await refusal(preview(cluster(world), **shown.undo))) == "agente-api runs revision 3 already."
    gone = await refusal(preview(cluster(world), template_hash="0123456789ab"))
    assert spoken(gone) == "agente-api no longer keeps the revision that ran before; it has 3, 2, 1."


@pytest.mark.parametrize(
    ("metadata", "owner"),
    [
        ({"labels": {"argocd.argoproj.io/instance": "agente"}}, "Argo CD"),
        ({"annotations": {"argocd.argoproj.io/tracking-id": "agente:apps"}}, "Argo CD"),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "agente"}}, "Flux"),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm"),
    ],
)
async def test_an_owner_that_would_undo_it_is_warned_of(metadata: dict[str, Any], owner: str, world: World) -> None:
    await merge(world, {"metadata": metadata})
    shown = await preview(cluster(world))
    assert warnings(shown) == [
        MIGRATIONS,
        f"{owner} manages this deployment and may undo the rollback; change it there too.",
    ]


@asynccontextmanager
async def between(world: World, at_patch: Callable[[], Awaitable[bool]]) -> AsyncIterator[tuple[Settings, list[str]]]:
    """A way to the cluster on which something happens to each real patch; true from `at_patch` loses it."""
    seen: list[str] = []

    async def forward(request: web.Request) -> web.Response:
        body = await request.read()
        if request.method == "PATCH" and "dryRun" not in request.query:
            seen.append("PATCH")
            if await at_patch():
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
        headers = {name: request.headers[name] for name in ("Authorization", "Content-Type") if name in request.headers}
        url = f"{world.kubernetes_url}{request.rel_url}"
        async with ClientSession() as session, session.request(request.method, url, data=body, headers=headers) as got:
            return web.json_response(json.loads(await got.read()), status=got.status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", forward)
    async with listen(app) as url:
        yield cluster(world, server=url), seen


async def lose() -> bool:
    return True
