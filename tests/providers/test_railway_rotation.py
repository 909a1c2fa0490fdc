"""`railway.rotate_secrets` against a real PostgreSQL and the emulated Railway: role and variables change together."""

import asyncio
from base64 import b64decode
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from urllib.parse import quote

import psycopg
import pytest
from postgres_server import DATABASE, PostgresServer, delivering_late, losing_the_answer, started
from pydantic import ValidationError
from railway_project import Project, change, execute, lines, preview, project, refused, until, warnings
from readings import Settings, spoken

from tests.ports import NOBODY

NAME = "railway.rotate_secrets"
ROLE = "etp_app"
OLD, OLD_JWT, OLD_KEY, NEW_KEY = "s3same-old-password", "s3same-jwt", "s3same-old-key", "s3same-new-key"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        server.run(f"CREATE ROLE {ROLE} LOGIN")
        server.run("ALTER SYSTEM SET log_statement = 'all'")
        server.run("SELECT pg_reload_conf()")
        yield server


@dataclass
class Stolen:
    """The system after somebody stole its secrets."""

    project: Project
    postgres: PostgresServer

    def address(self, port: int = 0, key: str = NEW_KEY) -> Settings:
        url = f"postgresql://{ROLE}@127.0.0.1:{port or self.postgres.port}/{DATABASE}"
        return {**self.project.address, "database": url, "vendor_key": key}

    @property
    def variables(self) -> dict[str, str]:
        return self.project.backend.variables

    def lets_in(self, password: str) -> bool:
        try:
            psycopg.connect(self.postgres.url(ROLE, password)).close()
        except psycopg.OperationalError:
            return False
        return True

    @property
    def writes(self) -> dict[str, int]:
        return self.project.writes


@pytest.fixture
async def stolen(postgres: PostgresServer) -> AsyncIterator[Stolen]:
    postgres.run(f"ALTER ROLE {ROLE} PASSWORD '{OLD}'")
    async with project() as made:
        url = "postgres://etp_app:${{DATABASE_PASSWORD}}@db:5432/etp"
        made.backend.variables = {"DATABASE_PASSWORD": OLD, "DATABASE_URL": url, "LOG_LEVEL": "info"}
        made.backend.variables |= {"JWT_SECRET": OLD_JWT, "OPENAI_API_KEY": OLD_KEY}
        made.deploy("dddd444", "what serves", hours=1)
        yield Stolen(made, postgres)


async def test_role_and_variables_change_together_and_one_redeploy_loads_them(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    assert shown.undo == {}
    told = lines(shown)
    assert {name for name in told if name.startswith("secret ")} == {
        "secret JWT_SECRET",
        "secret DATABASE_PASSWORD",
        "secret OPENAI_API_KEY",
    }
    assert told["secret DATABASE_PASSWORD"][1] == "#????????"
    assert told["sessions opened with the earlier password"] == ("0", "0")
    done = await execute(NAME, stolen.address(), shown)
    assert stolen.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}
    live = stolen.project.backend.live
    assert live is not None
    assert stolen.lets_in(live.variables["DATABASE_PASSWORD"])
    assert not stolen.lets_in(OLD)
    assert len(b64decode(live.variables["JWT_SECRET"], validate=True)) == 32
    assert live.variables["OPENAI_API_KEY"] == NEW_KEY
    assert live.variables["LOG_LEVEL"] == "info"
    assert told["secret OPENAI_API_KEY"][1] in done, "the fingerprint of the key that was announced"
    for value in (*live.variables.values(), OLD, OLD_JWT, OLD_KEY):
        assert value == "info" or value not in repr((shown, done))


async def test_the_servers_own_log_never_holds_the_new_password(stolen: Stolen) -> None:
    log = stolen.postgres.folder / "log"
    await execute(NAME, stolen.address(), await preview(NAME, stolen.address(), service="backend"))
    written = log.read_text(encoding="utf-8")
    assert "PASSWORD 'SCRAM-SHA-256$" in written
    assert stolen.variables["DATABASE_PASSWORD"] not in written


async def test_sessions_of_the_thief_end_and_those_of_others_stay(stolen: Stolen) -> None:
    with (
        psycopg.connect(stolen.postgres.url(ROLE, OLD), autocommit=True) as thief,
        stolen.postgres.connect("agente_app") as other,
    ):
        shown = await preview(NAME, stolen.address(), service="backend")
        assert lines(shown)["sessions opened with the earlier password"] == ("1", "0")
        assert "now ended: 1" in await execute(NAME, stolen.address(), shown)
        with pytest.raises(psycopg.OperationalError):
            thief.execute("SELECT 1")
        other.execute("SELECT 1")


