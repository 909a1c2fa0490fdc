"""`railway.redeploy` and `railway.restart` against the emulated platform: shown, done once, followed to the end."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from railway_project import Project, change, execute, lines, preview, project, refused, until, warnings
from readings import rendered, spoken

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.text import Text


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


class Listener:
    """Progress that somebody reads."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def __call__(self, text: Text) -> None:
        self.told.append(rendered(text))


async def test_a_redeploy_shows_the_code_and_the_variables_it_loads(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "debug"}, skips_deploys=True)
    shown = await preview("railway.redeploy", here.address, service="backend")
    live = here.backend.live
    assert live is not None
    assert lines(shown)["deployment of backend"] == (
        f"{live.id[:8]} SUCCESS cccc333 new login (ana-souza)",
        "+ cccc333 new login (ana-souza)",
    )
    assert lines(shown)["variables that it loads anew"] == ("", "LOG_LEVEL")
    assert shown.arguments == {"service": "backend", "deployment": live.id}
    assert shown.undo == shown.arguments
    assert set(shown.state) == {"project", "environment", "service", "serving", "newest", "variables"}
    assert "LOG_LEVEL:" in shown.state["variables"]
    assert here.writes == {}


async def test_a_redeploy_is_sent_once_and_followed_until_it_serves(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "debug"}, skips_deploys=True)
    listener = Listener()
    done = await execute(
        "railway.redeploy",
        here.address,
        await preview("railway.redeploy", here.address, service="backend"),
        listener,
    )
    live = here.backend.live
    assert live is not None
    assert done == f"backend was deployed again as {live.id[:8]}: cccc333 new login (ana-souza)"
    assert live.variables["LOG_LEVEL"] == "debug"
    assert here.writes == {"deploymentRedeploy": 1}
    assert listener.told[-1] == f"deployment {live.id[:8]} of backend: SUCCESS"


async def test_an_earlier_deployment_is_redeployed_with_todays_variables(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"JWT_SECRET": "rotated"}, skips_deploys=True)
    earlier = here.backend.deployments[1].id
    shown = await preview("railway.redeploy", here.address, service="backend", deployment=earlier[:8])
    assert warnings(shown) == ["This deploys other code than what serves now: bbbb222 faster search (ana-souza)."]
    await execute("railway.redeploy", here.address, shown)
    assert here.backend.live is not None
    assert (here.backend.live.commit, here.backend.live.variables["JWT_SECRET"]) == ("bbbb222", "rotated")


async def test_a_failing_deployment_is_told_and_the_former_one_serves_on(here: Project) -> None:
    before = here.backend.live
    here.railway.platform.next_end = "FAILED"
    shown = await preview("railway.redeploy", here.address, service="backend")
    error = await refused(execute("railway.redeploy", here.address, shown))
    assert "FAILED; what served before goes on serving" in spoken(error)
    assert here.backend.live is before


async def test_a_deployment_that_crashes_is_told(here: Project) -> None:
    here.railway.platform.next_end = "CRASHED"
    shown = await preview("railway.redeploy", here.address, service="backend")
    assert "ended as CRASHED" in spoken(await refused(execute("railway.redeploy", here.address, shown)))


async def test_a_lost_answer_is_looked_up_and_never_sent_again(here: Project) -> None:
    here.railway.faults.lose_answers = 1
    shown = await preview("railway.redeploy", here.address, service="backend")
    assert "was deployed again" in await execute("railway.redeploy", here.address, shown)
    assert here.writes == {"deploymentRedeploy": 1}
    assert len(here.backend.deployments) == 4


@pytest.mark.parametrize("name", ["railway.redeploy", "railway.restart", "railway.rollback"])
async def test_nothing_is_done_when_somebody_deployed_since_it_was_shown(here: Project, name: str) -> None:
    shown = await preview(name, here.address, service="backend")
    here.deploy("dddd444", "hotfix")
    assert "no longer looks as it was shown" in spoken(await refused(execute(name, here.address, shown)))
    assert here.writes == {}


async def test_nothing_is_deployed_when_a_variable_changed_since_it_was_shown(here: Project) -> None:
    shown = await preview("railway.redeploy", here.address, service="backend")
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "trace"}, skips_deploys=True)
    assert "nothing was done" in spoken(await refused(execute("railway.redeploy", here.address, shown)))
    assert (await preview("railway.redeploy", here.address, service="backend")).fingerprint != shown.fingerprint


@pytest.mark.parametrize("name", ["railway.redeploy", "railway.restart", "railway.rollback"])
async def test_a_change_waits_for_the_deployment_under_way(here: Project, name: str) -> None:
    here.railway.platform.pace = 60
    platform, live = here.railway.platform, here.backend.live
    assert live is not None
    platform.create(here.backend, live, live.variables, "redeploy")
    assert "is under way (BUILDING)" in spoken(await refused(preview(name, here.address, service="backend")))


async def test_a_service_without_deployments_has_nothing_to_change(here: Project) -> None:
    here.railway.platform.add_service("worker")
    for name in ("railway.redeploy", "railway.restart", "railway.rollback"):
        assert "worker" in spoken(await refused(preview(name, here.address, service="worker")))


