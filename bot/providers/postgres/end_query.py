"""Stopping one query: cancel it, and only where that is not enough end its session."""

import asyncio
from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.backends import (
    CLIENT,
    QUERY_STARTED,
    SIGNAL,
    STARTED,
    described,
    look_again,
    unconfirmed,
    until_gone,
)
from bot.providers.postgres.connection import APPLICATION, Row, Session, changing, reading
from bot.providers.postgres.wording import shape

_LIMIT: Final = 40.0
_SEND_LIMIT: Final = 25.0
_CANCEL_LIMIT: Final = 3.0
_GONE_LIMIT: Final = 8.0
_PAUSE: Final = 0.1
_SESSION: Final = sql.SQL(
    "SELECT a.pid, a.usename AS role, coalesce(a.application_name, '') AS application, a.state, a.query, "
    "a.backend_type AS kind, a.query = '<insufficient privilege>' AS is_hidden, {} AS started, "
    "{} AS query_started, coalesce(r.rolsuper, true) AS is_superuser, coalesce(r.rolreplication, true) AS replicates, "
    "a.usename = current_user AS is_own, "
    "extract(epoch FROM clock_timestamp() - coalesce(a.query_start, a.backend_start))::float8 AS age_s, "
    "(SELECT count(*) FROM pg_stat_activity w WHERE w.wait_event_type = 'Lock' "
    "AND a.pid = ANY (pg_blocking_pids(w.pid))) AS victims "
    "FROM pg_stat_activity a LEFT JOIN pg_roles r ON r.rolname = a.usename WHERE a.pid = %(pid)s"
).format(STARTED, QUERY_STARTED)
# The same query of the same session, or nobody: the number may have passed to another one.
_SAME: Final = sql.SQL(
    "FROM pg_stat_activity WHERE pid = %(pid)s AND {} = %(started)s AND {} = %(query_started)s AND state <> 'idle'"
).format(STARTED, QUERY_STARTED)
_CANCEL: Final = sql.SQL(
    "WITH doomed AS MATERIALIZED (SELECT pid {}) SELECT pid, pg_cancel_backend(pid) AS is_sent FROM doomed"
).format(_SAME)
_TERMINATE: Final = sql.SQL(
    "WITH doomed AS MATERIALIZED (SELECT pid {}) SELECT pid, pg_terminate_backend(pid) AS is_sent FROM doomed"
).format(_SAME)
# An aborted transaction has given back its locks; a query that was cancelled inside one leaves that behind.
_RUNS: Final = sql.SQL("SELECT pid {} AND state <> 'idle in transaction (aborted)'").format(_SAME)


class Process(Parameters):
    """Which session, by the process number that the checks show."""

    pid: int = Field(ge=1, le=4_194_304)


async def _preview_cancel(address: Address, wanted: Process) -> Preview:
    row = await _session_to_stop(address, wanted.pid)
    if row["state"] != "active":
        raise TargetError(
            "Session {pid} runs nothing that could be cancelled; it is {state}.", pid=wanted.pid, state=row["state"]
        )
    return _preview(row, (say("The application gets an error for this query; its connection stays."),))


async def _preview_terminate(address: Address, wanted: Process) -> Preview:
    row = await _session_to_stop(address, wanted.pid)
    if row["state"] == "idle":
        raise TargetError("Session {pid} runs nothing: it is idle.", pid=wanted.pid)
    if row["state"] == "active":
        first = say("It is cancelled first; only if it goes on, its session is ended.")
    else:
        first = say("Its open transaction is rolled back and its connection ended; there is no query to cancel.")
    return _preview(row, (first,))


async def _session_to_stop(address: Address, pid: int) -> Row:
    """The session, unless it is one that nobody ends from a chat."""
    async with reading(address) as session:
        rows = await session.rows(_SESSION, pid=pid)
    if not rows:
        raise TargetError("There is no session {pid}; it has ended.", pid=pid)
    row = rows[0]
    if row["is_hidden"]:
        raise Denied(
            "What session {pid} does is hidden. Grant it: `GRANT pg_monitor TO {user}`", pid=pid, user=address.user
        )
    _require_ordinary(row)
    return row


def _require_ordinary(row: Row) -> None:
    pid, role = row["pid"], row["role"]
    if row["kind"] != CLIENT:
        raise TargetError(
            "Process {pid} belongs to PostgreSQL itself ({kind}); it is never ended from here.",
            pid=pid,
            kind=row["kind"] or "?",
        )
    if row["is_own"] or row["application"] == APPLICATION:
        raise TargetError("Session {pid} is the bot's own.", pid=pid)
    if row["is_superuser"] or row["replicates"]:
        raise TargetError(
            "Session {pid} belongs to {role}, an administrator or a replica; a DBA has to end it.", pid=pid, role=role
        )


