"""Ending sessions and queries on a real server: exactly those that were shown, as the role that may do no more."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from time import monotonic
from typing import Any

import psycopg
import pytest
from postgres_server import (
    PostgresServer,
    execute,
    lines,
    losing_the_answer,
    muted_after,
    preview,
    refused,
    slow_at,
    started,
    warnings,
)
from pydantic import ValidationError
from readings import measured, read, spoken

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.preview import Preview
from tests.ports import NOBODY

IDLE = {"application": "agente-api", "role": "agente_app", "minutes": 0.0001}
TERMINATE_IDLE, CANCEL, TERMINATE = "postgres.terminate_idle", "postgres.cancel_query", "postgres.terminate_query"


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with started() as server:
        yield server


@pytest.fixture
def operator(postgres: PostgresServer) -> dict[str, object]:
    return postgres.address("plantao_sessions")


class Running:
    """A statement in a thread; `error` is what its client got."""

    def __init__(self, server: PostgresServer, statement: str, user: str = "agente_app") -> None:
        self.connection = server.connect(user, "agente-api")
        self.pid: int = self.connection.info.backend_pid
        self.error: psycopg.Error | None = None
        self.again(statement)

    def again(self, statement: str) -> None:
        """Another statement of the same session."""
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(statement,))
        self._thread.start()

    def _run(self, statement: str) -> None:
        try:
            self.connection.execute(statement)
        except psycopg.Error as error:
            self.error = error

    def __enter__(self) -> "Running":
        return self

    def end(self) -> psycopg.Error | None:
        self._thread.join(10)
        return self.error

    def __exit__(self, *_: object) -> None:
        with suppress(psycopg.Error):
            self.connection.cancel_safe()
        self._thread.join(10)
        self.connection.close()


async def until(server: PostgresServer, pid: int, column: str, value: str) -> None:
    deadline = monotonic() + 40
    while server.session(pid).get(column) != value:
        assert monotonic() < deadline, server.session(pid)
        await asyncio.sleep(0)


async def until_active(server: PostgresServer, pid: int) -> None:
    await until(server, pid, "state", "active")


def application(server: PostgresServer, stack: ExitStack, name: str = "agente-api", user: str = "agente_app") -> Any:
    return stack.enter_context(server.connect(user, name))


def pids(shown: Preview) -> set[int]:
    return {int(one.partition("@")[0]) for one in shown.arguments["sessions"].split(",")}


async def test_the_list_holds_only_idle_sessions_of_the_application_and_its_role(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        mine = [application(postgres, stack) for _ in range(3)]
        mine[2].execute("BEGIN")
        application(postgres, stack, "worker")
        application(postgres, stack, user="postgres")
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        assert pids(shown) == {one.info.backend_pid for one in mine[:2]}
        first = lines(shown)[f"ends: session {mine[0].info.backend_pid}"]
        assert all(one.info.backend_pid for one in mine)
    assert first == ("agente_app agente-api, idle 0 s", "agente_app agente-api, idle 0 s")
    assert lines(shown)["sessions of agente-api"] == ("3", "1")
    assert shown.undo == {}
    assert "do not come back" in warnings(shown)


async def test_exactly_the_listed_sessions_end(postgres: PostgresServer, operator: dict[str, object]) -> None:
    told: list[str] = []
    with ExitStack() as stack:
        listed = [application(postgres, stack) for _ in range(2)]
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        later, other = application(postgres, stack), application(postgres, stack, "worker")
        done = await execute(TERMINATE_IDLE, operator, shown, told)
        for one in listed:
            with pytest.raises(psycopg.errors.AdminShutdown):
                one.execute("SELECT 1")
        assert later.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
        assert other.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
    assert done == "sessions ended: 2"
    assert told == ["sessions told to end: 2"]


async def test_a_session_that_went_back_to_work_or_left_is_spared(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        back, gone, idle = (application(postgres, stack) for _ in range(3))
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        assert len(pids(shown)) == 3
        back.execute("BEGIN")
        gone.close()
        done = await execute(TERMINATE_IDLE, operator, shown)
        assert back.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
        with pytest.raises(psycopg.errors.AdminShutdown):
            idle.execute("SELECT 1")
    assert done == "sessions ended: 1; left alone because they were in use again or gone: 2"


async def test_a_process_number_that_was_reused_is_not_mistaken(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        one = application(postgres, stack)
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        pid, _, start = shown.arguments["sessions"].partition("@")
        earlier = f"{pid}@{int(start) - 1}"
        stale = Preview(shown.lines, shown.state, {**shown.arguments, "sessions": earlier})
        done = await execute(TERMINATE_IDLE, operator, stale)
        assert one.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
    assert done.startswith("sessions ended: 0")


async def test_a_list_that_was_shown_keeps_its_fingerprint_when_more_sessions_turn_idle(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        application(postgres, stack)
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        application(postgres, stack)
        again = await preview(TERMINATE_IDLE, operator, **shown.arguments)
        anew = await preview(TERMINATE_IDLE, operator, **IDLE)
    assert again.fingerprint == shown.fingerprint
    assert anew.fingerprint != shown.fingerprint


async def test_no_more_than_the_declared_number_ends_at_once(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        eldest = application(postgres, stack).info.backend_pid
        for _ in range(3):
            application(postgres, stack)
        shown = await preview(TERMINATE_IDLE, operator, **IDLE, max=1)
    assert pids(shown) == {eldest}
    assert "3 more are idle; at most 1 are ended at once." in warnings(shown)


async def test_nothing_idle_for_long_enough_is_nothing_to_propose(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        application(postgres, stack)
        error = await refused(preview(TERMINATE_IDLE, operator, **{**IDLE, "minutes": 5}))
    assert spoken(error).startswith("No session of agente-api (agente_app) has been idle for more than 5 min")


@pytest.mark.parametrize("bad", [{"application": ""}, {"minutes": 0}, {"max": 1000}, {"sessions": "1; DROP"}])
async def test_sessions_cannot_be_ended_without_saying_whose(bad: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        await preview(TERMINATE_IDLE, {"url": "postgresql://u@127.0.0.1/d"}, **{**IDLE, **bad})


async def test_without_the_right_to_signal_nothing_ends_and_the_grant_is_named(postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        one = application(postgres, stack)
        shown = await preview(TERMINATE_IDLE, postgres.address("plantao_read"), **IDLE)
        error = await refused(execute(TERMINATE_IDLE, postgres.address("plantao_read"), shown))
        assert one.execute("SELECT 1 AS one").fetchall() == [{"one": 1}]
    assert isinstance(error, Denied)
    assert spoken(error).endswith("`GRANT pg_signal_backend TO plantao_read`")


async def test_without_pg_monitor_no_list_is_made(postgres: PostgresServer) -> None:
    with ExitStack() as stack:
        application(postgres, stack)
        error = await refused(preview(TERMINATE_IDLE, postgres.address("plantao_purge"), **IDLE))
    assert "`GRANT pg_monitor TO plantao_purge`" in spoken(error)


async def test_a_lost_answer_is_looked_up_and_nothing_is_sent_twice(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with ExitStack() as stack:
        application(postgres, stack)
        shown = await preview(TERMINATE_IDLE, operator, **IDLE)
        async with losing_the_answer(postgres, b"pg_terminate_backend") as proxy:
            done = await execute(TERMINATE_IDLE, proxy.address("plantao_sessions"), shown)
    assert done == "The answer was lost. Looked at again, 1 of 1 sessions have ended."


async def test_a_query_is_cancelled_and_its_session_stays(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with Running(postgres, "SELECT pg_sleep(30), 'ana@example.com'") as running:
        await until_active(postgres, running.pid)
        shown = await preview(CANCEL, operator, pid=running.pid)
        done = await execute(CANCEL, operator, shown)
        assert isinstance(running.end(), psycopg.errors.QueryCanceled)
        assert postgres.session(running.pid)
    assert done == f"the query of session {running.pid} was cancelled"
    assert re.fullmatch(r"agente_app agente-api, active \d s", lines(shown)[f"session {running.pid}"][0])
    assert lines(shown)["its query"][0] == "SELECT pg_sleep(30), '***'"
    assert shown.arguments == {"pid": str(running.pid)}
    assert "ana@" not in repr(shown)


async def test_terminating_cancels_first_and_stops_there_if_that_is_enough(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    told: list[str] = []
    with Running(postgres, "SELECT pg_sleep(30)") as running:
        await until_active(postgres, running.pid)
        done = await execute(TERMINATE, operator, await preview(TERMINATE, operator, pid=running.pid), told)
        assert isinstance(running.end(), psycopg.errors.QueryCanceled)
        assert postgres.session(running.pid)
    assert done == f"the query of session {running.pid} was cancelled; its session stays"
    assert told == [f"session {running.pid} was told to cancel its query"]


async def test_a_session_that_sits_on_a_transaction_is_ended_and_its_victims_go_on(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    postgres.run("INSERT INTO users (id, email) VALUES (1, 'a@example.com') ON CONFLICT DO NOTHING")
    with closing(postgres.connect("agente_app", "worker")) as culprit:
        culprit.execute("BEGIN")
        culprit.execute("UPDATE users SET email = 'b' WHERE id = 1")
        pid = culprit.info.backend_pid
        with Running(postgres, "UPDATE users SET email = 'c' WHERE id = 1") as victim:
            await until(postgres, victim.pid, "wait_event_type", "Lock")
            shown = await preview(TERMINATE, operator, pid=pid)
            error = await refused(preview(CANCEL, operator, pid=pid))
            done = await execute(TERMINATE, operator, shown)
            assert victim.end() is None
    assert done == f"session {pid} was ended"
    assert "Sessions that wait for it: 1." in warnings(shown)
    assert "transaction is rolled back" in warnings(shown)
    assert "runs nothing that could be cancelled; it is idle in transaction" in spoken(error)
    assert postgres.run("SELECT email FROM users WHERE id = 1") == [{"email": "c"}]


async def test_a_query_that_ignores_its_cancellation_loses_its_session(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    deaf = "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$"
    with Running(postgres, deaf) as running:
        await until_active(postgres, running.pid)
        done = await execute(TERMINATE, operator, await preview(TERMINATE, operator, pid=running.pid))
        assert isinstance(running.end(), psycopg.errors.AdminShutdown)
    assert done == f"session {running.pid} was ended"


async def test_a_query_that_ends_late_after_its_cancellation_is_not_told_as_untouched(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    stubborn = "DO $$ BEGIN PERFORM pg_sleep(30); EXCEPTION WHEN query_canceled THEN PERFORM pg_sleep(30); END $$"
    with Running(postgres, stubborn) as running:
        await until_active(postgres, running.pid)
        shown = await preview(TERMINATE, operator, pid=running.pid)
        async with slow_at(postgres, b"pg_terminate_backend") as proxy:
            ending = asyncio.create_task(execute(TERMINATE, proxy.address("plantao_sessions"), shown))
            await proxy.arrived.wait()
            running.connection.cancel_safe()
            running.end()
            proxy.goes_on.set()
            done = await ending
    assert done == (
        f"session {running.pid} was told to cancel its query and no longer runs it; the session was not ended"
    )


@pytest.mark.parametrize("name", [CANCEL, TERMINATE])
async def test_another_query_of_the_same_session_is_left_alone(
    name: str, postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with Running(postgres, "SELECT pg_sleep(30)") as running:
        await until_active(postgres, running.pid)
        shown = await preview(name, operator, pid=running.pid)
        assert (await preview(name, operator, pid=running.pid)).fingerprint == shown.fingerprint
        running.connection.cancel_safe()
        assert isinstance(running.end(), psycopg.errors.QueryCanceled)
        running.again("SELECT pg_sleep(29)")
        await until(postgres, running.pid, "query", "SELECT pg_sleep(29)")
        error = await refused(execute(name, operator, shown))
        assert postgres.session(running.pid)["state"] == "active"
        assert (await preview(name, operator, pid=running.pid)).fingerprint != shown.fingerprint
    assert "no longer runs the query that was shown; nothing was done" in spoken(error)


async def test_a_superusers_query_is_refused_and_the_server_would_refuse_it_too(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with Running(postgres, "SELECT pg_sleep(30)", user="postgres") as running:
        await until_active(postgres, running.pid)
        error = await refused(preview(TERMINATE, operator, pid=running.pid))
        with postgres.connect("plantao_sessions") as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT pg_terminate_backend(%s)", (running.pid,))
    assert "belongs to postgres, an administrator or a replica" in spoken(error)


@pytest.mark.parametrize("name", [CANCEL, TERMINATE])
async def test_processes_of_the_server_itself_and_the_bots_own_sessions_are_refused(
    name: str, postgres: PostgresServer, operator: dict[str, object]
) -> None:
    kinds = postgres.run("SELECT pid, backend_type FROM pg_stat_activity WHERE backend_type <> 'client backend'")
    assert kinds
    for one in kinds:
        error = await refused(preview(name, operator, pid=one["pid"]))
        assert f"belongs to PostgreSQL itself ({one['backend_type']})" in spoken(error)
    with postgres.connect("plantao_sessions") as own, postgres.connect("plantao_read", "plantao") as reader:
        for mine in (own, reader):
            error = await refused(preview(name, operator, pid=mine.info.backend_pid))
            assert spoken(error) == f"Session {mine.info.backend_pid} is the bot's own."


async def test_idle_or_absent_sessions_are_nothing_to_stop(
    postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with postgres.connect("agente_app") as idle:
        error = await refused(preview(TERMINATE, operator, pid=idle.info.backend_pid))
    assert "runs nothing: it is idle" in spoken(error)
    absent = await refused(preview(CANCEL, operator, pid=4_000_000))
    assert spoken(absent) == "There is no session 4000000; it has ended."


@pytest.mark.parametrize("name", [CANCEL, TERMINATE])
async def test_a_lost_answer_to_a_cancellation_is_looked_up(
    name: str, postgres: PostgresServer, operator: dict[str, object]
) -> None:
    with Running(postgres, "SELECT pg_sleep(30)") as running:
        await until_active(postgres, running.pid)
        shown = await preview(name, operator, pid=running.pid)
        async with losing_the_answer(postgres, b"pg_cancel_backend") as proxy:
            done = await execute(name, proxy.address("plantao_sessions"), shown)
        assert isinstance(running.end(), psycopg.errors.QueryCanceled)
    assert done == f"The answer was lost. Looked at again, session {running.pid} no longer runs the query."


async def test_dead_hung_and_unwilling_servers_are_told(postgres: PostgresServer) -> None:
    asked: dict[str, dict[str, object]] = {TERMINATE_IDLE: IDLE, CANCEL: {"pid": 1}, TERMINATE: {"pid": 1}}
    dead: dict[str, object] = {"url": f"postgresql://u:s3same@127.0.0.1:{NOBODY}/d"}
    wrong: dict[str, object] = {"url": postgres.url("plantao_sessions", "wrong-s3same")}
    for name, parameters in asked.items():
        assert isinstance(await refused(preview(name, dead, **parameters)), Unreachable)
        assert isinstance(await refused(preview(name, wrong, **parameters)), Denied)
    async with muted_after(postgres, b"pg_stat_activity") as proxy:
        hung = proxy.address("plantao_sessions")
        errors = await asyncio.gather(*(refused(preview(name, hung, **given)) for name, given in asked.items()))
    assert [type(error) for error in errors] == [TimedOut] * 3


async def test_ended_sessions_are_seen_in_the_check(postgres: PostgresServer, operator: dict[str, object]) -> None:
    with ExitStack() as stack:
        for _ in range(4):
            application(postgres, stack)
        before = measured(await read("postgres.connections", postgres.address()))["total"]
        await execute(TERMINATE_IDLE, operator, await preview(TERMINATE_IDLE, operator, **IDLE))
        after = measured(await read("postgres.connections", postgres.address()))["total"]
    assert (before, after) == (5, 1)
