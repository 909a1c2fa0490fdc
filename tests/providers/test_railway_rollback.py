"""`railway.rollback`: a named way back, which refuses to bring old secrets back to life."""

from collections.abc import AsyncIterator

import pytest
from railway_project import SECRET, Project, execute, lines, preview, project, refused, warnings
from readings import spoken

MIGRATIONS = "Migrations of the database stay: make sure that the older code can live with them."


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


def set_behind(here: Project, **variables: str) -> None:
    """Somebody changed variables since, in Railway's panel."""
    here.railway.platform.set_variables(here.backend, variables, skips_deploys=True)


async def test_the_last_good_deployment_before_the_present_is_shown(here: Project) -> None:
    newest, earlier = here.backend.deployments[:2]
    shown = await preview("railway.rollback", here.address, service="backend")
    assert lines(shown)["deployment of backend"] == (f"{newest.id[:8]} SUCCESS", earlier.id[:8])
    assert lines(shown)["code"] == ("cccc333 new login (ana-souza)", "bbbb222 faster search (ana-souza)")
    assert shown.arguments["deployment"] == earlier.id
    assert shown.undo["deployment"] == newest.id
    assert warnings(shown) == [MIGRATIONS]
    assert shown.state["variables"] == shown.state["variables then"]
    assert here.writes == {}


async def test_it_goes_back_once_and_its_undo_comes_forward_again(here: Project) -> None:
    shown = await preview("railway.rollback", here.address, service="backend")
    done = await execute("railway.rollback", here.address, shown)
    live = here.backend.live
    assert live is not None
    assert live.commit == "bbbb222"
    assert done == f"backend is back on bbbb222 faster search (ana-souza) (deployment {live.id[:8]})"
    assert here.writes == {"deploymentRollback": 1}
    await execute("railway.rollback", here.address, await preview("railway.rollback", here.address, **shown.undo))
    assert here.backend.live is not None
    assert here.backend.live.commit == "cccc333"


async def test_a_named_deployment_is_the_one_it_goes_back_to(here: Project) -> None:
    first = here.backend.deployments[2].id
    shown = await preview("railway.rollback", here.address, service="backend", deployment=first[:8])
    assert shown.arguments["deployment"] == first
    await execute("railway.rollback", here.address, shown)
    assert here.backend.live is not None
    assert here.backend.live.commit == "aaaa111"


async def test_failed_deployments_are_never_a_way_back(here: Project) -> None:
    failed = here.deploy("dddd444", "broken", hours=4, status="FAILED")
    here.deploy("eeee555", "works")
    shown = await preview("railway.rollback", here.address, service="backend")
    assert lines(shown)["code"][1].startswith("cccc333")
    error = await refused(preview("railway.rollback", here.address, service="backend", deployment=failed.id))
    assert "(FAILED): it never served" in spoken(error)


async def test_a_crashed_present_is_left_for_the_good_one_before_it(here: Project) -> None:
    here.deploy("dddd444", "leaks", status="CRASHED")
    shown = await preview("railway.rollback", here.address, service="backend")
    assert lines(shown)["code"] == ("dddd444 leaks (ana-souza)", "cccc333 new login (ana-souza)")
    assert shown.undo == {}
    assert "is back on cccc333" in await execute("railway.rollback", here.address, shown)


async def test_a_newer_deployment_that_does_not_serve_is_mentioned(here: Project) -> None:
    here.deploy("dddd444", "broken", status="FAILED")
    shown = await preview("railway.rollback", here.address, service="backend")
    assert lines(shown)["code"][0].startswith("cccc333")
    assert "is FAILED and does not serve" in warnings(shown)[1]


async def test_a_rotated_secret_blocks_the_way_back_and_names_the_other_way(here: Project) -> None:
    set_behind(here, JWT_SECRET="rotated-after-the-leak")
    error = await refused(
        preview("railway.rollback", here.address, service="backend", accept_variables=["JWT_SECRET", "LOG_LEVEL"])
    )
    assert "these secrets were changed: JWT_SECRET." in spoken(error)
    assert "the same code with the present variables" in spoken(error)
    assert here.writes == {}


async def test_a_changed_connection_string_counts_as_a_secret(here: Project) -> None:
    set_behind(here, DATABASE_URL=f"postgres://app:{SECRET}2@db:5432/etp")
    assert "DATABASE_URL" in spoken(await refused(preview("railway.rollback", here.address, service="backend")))


async def test_a_secret_that_came_since_blocks_it_too(here: Project) -> None:
    set_behind(here, OPENAI_API_KEY="sk-new")
    assert "OPENAI_API_KEY" in spoken(await refused(preview("railway.rollback", here.address, service="backend")))


async def test_an_ordinary_changed_variable_needs_the_catalogs_consent(here: Project) -> None:
    set_behind(here, LOG_LEVEL="debug")
    error = await refused(preview("railway.rollback", here.address, service="backend"))
    assert "change them back: LOG_LEVEL." in spoken(error)
    shown = await preview("railway.rollback", here.address, service="backend", accept_variables="LOG_LEVEL")
    assert warnings(shown) == [MIGRATIONS, "These variables get their old values back: LOG_LEVEL."]
    assert "debug" not in repr(shown)
    await execute("railway.rollback", here.address, shown)
    assert here.backend.variables["LOG_LEVEL"] == "info"


async def test_a_secret_rotated_after_the_approval_stops_it(here: Project) -> None:
    shown = await preview("railway.rollback", here.address, service="backend")
    set_behind(here, JWT_SECRET="rotated-in-between")
    assert "nothing was done" in spoken(await refused(execute("railway.rollback", here.address, shown)))
    assert here.writes == {}
    assert here.backend.variables["JWT_SECRET"] == "rotated-in-between"


async def test_without_the_old_variables_there_is_no_way_back(here: Project) -> None:
    here.railway.faults.denied = {"deploymentSnapshot"}
    error = await refused(preview("railway.rollback", here.address, service="backend"))
    assert "Railway does not show which" in spoken(error)


async def test_only_what_the_platform_still_keeps_is_a_way_back(here: Project) -> None:
    for deployment in here.backend.deployments[1:]:
        deployment.is_retained = False
    error = await refused(preview("railway.rollback", here.address, service="backend"))
    assert spoken(error) == "Railway keeps no earlier good deployment of backend."


async def test_the_present_deployment_is_no_way_back(here: Project) -> None:
    present = here.backend.deployments[0].id
    error = await refused(preview("railway.rollback", here.address, service="backend", deployment=present))
    assert spoken(error) == f"backend runs {present[:8]} already."


async def test_a_deployment_of_another_service_is_refused(here: Project) -> None:
    other = here.frontend.deployments[0].id
    error = await refused(preview("railway.rollback", here.address, service="backend", deployment=other))
    assert "backend has no deployment" in spoken(error)


async def test_a_lost_answer_is_looked_up_and_never_sent_again(here: Project) -> None:
    shown = await preview("railway.rollback", here.address, service="backend")
    here.railway.faults.lose_answers = 1
    assert "is back on bbbb222" in await execute("railway.rollback", here.address, shown)
    assert here.writes == {"deploymentRollback": 1}


async def test_a_rollback_that_fails_is_told(here: Project) -> None:
    shown = await preview("railway.rollback", here.address, service="backend")
    here.railway.platform.next_end = "FAILED"
    assert "FAILED" in spoken(await refused(execute("railway.rollback", here.address, shown)))
