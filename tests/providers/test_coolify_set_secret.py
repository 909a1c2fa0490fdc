"""`coolify.set_secret` and `coolify.compare`: a variable is corrected by what the store holds, told by fingerprints."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from changes import into
from railway_project import execute, lines, preview, refused, warnings
from readings import Settings, measured, read, refusal, spoken, summary

from bot.core.preview import Preview
from sandbox.world.coolify import ABILITIES, Coolify, open_coolify

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"
NAME = "coolify.set_secret"
WRONG, RIGHT = "s3same-wrong-signing-secret", "s3same-right-signing-secret"


@pytest.fixture
async def coolify() -> AsyncIterator[Coolify]:
    async with open_coolify(pace=0.02) as opened:
        opened.set("JWT_SECRET", WRONG)
        opened.deployed("c" * 40, "new login", hours=5)
        yield opened


def store(coolify: Coolify, *abilities: str, value: str = RIGHT, back: str = WRONG) -> Settings:
    token = coolify.token(*(abilities or ABILITIES))
    return {"url": coolify.url, "token": token, "application": coolify.application, "value": value, "back": back}


async def shown(here: Settings) -> Preview:
    return await preview(NAME, here, name="JWT_SECRET")


async def corrected(here: Settings) -> str:
    return await execute(NAME, here, await shown(here))


async def test_a_wrong_secret_is_found_corrected_once_loaded_by_one_restart_and_told_by_fingerprints(
    coolify: Coolify,
) -> None:
    here, told = store(coolify), list[str]()
    found = await read("coolify.compare", here, name="JWT_SECRET")
    assert measured(found) == {"equal": False}
    assert summary(found) == "JWT_SECRET in Coolify differs from what the store holds"
    proposed = await shown(here)
    before, after = lines(proposed)["secret JWT_SECRET"]
    assert found.evidence == (f"JWT_SECRET (Coolify): {before}", f"JWT_SECRET: {after}")
    assert warnings(proposed)[0].startswith("Sessions signed with the present value end")
    done = await execute(NAME, here, proposed, into(told))
    assert done == (
        f"JWT_SECRET is what the store holds (fingerprint {after}, before {before}), loaded by ccccccc new login"
    )
    assert coolify.running_with["JWT_SECRET"] == RIGHT
    assert (coolify.calls["set_env"], coolify.calls["restart"]) == (1, 1)
    now = await read("coolify.compare", here, name="JWT_SECRET")
    assert measured(now) == {"equal": True}
    assert "s3same" not in repr((found, proposed, done, told, now))


async def test_the_way_back_is_the_version_that_the_store_keeps(coolify: Coolify) -> None:
    here = store(coolify)
    first = await shown(here)
    await execute(NAME, here, first)
    await execute(NAME, here, await preview(NAME, here, **first.undo))
    assert coolify.running_with["JWT_SECRET"] == WRONG
    without = await shown(store(coolify, back=""))
    assert without.undo == {}
    assert "No button puts the present value back" in warnings(without)[1]


async def test_the_same_value_on_both_sides_is_refused_at_once(coolify: Coolify) -> None:
    assert "put the new one there first" in spoken(await refused(shown(store(coolify, value=WRONG))))


async def test_what_changed_on_either_side_since_it_was_shown_is_left_alone(coolify: Coolify) -> None:
    here = store(coolify)
    proposed = await shown(here)
    other = {**here, "value": "s3same-third-signing-secret"}
    assert (await shown(other)).fingerprint != proposed.fingerprint
    assert "The store holds another value" in spoken(await refused(execute(NAME, other, proposed)))
    coolify.set("JWT_SECRET", "s3same-by-hand")
    assert "was changed after this was shown" in spoken(await refused(execute(NAME, here, proposed)))
    coolify.deployed("e" * 40, "hotfix", hours=0)
    assert "nothing was done" in spoken(await refused(execute(NAME, here, proposed)))
    assert coolify.calls["set_env"] == 0


async def test_a_reference_to_a_shared_variable_and_a_variable_that_is_not_there_are_left_to_people(
    coolify: Coolify,
) -> None:
    coolify.set("JWT_SECRET", "{{team.JWT_SECRET}}")
    assert "refers to a shared variable" in spoken(await refused(shown(store(coolify))))
    del coolify.variables["JWT_SECRET"]
    assert "is not set in Coolify" in spoken(await refused(shown(store(coolify))))


async def test_a_failing_restart_says_that_the_value_is_set_all_the_same(coolify: Coolify) -> None:
    here = store(coolify)
    proposed = await shown(here)
    coolify.next_end = "failed"
    error = await refused(execute(NAME, here, proposed))
    assert spoken(error).startswith("JWT_SECRET is set, but not loaded: ")
    assert coolify.variables["JWT_SECRET"] == RIGHT
    assert error.__cause__ is None


@pytest.mark.parametrize("before", ["The value is not right:", "The value is not right. " * 8])
async def test_where_coolify_refuses_its_words_are_told_without_the_value(coolify: Coolify, before: str) -> None:
    here = store(coolify)
    proposed = await shown(here)
    coolify.faults.rejecting = before
    error = await refused(execute(NAME, here, proposed))
    assert spoken(error).startswith("Nothing was restarted: Coolify answers 422: The value is not right")
    assert "s3sa" not in spoken(error)
    assert error.__cause__ is None


async def test_a_lost_answer_is_looked_up_and_a_lost_request_is_told(coolify: Coolify) -> None:
    here = store(coolify)
    proposed = await shown(here)
    coolify.faults.lose_requests = 1
    assert "The connection broke" in spoken(await refused(execute(NAME, here, proposed)))
    coolify.faults.lose_answers = 2
    assert await execute(NAME, here, proposed)
    assert (coolify.calls["set_env"], coolify.calls["restart"]) == (1, 1)


async def test_the_documented_permissions_suffice_and_each_is_needed(coolify: Coolify) -> None:
    section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Coolify\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^(compare|set_secret): (.*)$", section, re.MULTILINE))
    documented = {name: words.split(", ") for name, words in rows.items()}
    assert await execute(NAME, whole := store(coolify, *documented["set_secret"]), await shown(whole))
    coolify.set("JWT_SECRET", WRONG)
    for ability in documented["set_secret"]:
        less = store(coolify, *(set(documented["set_secret"]) - {ability}))
        assert f"`{ability}`" in spoken(await refused(corrected(less)))
        coolify.set("JWT_SECRET", WRONG)
    assert measured(await read("coolify.compare", store(coolify, *documented["compare"]), name="JWT_SECRET"))
    hidden = await refusal("coolify.compare", store(coolify, "read"), name="JWT_SECRET")
    assert "`read:sensitive`" in spoken(hidden)