async def test_without_a_new_key_in_the_store_the_vendors_key_stays_and_the_card_says_so(stolen: Stolen) -> None:
    for key in ("", OLD_KEY):
        shown = await preview(NAME, stolen.address(key=key), service="backend")
        assert any("OPENAI_API_KEY stays as it is" in one for one in warnings(shown))
    await execute(NAME, stolen.address(key=""), await preview(NAME, stolen.address(key=""), service="backend"))
    assert stolen.variables["OPENAI_API_KEY"] == OLD_KEY
    assert not stolen.lets_in(OLD)


async def test_another_key_in_the_store_than_the_one_shown_is_a_drift(stolen: Stolen) -> None:
    first = await preview(NAME, stolen.address(), service="backend")
    second = await preview(NAME, stolen.address(key="s3same-third-key"), service="backend")
    assert first.fingerprint != second.fingerprint


async def test_where_variable_and_role_do_not_agree_nothing_is_proposed(stolen: Stolen) -> None:
    stolen.postgres.run(f"ALTER ROLE {ROLE} PASSWORD 'the-thief-was-here'")
    said = spoken(await refused(preview(NAME, stolen.address(), service="backend")))
    assert "does not let DATABASE_PASSWORD of Railway in" in said
    stolen.variables["DATABASE_PASSWORD"] = "${{PGPASSWORD}}"
    said = spoken(await refused(preview(NAME, stolen.address(), service="backend")))
    assert "refers to another service's variable" in said


@pytest.mark.parametrize("name", ["JWT_SECRET", "OPENAI_API_KEY"])
async def test_a_secret_that_is_another_variables_is_not_cut_off_from_it(stolen: Stolen, name: str) -> None:
    stolen.variables.update({"SHARED": "s3same-of-all-services", name: "${{SHARED}}"})
    said = spoken(await refused(preview(NAME, stolen.address(), service="backend")))
    assert said == f"{name} of this service refers to another variable; a person changes it there."


async def test_a_password_that_stands_elsewhere_too_is_refused_before_it_is_an_outage(stolen: Stolen) -> None:
    stolen.variables["DATABASE_URL"] = f"postgres://{ROLE}:{OLD}@db:5432/etp"
    said = spoken(await refused(preview(NAME, stolen.address(), service="backend")))
    assert "stands in DATABASE_URL as well" in said
    assert OLD not in said


async def test_a_password_that_stands_elsewhere_in_the_signs_of_a_url_is_found_too(stolen: Stolen) -> None:
    old = "s3same/old@pass%20word"
    stolen.postgres.run(f"ALTER ROLE {ROLE} PASSWORD '{old}'")
    stolen.variables["DATABASE_PASSWORD"] = old
    for stands in (f"postgres://{ROLE}:{quote(old, safe='')}@db:5432/etp", f"host=db password={old}"):
        stolen.variables["DATABASE_URL"] = stands
        said = spoken(await refused(preview(NAME, stolen.address(), service="backend")))
        assert "stands in DATABASE_URL as well" in said


