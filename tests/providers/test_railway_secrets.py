"""`railway.generate_secret`: a value that nobody ever sees, set once and loaded by one redeploy."""

from base64 import b64decode
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError
from railway_project import SECRET, Project, change, execute, lines, preview, project, refused, warnings
from readings import spoken

from bot.core.errors import Unreachable
from bot.core.preview import Preview

NAME = "railway.generate_secret"


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


async def shown(here: Project, name: str = "JWT_SECRET") -> Preview:
    return await preview(NAME, here.address, service="backend", name=name)


async def test_a_new_secret_is_set_once_loaded_by_one_redeploy_and_told_by_its_fingerprint_only(here: Project) -> None:
    proposed = await shown(here)
    before, after = lines(proposed)["secret JWT_SECRET"]
    done = await execute(NAME, here.address, proposed)
    assert here.backend.live is not None
    value = here.backend.live.variables["JWT_SECRET"]
    assert len(b64decode(value, validate=True)) == 32
    assert value not in repr((proposed, done))
    assert (len(before), before[0], after) == (9, "#", "#????????")
    assert before not in done
    assert done.startswith("JWT_SECRET of backend has a new value (fingerprint ")
    assert here.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}
    assert here.backend.live.variables["DATABASE_URL"] == f"postgres://app:{SECRET}@db:5432/etp"


async def test_no_two_secrets_are_alike_and_there_is_no_way_back_to_an_earlier_one(here: Project) -> None:
    values = set()
    for _ in range(2):
        proposed = await shown(here)
        assert proposed.undo == {}
        await execute(NAME, here.address, proposed)
        values.add(here.backend.variables["JWT_SECRET"])
    assert len(values) == 2
    assert SECRET not in values


async def test_that_sessions_end_and_what_else_is_loaded_is_said_before(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"FEATURE_X": "on"}, skips_deploys=True)
    sessions, unseen, others = warnings(await shown(here))
    assert "what was signed with it ends" in sessions
    assert "32 random bytes" in unseen
    assert others == "The redeploy also loads what others changed: FEATURE_X."


async def test_a_secret_that_is_missing_can_be_made(here: Project) -> None:
    proposed = await preview(NAME, here.address, service="frontend", name="SESSION_SECRET")
    assert lines(proposed)["secret SESSION_SECRET"] == ("—", "#????????")
    await execute(NAME, here.address, proposed)
    assert here.frontend.live is not None
    assert len(here.frontend.live.variables["SESSION_SECRET"]) == 44


async def test_a_secret_that_has_a_value_is_left_alone_where_only_a_missing_one_is_made(here: Project) -> None:
    wanted = {"service": "backend", "name": "JWT_SECRET", "only_missing": True}
    assert "only makes up one that is missing" in spoken(await refused(preview(NAME, here.address, **wanted)))
    here.railway.platform.set_variables(here.backend, {"JWT_SECRET": ""}, skips_deploys=True)
    proposed = await preview(NAME, here.address, **wanted)
    await execute(NAME, here.address, proposed)
    assert len(here.backend.variables["JWT_SECRET"]) == 44


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "DATABASE_PASSWORD", "DATABASE_URL", "LOG_LEVEL", "AWS_SECRET_ACCESS_KEY", "RAILWAY_TOKEN"],
)
def test_what_another_side_has_to_know_of_is_never_made_up(name: str) -> None:
    with pytest.raises(ValidationError):
        change(NAME).parameters.model_validate({"service": "backend", "name": name})


async def test_a_secret_that_is_another_variables_is_not_cut_off_from_it(here: Project) -> None:
    here.backend.variables |= {"SHARED": "s3same-of-all-services", "JWT_SECRET": "${{SHARED}}"}
    assert "refers to another variable" in spoken(await refused(shown(here)))


async def test_nothing_is_set_when_somebody_else_changed_it_since(here: Project) -> None:
    proposed = await shown(here)
    here.railway.platform.set_variables(here.backend, {"JWT_SECRET": f"theirs-{SECRET}"}, skips_deploys=True)
    assert "nothing was done" in spoken(await refused(execute(NAME, here.address, proposed)))
    assert here.writes == {}


async def test_a_lost_answer_is_looked_up_and_a_lost_request_deploys_nothing(here: Project) -> None:
    proposed = await shown(here)
    here.railway.faults.lose_requests = 1
    error = await refused(execute(NAME, here.address, proposed))
    assert isinstance(error, Unreachable)
    assert here.backend.variables["JWT_SECRET"] == SECRET
    here.railway.faults.lose_answers = 1
    assert "has a new value" in await execute(NAME, here.address, proposed)
    assert here.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}


async def test_where_railway_refuses_by_quoting_what_was_sent_the_new_value_is_not_told(here: Project) -> None:
    proposed = await shown(here, "SESSION_KEY")
    here.railway.faults.quoting.add("variableCollectionUpsert")
    error = await refused(execute(NAME, here.address, proposed))
    (value,) = here.railway.quoted
    assert "got invalid value" in spoken(error)
    assert value[:6] not in spoken(error)


async def test_a_failing_redeploy_says_that_the_secret_is_set_all_the_same(here: Project) -> None:
    proposed = await shown(here)
    here.railway.platform.next_end = "FAILED"
    error = await refused(execute(NAME, here.address, proposed))
    assert error.text.msgid == "{names} are set, but not loaded: {reason}"
    assert here.backend.variables["JWT_SECRET"] not in spoken(error)
    assert here.backend.variables["JWT_SECRET"] != SECRET