@pytest.mark.parametrize("name", ["railway.redeploy", "railway.restart", "railway.rollback"])
async def test_a_wrong_token_changes_nothing(here: Project, name: str) -> None:
    shown = await preview(name, here.address, service="backend")
    wrong = {**here.address, "token": "wrong"}
    assert isinstance(await refused(preview(name, wrong, service="backend")), Denied)
    assert isinstance(await refused(execute(name, wrong, shown)), Denied)
    assert here.writes == {}


async def test_a_restart_says_that_it_loads_no_variables(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "debug"}, skips_deploys=True)
    shown = await preview("railway.restart", here.address, service="backend")
    assert warnings(shown) == [
        "The service is away while it restarts.",
        "A restart loads no changed variables; only a redeploy does.",
        "Changed and not loaded: LOG_LEVEL.",
    ]
    assert shown.undo == {}


async def test_a_restart_is_sent_once_and_followed_until_the_containers_run(here: Project) -> None:
    live = here.backend.live
    assert live is not None
    live.become("CRASHED")
    listener = Listener()
    shown = await preview("railway.restart", here.address, service="backend")
    done = await execute("railway.restart", here.address, shown, listener)
    assert done == f"backend was restarted: deployment {live.id[:8]} is SUCCESS"
    assert (live.restarts, live.status, set(live.instances.values())) == (1, "SUCCESS", {"RUNNING"})
    assert listener.told[0].startswith("containers of backend: ")
    assert len(here.backend.deployments) == 3


async def test_a_restart_that_crashes_again_is_told(here: Project) -> None:
    assert here.backend.live is not None
    here.backend.live.ends = "CRASHED"
    shown = await preview("railway.restart", here.address, service="backend")
    assert "crashed again" in spoken(await refused(execute("railway.restart", here.address, shown)))


async def test_a_restart_whose_answer_is_lost_is_recognised_by_its_effect(here: Project) -> None:
    here.railway.faults.lose_answers = 1
    shown = await preview("railway.restart", here.address, service="backend")
    assert "was restarted" in await execute("railway.restart", here.address, shown)
    assert here.writes == {"deploymentRestart": 1}


@pytest.mark.parametrize("name", ["railway.redeploy", "railway.restart", "railway.rollback"])
async def test_a_lost_answer_is_looked_up_although_railway_takes_no_more_requests_for_a_while(
    here: Project, name: str
) -> None:
    here.railway.platform.pace = 1.0
    shown = await preview(name, here.address, service="backend")
    here.railway.faults.lose_answers = 1
    running = asyncio.create_task(execute(name, here.address, shown))
    await until(lambda: bool(here.writes))
    here.railway.faults.status = 429
    await until(lambda: here.railway.refusals > 0 or running.done())
    here.railway.faults.status = 0
    assert "backend" in await running
    assert sum(here.writes.values()) == 1


async def losing(name: str) -> TargetError:
    """What is said of a request that never arrives, and that nothing was done."""
    async with project() as lost:
        shown = await preview(name, lost.address, service="backend")
        lost.railway.faults.lose_requests = 1
        error = await refused(execute(name, lost.address, shown))
        assert lost.writes == {}
        assert len(lost.backend.deployments) == 3
        return error


async def restarted_silently() -> str:
    async with project() as silent:
        silent.railway.platform.shows_restarts = False
        shown = await preview("railway.restart", silent.address, service="backend")
        return await execute("railway.restart", silent.address, shown)


async def test_without_any_sign_no_more_is_claimed_than_is_known() -> None:
    accepted, redeploy, rollback, restart = await asyncio.gather(
        restarted_silently(), losing("railway.redeploy"), losing("railway.rollback"), losing("railway.restart")
    )
    assert accepted == "Railway accepted the restart of backend, but showed no sign of it."
    assert "nothing shows that it was carried out" in spoken(restart)
    assert "Look at the deployments before anybody tries again" in spoken(redeploy)
    assert "Look at the deployments before anybody tries again" in spoken(rollback)
    assert {type(error) for error in (redeploy, rollback, restart)} == {Unreachable}


async def test_lost_looks_while_following_are_taken_again(here: Project) -> None:
    here.railway.platform.pace = 0.5
    shown = await preview("railway.redeploy", here.address, service="backend")
    running = asyncio.create_task(execute("railway.redeploy", here.address, shown))
    await until(lambda: bool(here.writes))
    here.railway.faults.status = 503
    await until(lambda: here.railway.refusals > 1)
    here.railway.faults.status = 0
    assert "was deployed again" in await running
    assert here.writes == {"deploymentRedeploy": 1}


@pytest.mark.parametrize("name", ["railway.redeploy", "railway.restart", "railway.rollback"])
async def test_the_arguments_of_a_preview_are_parameters_again(here: Project, name: str) -> None:
    shown = await preview(name, here.address, service="backend")
    again = change(name).parameters.model_validate(json.loads(json.dumps(dict(shown.arguments))))
    assert (await change(name).preview(change(name).address.model_validate(here.address), again)) == shown


async def test_hostile_commit_messages_arrive_masked(here: Project) -> None:
    here.deploy("dddd444", "password=hunter22secret for maria@example.com")
    shown = await preview("railway.redeploy", here.address, service="backend")
    assert "dddd444 password=*** for ***@example.com" in lines(shown)["deployment of backend"][1]
    assert isinstance(await refused(preview("railway.redeploy", here.address, service="backendd")), TargetError)
