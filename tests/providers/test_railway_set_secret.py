"""`railway.set_secret`: a person puts the new value into the store, the bot takes it from there."""

from collections.abc import AsyncIterator

import pytest
from changes import into
from pydantic import ValidationError
from railway_project import Project, change, execute, lines, preview, project, refused, warnings
from readings import Settings, spoken

from bot.core.preview import Preview

NAME = "railway.set_secret"
OLD, NEW = "s3same-old-openai-key", "s3same-new-openai-key"
OLD_JWT, NEW_JWT = "s3same-earlier-signing", "s3same-newer-signing"


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        made.backend.variables |= {"OPENAI_API_KEY": OLD, "JWT_SECRET": NEW_JWT, "SHARED_KEY": "${{OPENAI_API_KEY}}"}
        made.deploy("dddd444", "what serves", hours=1)
        yield made


def store(here: Project, value: str = NEW, back: str = OLD) -> Settings:
    return {**here.address, "value": value, "back": back}


async def shown(here: Project, address: Settings | None = None, **other: str) -> Preview:
    return await preview(NAME, address or store(here), **{"service": "backend", "name": "OPENAI_API_KEY", **other})


async def test_the_key_of_the_store_is_set_once_loaded_by_one_redeploy_and_told_by_fingerprints(here: Project) -> None:
    proposed, told = await shown(here), list[str]()
    before, after = lines(proposed)["secret OPENAI_API_KEY"]
    assert (before[0], after[0], len(before), len(after)) == ("#", "#", 9, 9)
    done = await execute(NAME, store(here), proposed, into(told))
    live = here.backend.live
    assert live is not None
    assert live.variables["OPENAI_API_KEY"] == NEW
    assert done == (
        f"OPENAI_API_KEY of backend is what the store holds (fingerprint {after}, before {before}), "
        f"loaded by deployment {live.id[:8]}"
    )
    assert here.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}
    assert "s3same" not in repr((proposed, done, told))


async def test_the_way_back_takes_the_earlier_key_from_the_store_and_leads_forth_again(here: Project) -> None:
    first = await shown(here)
    await execute(NAME, store(here), first)
    back = await preview(NAME, store(here), **first.undo)
    assert any("puts the other key back" in one for one in warnings(back))
    await execute(NAME, store(here), back)
    assert here.backend.live is not None
    assert here.backend.live.variables["OPENAI_API_KEY"] == OLD
    assert (await preview(NAME, store(here), **back.undo)).arguments["version"] == "value"


async def test_without_the_present_value_in_the_store_there_is_no_button_and_the_card_says_so(here: Project) -> None:
    for back in ("", "s3same-something-else"):
        proposed = await shown(here, store(here, back=back))
        assert proposed.undo == {}
        assert any("No button puts the present value back" in one for one in warnings(proposed))


async def test_a_way_back_that_the_store_has_lost_meanwhile_is_refused(here: Project) -> None:
    first = await shown(here)
    await execute(NAME, store(here), first)
    for back in ("", "s3same-moved-on-again"):
        await refused(preview(NAME, store(here, back=back), **first.undo))
    assert here.backend.variables["OPENAI_API_KEY"] == NEW


async def test_the_same_value_in_the_store_as_in_the_service_is_refused_at_once(here: Project) -> None:
    error = await refused(shown(here, store(here, value=OLD)))
    assert spoken(error) == (
        "The store still holds the same value as the service for OPENAI_API_KEY: put the new one there first."
    )


async def test_a_value_that_is_set_but_not_loaded_wants_a_redeploy_only(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"OPENAI_API_KEY": NEW}, skips_deploys=True)
    assert "it is not loaded: redeploy the service" in spoken(await refused(shown(here)))


async def test_another_value_in_the_store_than_the_one_shown_is_a_drift_and_is_not_sent(here: Project) -> None:
    proposed = await shown(here)
    other = store(here, value="s3same-third-openai-key")
    assert (await shown(here, other)).fingerprint != proposed.fingerprint
    assert "nothing was done" in spoken(await refused(execute(NAME, other, proposed)))
    assert here.writes == {}


async def test_nothing_is_done_when_somebody_changed_the_variable_since(here: Project) -> None:
    proposed = await shown(here)
    here.railway.platform.set_variables(here.backend, {"OPENAI_API_KEY": "s3same-by-hand"}, skips_deploys=True)
    assert "nothing was done" in spoken(await refused(execute(NAME, store(here), proposed)))
    assert here.writes == {}


async def test_the_card_says_which_sessions_end_and_which_count_again(here: Project) -> None:
    proposed = await shown(here, store(here, OLD_JWT, NEW_JWT), name="JWT_SECRET", leaked="no")
    assert warnings(proposed)[0].startswith("Sessions signed with the present value end; those signed with the value")
    assert proposed.undo["version"] == "back"
    await execute(NAME, store(here, OLD_JWT, NEW_JWT), proposed)
    assert here.backend.live is not None
    assert here.backend.live.variables["JWT_SECRET"] == OLD_JWT


async def test_a_value_that_may_have_leaked_does_not_come_back(here: Project) -> None:
    error = await refused(shown(here, store(here, OLD_JWT, NEW_JWT), name="JWT_SECRET", leaked="yes"))
    assert "leaked must not come back" in spoken(error)


async def test_a_reference_to_a_shared_variable_is_not_cut(here: Project) -> None:
    error = await refused(shown(here, name="SHARED_KEY"))
    assert "refers to another variable" in spoken(error)


@pytest.mark.parametrize("before", ["invalid value", "it is not right, and this is why: " * 6])
async def test_where_railway_refuses_its_words_are_told_without_the_value(here: Project, before: str) -> None:
    proposed = await shown(here)
    here.railway.faults.failing["variableCollectionUpsert"] = f"{before[:195]} {NEW}"
    error = await refused(execute(NAME, store(here), proposed))
    assert "Nothing was deployed" in spoken(error)
    assert "s3sa" not in spoken(error)
    assert error.__cause__ is None
    assert error.__suppress_context__


async def test_a_failing_redeploy_says_that_the_value_is_set_but_not_loaded(here: Project) -> None:
    proposed = await shown(here)
    here.railway.platform.next_end = "FAILED"
    error = await refused(execute(NAME, store(here), proposed))
    assert spoken(error).startswith("OPENAI_API_KEY is set, but not loaded: ")
    assert here.backend.live is not None
    assert here.backend.live.variables["OPENAI_API_KEY"] == OLD


@pytest.mark.parametrize("name", ["LOG_LEVEL", "VITE_API_URL", "", "JWT SECRET"])
def test_only_a_secret_can_be_named(name: str) -> None:
    with pytest.raises(ValidationError):
        change(NAME).parameters.model_validate({"service": "backend", "name": name})


@pytest.mark.parametrize("value", ["s3same with spaces", "s3same\nsecond-line", "s3same-${{shared.KEY}}", "s3same"])
def test_what_no_secret_can_be_is_refused_without_being_quoted(here: Project, value: str) -> None:
    with pytest.raises(ValidationError) as caught:
        change(NAME).address.model_validate(store(here, value=value))
    assert value not in str(caught.value)