async def test_another_key_in_the_store_than_the_one_that_was_shown_is_not_sent(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    other = stolen.address(key="s3same-third-key")
    assert "nothing was done" in spoken(await refused(execute(NAME, other, shown)))
    assert stolen.writes == {}
    assert stolen.lets_in(OLD)


async def test_where_railway_refuses_the_variables_nothing_has_changed(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    stolen.project.railway.faults.failing["variableCollectionUpsert"] = f"invalid value {NEW_KEY}"
    error = await refused(execute(NAME, stolen.address(), shown))
    assert "keeps its password, and nothing was deployed" in spoken(error)
    assert NEW_KEY not in spoken(error)
    assert error.__cause__ is None
    assert stolen.lets_in(OLD)
    assert stolen.variables["JWT_SECRET"] == OLD_JWT


async def test_where_the_role_cannot_be_changed_the_variables_are_put_back(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    gone = stolen.address(port=NOBODY)
    error = await refused(execute(NAME, gone, shown))
    assert "The variables were put back, and nothing was deployed" in spoken(error)
    assert (stolen.variables["DATABASE_PASSWORD"], stolen.variables["JWT_SECRET"]) == (OLD, OLD_JWT)
    assert stolen.writes == {"variableCollectionUpsert": 2}
    assert stolen.lets_in(OLD)


async def test_a_variable_that_was_not_there_before_stays_and_that_is_said(stolen: Stolen) -> None:
    del stolen.variables["JWT_SECRET"]
    shown = await preview(NAME, stolen.address(), service="backend")
    said = spoken(await refused(execute(NAME, stolen.address(port=NOBODY), shown)))
    assert said.endswith(
        "The variables were put back, but for JWT_SECRET, which was not there before and holds a new value now. "
        "Nothing was deployed."
    )
    assert stolen.variables["DATABASE_PASSWORD"] == OLD
    assert stolen.variables["JWT_SECRET"] not in said


async def test_where_the_variables_cannot_be_put_back_the_state_is_said_exactly(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")

    def both_fall(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        stolen.project.railway.faults.denied.add("variableCollectionUpsert")
        writer.close()

    async with await asyncio.start_server(both_fall, "127.0.0.1", 0) as database:
        gone = stolen.address(port=database.sockets[0].getsockname()[1])
        said = spoken(await refused(execute(NAME, gone, shown)))
    assert "the variables hold the new values and could not be put back" in said
    assert "Deploy nothing before a person has put them back" in said
    assert stolen.lets_in(OLD)


async def test_a_lost_answer_of_the_database_is_looked_up(stolen: Stolen) -> None:
    async with losing_the_answer(stolen.postgres, b"ALTER ROLE") as proxy:
        here = stolen.address(port=proxy.port)
        await execute(NAME, here, await preview(NAME, here, service="backend"))
    assert stolen.lets_in(stolen.variables["DATABASE_PASSWORD"])
    assert stolen.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}


async def test_a_change_of_the_role_that_would_arrive_late_comes_to_nothing(stolen: Stolen) -> None:
    async with delivering_late(stolen.postgres, b"ALTER ROLE") as proxy:
        here = stolen.address(port=proxy.port)
        error = await refused(execute(NAME, here, await preview(NAME, here, service="backend")))
        assert "The variables were put back, and nothing was deployed" in spoken(error)
        proxy.goes_on.set()
        await asyncio.wait_for(proxy.arrived.wait(), 5)
    assert stolen.variables["DATABASE_PASSWORD"] == OLD
    assert stolen.lets_in(OLD)


async def test_a_failing_redeploy_says_what_is_changed_and_what_has_to_follow_at_once(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    stolen.project.railway.platform.next_end = "FAILED"
    error = await refused(execute(NAME, stolen.address(), shown))
    assert "are changed, but not loaded" in spoken(error)
    assert spoken(error).endswith("redeploy backend at once. Sessions opened with the earlier password were not ended.")
    assert stolen.lets_in(stolen.variables["DATABASE_PASSWORD"])
    for value in (stolen.variables["DATABASE_PASSWORD"], stolen.variables["JWT_SECRET"]):
        assert value not in spoken(error)


async def test_whoever_cancels_in_the_middle_leaves_role_and_variables_together(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    doing = asyncio.create_task(execute(NAME, stolen.address(), shown))
    await until(lambda: stolen.writes == {"variableCollectionUpsert": 1})
    assert stolen.lets_in(OLD), "the role has not changed yet"
    doing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await doing
    assert stolen.lets_in(stolen.variables["DATABASE_PASSWORD"])
    assert stolen.writes == {"variableCollectionUpsert": 1, "deploymentRedeploy": 1}


async def test_nothing_is_done_when_somebody_else_changed_a_variable_since(stolen: Stolen) -> None:
    shown = await preview(NAME, stolen.address(), service="backend")
    stolen.project.railway.platform.set_variables(stolen.project.backend, {"LOG_LEVEL": "debug"}, skips_deploys=True)
    assert "nothing was done" in spoken(await refused(execute(NAME, stolen.address(), shown)))
    assert stolen.writes == {}
    assert stolen.lets_in(OLD)


@pytest.mark.parametrize(
    "wanted",
    [{"made": "OPENAI_API_KEY"}, {"made": "DATABASE_PASSWORD"}, {"password": "DATABASE_URL"}, {"given": "LOG_LEVEL"}],
)
def test_only_the_kinds_of_secrets_that_can_be_changed_so_can_be_named(wanted: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        change(NAME).parameters.model_validate({"service": "backend", **wanted})


def test_an_address_that_is_no_database_is_refused_without_being_quoted(stolen: Stolen) -> None:
    with pytest.raises(ValidationError) as caught:
        change(NAME).address.model_validate({**stolen.address(), "database": f"mysql://u:{OLD}@h/db"})
    assert OLD not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize("key", ["s3same key", "s3same-key\n", "s3same-${{shared.KEY}}"])
def test_what_no_key_of_a_vendor_can_be_is_refused_without_being_quoted(stolen: Stolen, key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        change(NAME).address.model_validate(stolen.address(key=key))
    assert "s3same" not in str(caught.value)
