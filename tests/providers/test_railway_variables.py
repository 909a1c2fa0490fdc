"""`railway.set_variables`: allow-listed public values, all at once, one redeploy; and the project token suffices."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from railway_project import SECRET, Project, change, execute, lines, preview, project, refused, warnings
from readings import read, refusal, spoken

from bot.core.errors import Denied, Unreachable
from bot.core.preview import Preview
from bot.providers.secrets.secrecy import looks_secret

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"
ALLOWED = ["LOG_LEVEL", "CACHE_TTL", "JWT_SECRET", "RAILWAY_REGION"]


@pytest.fixture
async def here() -> AsyncIterator[Project]:
    async with project() as made:
        yield made


async def shown_for(here: Project, **changes: str) -> Preview:
    return await preview("railway.set_variables", here.address, service="backend", changes=changes, allowed=ALLOWED)


async def test_all_changes_go_at_once_and_one_deployment_loads_them(here: Project) -> None:
    changes = {"LOG_LEVEL": "debug", "CACHE_TTL": "60"}
    shown = await preview("railway.set_variables", here.address, service="backend", changes=changes, allowed=ALLOWED)
    assert lines(shown)["variable LOG_LEVEL"] == ("info", "debug")
    assert lines(shown)["variable CACHE_TTL"] == ("—", "60")
    done = await execute("railway.set_variables", here.address, shown)
    live = here.backend.live
    assert live is not None
    assert done == f"CACHE_TTL, LOG_LEVEL set and loaded by deployment {live.id[:8]} of backend"
    assert changes.items() <= live.variables.items()
    assert here.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}
    assert len(here.backend.deployments) == 4
    assert here.backend.variables["JWT_SECRET"] == SECRET


async def test_the_undo_sets_the_earlier_values(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes="LOG_LEVEL=debug", allowed=ALLOWED
    )
    await execute("railway.set_variables", here.address, shown)
    await execute(
        "railway.set_variables", here.address, await preview("railway.set_variables", here.address, **shown.undo)
    )
    assert here.backend.live is not None
    assert here.backend.live.variables["LOG_LEVEL"] == "info"


async def test_a_new_variable_has_no_undo_and_says_so(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"CACHE_TTL": "60"}, allowed=ALLOWED
    )
    assert shown.undo == {}
    assert warnings(shown) == ["CACHE_TTL is new; this action cannot take it away again."]


async def test_an_earlier_value_that_looks_secret_is_neither_shown_nor_kept(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "bearer abcDEF123456789"}, skips_deploys=True)
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "info"}, allowed=ALLOWED
    )
    assert lines(shown)["variable LOG_LEVEL"] == ("bearer ***", "info")
    assert shown.undo == {}
    assert "abcDEF" not in repr(shown)


async def test_changes_of_others_that_would_be_loaded_too_are_named(here: Project) -> None:
    here.railway.platform.set_variables(here.backend, {"FEATURE_X": "on"}, skips_deploys=True)
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    assert warnings(shown) == ["The redeploy also loads what others changed: FEATURE_X."]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"OTHER": "1"}, "OTHER may not be set here. Allowed: LOG_LEVEL"),
        ({"JWT_SECRET": "abc"}, "JWT_SECRET looks like a secret"),
        ({"LOG_LEVEL": "postgres://app:s3same-pw@db/etp"}, "LOG_LEVEL looks like a secret"),
        ({"RAILWAY_REGION": "eu"}, "set by Railway itself"),
        ({"LOG_LEVEL": "info"}, "Nothing to do"),
    ],
)
async def test_what_must_not_be_set_is_refused(here: Project, changes: dict[str, str], words: str) -> None:
    error = await refused(shown_for(here, **changes))
    assert words in spoken(error)
    assert "s3same-pw" not in spoken(error)
    assert here.writes == {}


@pytest.mark.parametrize("changes", ["LOG_LEVEL", "{}", "{", {"A B": "1"}, {"LOG_LEVEL": "a\nB=2"}, {}])
async def test_changes_that_are_none_are_refused(here: Project, changes: object) -> None:
    with pytest.raises(ValidationError):
        await preview("railway.set_variables", here.address, service="backend", changes=changes, allowed=ALLOWED)


async def test_nothing_is_set_when_a_variable_changed_since_it_was_shown(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    here.railway.platform.set_variables(here.backend, {"LOG_LEVEL": "warn"}, skips_deploys=True)
    assert "nothing was done" in spoken(await refused(execute("railway.set_variables", here.address, shown)))
    assert here.writes == {}


async def test_a_lost_answer_to_the_setting_is_looked_up(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    here.railway.faults.lose_answers = 1
    assert "set and loaded" in await execute("railway.set_variables", here.address, shown)
    assert here.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}


async def test_a_setting_that_was_lost_deploys_nothing(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    here.railway.faults.lose_requests = 1
    error = await refused(execute("railway.set_variables", here.address, shown))
    assert isinstance(error, Unreachable)
    assert "they are not set; nothing was deployed" in spoken(error)
    assert here.writes == {}


async def test_a_failing_redeploy_says_that_the_values_are_set_all_the_same(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    here.railway.platform.next_end = "FAILED"
    error = await refused(execute("railway.set_variables", here.address, shown))
    assert error.text.msgid == "{names} are set, but not loaded: {reason}"
    assert here.backend.variables["LOG_LEVEL"] == "debug"


async def test_the_arguments_of_a_preview_are_parameters_again(here: Project) -> None:
    shown = await preview(
        "railway.set_variables", here.address, service="backend", changes={"LOG_LEVEL": "debug"}, allowed=ALLOWED
    )
    again = change("railway.set_variables").parameters.model_validate(json.loads(json.dumps(dict(shown.arguments))))
    assert again.model_dump() == {
        "service": "backend",
        "changes": {"LOG_LEVEL": "debug"},
        "allowed": ("LOG_LEVEL", "CACHE_TTL", "JWT_SECRET", "RAILWAY_REGION"),
    }


@pytest.mark.parametrize(
    "name", ["JWT_SECRET", "OPENAI_API_KEY", "DATABASE_URL", "githubtoken", "SMTP_PASS", "PG_RO_URI"]
)
def test_names_of_secrets_are_recognised(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name", ["MAX_TOKENS", "VITE_API_URL", "LOG_LEVEL", "JWT_EXPIRES_IN", "DB_POOL_SIZE", "MONKEY"]
)
def test_names_of_ordinary_settings_are_not(name: str) -> None:
    assert not looks_secret(name)


def granted() -> dict[str, list[str]]:
    """Which operations the documentation gives to which kind of token."""
    section = PERMISSIONS.read_text(encoding="utf-8").split("\n## Railway\n")[1].split("\n## ")[0]
    block = re.search(r"```\n(.*?)```", section, re.DOTALL)
    assert block is not None
    rows = [line.split(":", 1) for line in block[1].splitlines()]
    return {kind.strip(): names.replace(",", " ").split() for kind, names in rows}


async def test_the_documented_token_suffices_for_each_operation(here: Project) -> None:
    kinds = granted()
    assert set(kinds) == {"project", "account"}
    for name in kinds["project"]:
        if name == "generate_secret":
            assert (await preview("railway.generate_secret", here.address, service="backend", name="JWT_SECRET")).state
        elif name in ("redeploy", "restart", "rollback"):
            assert (await preview(f"railway.{name}", here.address, service="backend")).state
        elif name == "rotate_secrets":
            both = {**here.address, "database": "postgresql://etp_app@127.0.0.1:1/etp"}
            error = await refused(preview("railway.rotate_secrets", both, service="backend"))
            assert "DATABASE_PASSWORD of this service is missing" in spoken(error), "Railway let the token through"
        elif name == "set_secret":
            stored = {**here.address, "value": "s3same-of-the-store"}
            assert (await preview("railway.set_secret", stored, service="backend", name="JWT_SECRET")).state
        elif name == "set_variables":
            assert await shown_for(here, LOG_LEVEL="debug")
        else:
            assert (await read(f"railway.{name}", here.address, service="backend")).measurements
    for name in kinds["account"]:
        assert (await read(f"railway.{name}", here.workspace_address)).measurements
        assert isinstance(await refusal(f"railway.{name}", here.address), Denied)