def _preview(row: Row, warnings: tuple[Text, ...]) -> Preview:
    told = described(row)
    query = shape(row["query"]) or "?"
    blocked = (say("Sessions that wait for it: {count}.", count=row["victims"]),) if row["victims"] else ()
    return Preview(
        lines=(Line(say("session {pid}", pid=row["pid"]), told, told), Line(say("its query"), query, query)),
        state={
            "session_started": str(row["started"]),
            "query_started": str(row["query_started"]),
            "role": str(row["role"]),
        },
        arguments={"pid": str(row["pid"])},
        warnings=(*warnings, *blocked),
    )


def _identity(wanted: Process, preview: Preview) -> dict[str, int]:
    return {
        "pid": wanted.pid,
        "started": int(preview.state["session_started"]),
        "query_started": int(preview.state["query_started"]),
    }


async def _cancel(address: Address, wanted: Process, preview: Preview, _: Progress) -> Text:
    identity = _identity(wanted, preview)
    try:
        async with changing(address, _SEND_LIMIT, SIGNAL) as session:
            await _require_sent(session, _CANCEL, identity)
            is_over = await _until_over(session, identity)
    except (Unreachable, TimedOut) as error:
        return await _looked_at(address, identity, error)
    if not is_over:
        raise TargetError(
            "Session {pid} was told to cancel its query and still runs it; ending the session would stop it.",
            pid=wanted.pid,
        )
    return say("the query of session {pid} was cancelled", pid=wanted.pid)


async def _terminate(address: Address, wanted: Process, preview: Preview, progress: Progress) -> Text:
    identity = _identity(wanted, preview)
    try:
        async with changing(address, _SEND_LIMIT, SIGNAL) as session:
            if await _is_active(session, identity):
                await _require_sent(session, _CANCEL, identity)
                await progress(say("session {pid} was told to cancel its query", pid=wanted.pid))
                if await _until_over(session, identity):
                    return say("the query of session {pid} was cancelled; its session stays", pid=wanted.pid)
                if not await _is_sent(session, _TERMINATE, identity):
                    return say(
                        "session {pid} was told to cancel its query and no longer runs it; the session was not ended",
                        pid=wanted.pid,
                    )
            else:
                await _require_sent(session, _TERMINATE, identity)
            left = await until_gone(session, [(wanted.pid, identity["started"])], _GONE_LIMIT)
    except (Unreachable, TimedOut) as error:
        return await _looked_at(address, identity, error)
    if left:
        raise TargetError("Session {pid} was told to end and has not ended yet.", pid=wanted.pid)
    return say("session {pid} was ended", pid=wanted.pid)


async def _is_sent(session: Session, signal: sql.Composed, identity: dict[str, int]) -> bool:
    """Signal the query that was shown; False, and nothing is signalled, where the session no longer runs it."""
    return bool(await session.rows(signal, **identity))


async def _require_sent(session: Session, signal: sql.Composed, identity: dict[str, int]) -> None:
    if not await _is_sent(session, signal, identity):
        raise TargetError(
            "Session {pid} no longer runs the query that was shown; nothing was done to it.", pid=identity["pid"]
        )


async def _is_active(session: Session, identity: dict[str, int]) -> bool:
    return bool(await session.rows(sql.SQL("{} AND state = 'active'").format(_RUNS), **identity))


async def _until_over(session: Session, identity: dict[str, int]) -> bool:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _CANCEL_LIMIT
    while await session.rows(_RUNS, **identity):
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(_PAUSE)
    return True


async def _looked_at(address: Address, identity: dict[str, int], error: TargetError) -> Text:
    """What has become of the query; nothing is sent again."""
    left = await look_again(address, [(identity["pid"], identity["started"])])
    if left is None:
        raise unconfirmed("pg_cancel_backend") from error
    if not left:
        return say("The answer was lost. Looked at again, session {pid} has ended.", pid=identity["pid"])
    async with reading(address) as session:
        is_running = bool(await session.rows(_RUNS, **identity))
    if is_running:
        raise TargetError(
            "The answer was lost. Looked at again, session {pid} still runs the query.", pid=identity["pid"]
        ) from error
    return say("The answer was lost. Looked at again, session {pid} no longer runs the query.", pid=identity["pid"])


CANCEL_QUERY = Change("postgres.cancel_query", Address, Process, _LIMIT, _preview_cancel, _cancel)
TERMINATE_QUERY = Change("postgres.terminate_query", Address, Process, _LIMIT, _preview_terminate, _terminate)
