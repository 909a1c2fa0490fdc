"""The operations of Coolify against its emulator."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

import pytest
from pydantic import ValidationError
from railway_project import change, execute, lines, preview, refused, warnings
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.text import Text
from sandbox.world.coolify import ABILITIES, Coolify, open_coolify
from tests.ports import NOBODY

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"
OLD, MIDDLE, NEW = ("a" * 40, "b" * 40, "c" * 40)
ENV = {"name": "OPENAI_MODEL", "value": "gpt-3.5-turbo", "allowed": ["OPENAI_MODEL", "OPENAI_API_KEY", "NEW_ONE"]}


@pytest.fixture
async def coolify() -> AsyncIterator[Coolify]:
    async with open_coolify(pace=0.02) as opened:
        opened.set("OPENAI_MODEL", "gpt-4o")
        opened.set("OPENAI_API_KEY", "s3same-key")
        opened.deployed(OLD, "first release", hours=72)
        opened.deployed(MIDDLE, "faster search", hours=48)
        opened.deployed(NEW, "new login", hours=5)
        yield opened


def address(coolify: Coolify, *abilities: str, **other: object) -> Settings:
    token = coolify.token(*(abilities or ABILITIES))
    return {"url": coolify.url, "token": token, "application": coolify.application, **other}


async def test_a_running_application_is_told(coolify: Coolify) -> None:
    reading = await read("coolify.status", address(coolify, "read"))
    assert measured(reading) == {"status": "running", "running": True, "healthy": True, "pinned": False}
    assert summary(reading) == "harven-backend: running:healthy"


async def test_an_application_that_has_stopped_is_told(coolify: Coolify) -> None:
    coolify.status, coolify.pinned = "exited", OLD
    reading = await read("coolify.status", address(coolify, "read"))
    assert measured(reading)["running"] is False
    assert missing(reading, "healthy") == "the application has no health check"
    assert reading.evidence == (f"pinned to commit {OLD}",)


async def test_the_deployments_are_listed_with_commit_and_result(coolify: Coolify) -> None:
    failed = coolify.deployed("d" * 40, "broken by maria@example.com", hours=1, status="failed")
    coolify.deployments[1].pull_request = 7
    reading = await read("coolify.deployments", address(coolify))
    values = measured(reading)
    assert (values["count"], values["latest_status"], values["failed"], values["failed_streak"]) == (
        3,
        "failed",
        True,
        1,
    )
    assert (values["ways_back"], values["latest_age_min"]) == (1, 60.0)
    assert reading.evidence[0].startswith(f"  {failed.id} failed ")
    assert reading.evidence[0].endswith("ddddddd broken by ***@example.com")
    assert reading.evidence[1].startswith("* ")
    assert summary(reading) == "newest deployment failed, ddddddd broken by ***@example.com"


async def test_an_application_that_was_never_deployed_is_told() -> None:
    async with open_coolify() as empty:
        reading = await read("coolify.deployments", address(empty))
        assert summary(reading) == "the application was never deployed"
        assert missing(reading, "latest_status") == "there is no deployment"
        for name, parameters in (("coolify.restart", {}), ("coolify.redeploy", {"commit": OLD})):
            assert "Nothing was ever finished here" in spoken(
                await refused(preview(name, address(empty), **parameters))
            )


async def test_a_redeploy_shows_the_commits_in_between(coolify: Coolify) -> None:
    present = coolify.serving
    shown = await preview("coolify.redeploy", address(coolify), commit=OLD[:9])
    assert lines(shown)["commit"] == ("ccccccc new login", "aaaaaaa first release")
    assert lines(shown)["commits that are taken back"] == ("ccccccc new login · bbbbbbb faster search", "")
    assert shown.arguments == {"deployment": coolify.deployments[2].id}
    assert shown.undo == {"deployment": present.id}
    assert warnings(shown) == ["Migrations of the database stay: make sure that this code can live with them."]
    assert set(shown.state) == {"application", "serving", "newest", "commit", "deployed"}


async def test_what_was_redeployed_counts_from_the_first_time_its_code_went_live(coolify: Coolify) -> None:
    first = coolify.deployments[-1]
    coolify.deployed(OLD, "first release again", hours=24)
    coolify.deployed(NEW, "new login again", hours=2)
    again = next(one for one in coolify.deployments if one.message == "first release again")
    shown = await preview("coolify.redeploy", address(coolify), deployment=again.id)
    assert datetime.fromisoformat(shown.state["deployed"]) == first.created


async def test_a_redeploy_is_sent_once_followed_and_can_be_undone(coolify: Coolify) -> None:
    told: list[str] = []

    async def progress(text: Text) -> None:
        told.append(rendered(text))

    here = address(coolify)
    shown = await preview("coolify.redeploy", here, deployment=coolify.deployments[1].id)
    done = await execute("coolify.redeploy", here, shown, progress)
    assert done == f"bbbbbbb faster search is live again (deployment {coolify.serving.id})"
    assert (coolify.serving.commit, coolify.serving.is_rollback, coolify.calls["go_back"]) == (MIDDLE, True, 1)
    assert told[-1].endswith(": finished")
    back = await preview("coolify.redeploy", here, **shown.undo)
    assert lines(back)["commits that come again"] == ("", "ccccccc new login")
    await execute("coolify.redeploy", here, back)
    assert coolify.serving.commit == NEW


async def test_an_image_that_is_gone_is_mentioned(coolify: Coolify) -> None:
    coolify.images.clear()
    shown = await preview("coolify.redeploy", address(coolify), commit=OLD)
    assert warnings(shown)[1] == "Coolify no longer has the image of aaaaaaa; it is built anew."


async def test_a_coolify_that_cannot_go_back_by_its_api_says_where_to_do_it(coolify: Coolify) -> None:
    coolify.faults.can_go_back = False
    error = await refused(preview("coolify.redeploy", address(coolify), commit=OLD))
    assert spoken(error).endswith("In the panel: Rollback, then aaaaaaa.")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"commit": NEW}, "is live already"),
        ({"commit": "1234567"}, "There is no deployment 1234567"),
        ({"commit": "d" * 40}, "ended as failed; it is no way back"),
    ],
)
async def test_what_is_no_way_back_is_refused(coolify: Coolify, parameters: dict[str, str], words: str) -> None:
    coolify.deployed("d" * 40, "broken", hours=1, status="failed")
    assert words in spoken(await refused(preview("coolify.redeploy", address(coolify), **parameters)))


@pytest.mark.parametrize("parameters", [{}, {"commit": OLD, "deployment": "abcdef123"}, {"commit": "HEAD~1"}])
async def test_exactly_one_named_deployment_or_commit_is_taken(coolify: Coolify, parameters: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        await preview("coolify.redeploy", address(coolify), **parameters)


async def test_another_commit_than_the_wanted_one_is_a_failure(coolify: Coolify) -> None:
    shown = await preview("coolify.redeploy", address(coolify), commit=OLD)
    coolify.faults.deploys_other = MIDDLE
    error = await refused(execute("coolify.redeploy", address(coolify), shown))
    assert "but with commit bbbbbbb instead of aaaaaaa" in spoken(error)


async def test_a_restart_keeps_the_commit_and_is_followed(coolify: Coolify) -> None:
    shown = await preview("coolify.restart", address(coolify))
    assert lines(shown) == {"containers of ccccccc new login": ("running:healthy", "running")}
    assert shown.undo == {}
    done = await execute("coolify.restart", address(coolify, "read", "deploy"), shown)
    assert done == "restarted on ccccccc new login: running:healthy"
    assert (coolify.serving.is_restart, coolify.serving.commit, coolify.calls["restart"]) == (True, NEW, 1)


@pytest.mark.parametrize("abilities", [("read",), ("read", "read:sensitive")])
async def test_a_variable_is_told_as_set_and_when_it_changed_but_never_what_it_holds(
    coolify: Coolify, abilities: tuple[str, ...]
) -> None:
    coolify.changed["OPENAI_API_KEY"] -= timedelta(days=12)
    reading = await read("coolify.variable", address(coolify, *abilities), name="OPENAI_API_KEY")
    assert measured(reading) == {"set": True, "age_days": 12.0}
    assert "OPENAI_API_KEY is set; last changed " in summary(reading)
    assert "s3same" not in repr(reading)


async def test_a_variable_that_is_not_set_is_a_finding(coolify: Coolify) -> None:
    reading = await read("coolify.variable", address(coolify, "read"), name="JWT_SECRET")
    assert (measured(reading)["set"], missing(reading, "age_days")) == (False, "JWT_SECRET is not set")


async def test_a_variable_is_set_once_and_loaded_by_one_restart(coolify: Coolify) -> None:
    here = address(coolify)
    shown = await preview("coolify.set_env", here, **ENV)
    assert lines(shown)["variable OPENAI_MODEL"] == ("gpt-4o", "gpt-3.5-turbo")
    done = await execute("coolify.set_env", here, shown)
    assert done == "OPENAI_MODEL set and loaded by ccccccc new login"
    assert coolify.running_with["OPENAI_MODEL"] == "gpt-3.5-turbo"
    assert (coolify.calls["set_env"], coolify.calls["restart"]) == (1, 1)
    await execute("coolify.set_env", here, await preview("coolify.set_env", here, **shown.undo))
    assert coolify.running_with["OPENAI_MODEL"] == "gpt-4o"


async def test_a_hidden_value_has_no_undo_and_says_so(coolify: Coolify) -> None:
    here = address(coolify, "read", "write", "deploy")
    shown = await preview("coolify.set_env", here, **ENV)
    assert lines(shown)["variable OPENAI_MODEL"] == ("?", "gpt-3.5-turbo")
    assert shown.undo == {}
    assert "no undo" in warnings(shown)[0]
    assert "set and loaded" in await execute("coolify.set_env", here, shown)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"name": "LOG_LEVEL"}, "LOG_LEVEL may not be set here"),
        ({"name": "OPENAI_API_KEY", "value": "x"}, "OPENAI_API_KEY looks like a secret"),
        ({"value": "bearer abcDEF123456789"}, "OPENAI_MODEL looks like a secret"),
        ({"name": "NEW_ONE"}, "NEW_ONE is not set in Coolify"),
        ({"value": "gpt-4o"}, "Nothing to do"),
    ],
)
async def test_what_must_not_be_set_is_refused(coolify: Coolify, other: dict[str, str], words: str) -> None:
    error = await refused(preview("coolify.set_env", address(coolify), **{**ENV, **other}))
    assert words in spoken(error)
    assert "s3same" not in spoken(error)
    assert "abcDEF" not in spoken(error)


async def test_a_variable_that_changed_since_it_was_shown_is_left_alone(coolify: Coolify) -> None:
    for abilities in (("read", "write", "deploy"), tuple(ABILITIES)):
        here = address(coolify, *abilities)
        shown = await preview("coolify.set_env", here, **ENV)
        coolify.set("OPENAI_MODEL", f"gpt-5-{len(abilities)}")
        assert "was changed after this was shown" in spoken(await refused(execute("coolify.set_env", here, shown)))
    assert coolify.calls["set_env"] == 0


async def test_a_failing_restart_says_that_the_value_is_set_all_the_same(coolify: Coolify) -> None:
    here = address(coolify)
    shown = await preview("coolify.set_env", here, **ENV)
    coolify.next_end = "failed"
    error = await refused(execute("coolify.set_env", here, shown))
    assert error.text.msgid == "{name} is set, but not loaded: {reason}"
    assert coolify.variables["OPENAI_MODEL"] == "gpt-3.5-turbo"


CHANGES: list[tuple[str, dict[str, object]]] = [
    ("coolify.redeploy", {"commit": OLD}),
    ("coolify.restart", {}),
    ("coolify.set_env", dict(ENV)),
]


@pytest.mark.parametrize(("name", "parameters"), CHANGES)
async def test_a_deployment_that_fails_is_told(coolify: Coolify, name: str, parameters: dict[str, object]) -> None:
    here = address(coolify)
    shown = await preview(name, here, **parameters)
    coolify.next_end = "failed"
    error = await refused(execute(name, here, shown))
    words = error.text.values.get("reason", error.text)
    assert isinstance(words, Text)
    assert "ended as failed; what served before goes on serving" in rendered(words)


@pytest.mark.parametrize(("name", "parameters"), CHANGES)
async def test_nothing_is_done_when_somebody_deployed_since_it_was_shown(
    coolify: Coolify, name: str, parameters: dict[str, object]
) -> None:
    here = address(coolify)
    shown = await preview(name, here, **parameters)
    coolify.deployed("e" * 40, "hotfix", hours=0)
    assert "nothing was done" in spoken(await refused(execute(name, here, shown)))
    assert not coolify.calls.keys() & {"go_back", "restart", "set_env"}


@pytest.mark.parametrize(("name", "parameters"), CHANGES)
async def test_a_change_waits_for_the_deployment_under_way(
    coolify: Coolify, name: str, parameters: dict[str, object]
) -> None:
    coolify.pace = 60
    coolify.queue(NEW, is_restart=True)
    assert "is under way (queued)" in spoken(await refused(preview(name, address(coolify), **parameters)))


@pytest.mark.parametrize(("name", "parameters"), CHANGES)
async def test_lost_answers_are_looked_up_and_nothing_is_sent_twice(
    coolify: Coolify, name: str, parameters: dict[str, object]
) -> None:
    here = address(coolify)
    shown = await preview(name, here, **parameters)
    coolify.faults.lose_answers = 2
    assert await execute(name, here, shown)
    assert {count for call, count in coolify.calls.items() if call in ("go_back", "restart", "set_env")} == {1}


async def test_lost_requests_are_told_as_unknown(coolify: Coolify) -> None:
    here = address(coolify)
    shown = await preview("coolify.set_env", here, **ENV)
    coolify.faults.lose_requests = 1
    error = await refused(execute("coolify.set_env", here, shown))
    assert isinstance(error, Unreachable)
    assert "Nothing was restarted" in spoken(error)
    shown = await preview("coolify.restart", here)
    coolify.faults.lose_requests = 1
    error = await refused(execute("coolify.restart", here, shown))
    assert "Look at Coolify before anybody tries again" in spoken(error)
    assert len(coolify.deployments) == 3


@pytest.mark.parametrize(("name", "parameters"), CHANGES)
async def test_the_arguments_of_a_preview_are_parameters_again(
    coolify: Coolify, name: str, parameters: dict[str, object]
) -> None:
    here = address(coolify)
    shown = await preview(name, here, **parameters)
    again = change(name).parameters.model_validate(json.loads(json.dumps(dict(shown.arguments))))
    assert (await change(name).preview(change(name).address.model_validate(here), again)) == shown


@pytest.mark.parametrize("name", ["coolify.status", "coolify.deployments"])
async def test_trouble_is_told_without_the_token(coolify: Coolify, name: str) -> None:
    here = address(coolify)
    assert isinstance(await refusal(name, {**here, "token": "1|s3same"}), Denied)
    assert "permission `read`" in spoken(await refusal(name, address(coolify, "write")))
    assert "no such application" in spoken(await refusal(name, {**here, "application": "another-one"}))
    assert isinstance(await refusal(name, {**here, "url": f"http://127.0.0.1:{NOBODY}"}), Unreachable)
    for status, words in ((403, "must be enabled"), (429, "no more requests"), (503, "answers 503"), (418, "trouble")):
        coolify.faults.status = status
        assert words in spoken(await refusal(name, here))
    coolify.faults.status, coolify.faults.is_odd = 0, True
    assert "does not look like Coolify" in spoken(await refusal(name, here))
    coolify.faults.is_odd, coolify.faults.is_garbled = False, True
    assert "does not look like Coolify" in spoken(await refusal(name, here))


async def test_a_hung_coolify_is_told_within_its_limit(coolify: Coolify) -> None:
    here = address(coolify)
    coolify.faults.is_hung = True
    begun = monotonic()
    errors = await asyncio.gather(*(refusal(name, here) for name in ("coolify.status", "coolify.deployments")))
    assert {type(error) for error in errors} == {TimedOut}
    assert monotonic() - begun < 30


def granted() -> dict[str, list[str]]:
    """Which permissions the documentation gives to which operation."""
    section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Coolify\n")[1].split("\n## ")[0]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block is not None
    rows = [line.split(": ", 1) for line in block[1].splitlines()]
    return {name.strip(): names.replace(",", " ").split() for name, names in rows}


async def changed(name: str, here: Settings, parameters: dict[str, object]) -> str:
    return await execute(name, here, await preview(name, here, **parameters))


async def test_the_documented_permissions_suffice_and_each_is_needed(coolify: Coolify) -> None:
    parameters: dict[str, dict[str, object]] = {name.split(".")[1]: given for name, given in CHANGES}
    fresh: dict[str, dict[str, object]] = {"redeploy": {"commit": MIDDLE}, "restart": {}}
    documented = {name: abilities for name, abilities in granted().items() if name not in ("compare", "set_secret")}
    assert set(documented) == {"status", "deployments", "variable", "redeploy", "restart", "set_env"}
    for name, abilities in documented.items():
        if name in parameters:
            here = address(coolify, *abilities)
            assert await changed(f"coolify.{name}", here, parameters[name])
            for ability in set(abilities) - {"read:sensitive"}:
                less = address(coolify, *(set(abilities) - {ability}))
                given = fresh.get(name, dict(ENV, value=f"gpt-without-{ability}"))
                error = await refused(changed(f"coolify.{name}", less, given))
                reason = error.text.values.get("reason", error.text)
                assert isinstance(reason, Text)
                assert rendered(reason).endswith(f"permission `{ability}`.")
        else:
            asked = {"name": "OPENAI_API_KEY"} if name == "variable" else {}
            assert (await read(f"coolify.{name}", address(coolify, *abilities), **asked)).measurements
