"""Ending sessions of one application that have been idle for long: exactly those that were listed."""

from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.backends import SIGNAL, STARTED, described, look_again, unconfirmed, until_gone
from bot.providers.postgres.connection import Row, changing, reading

_LIMIT: Final = 30.0
_SEND_LIMIT: Final = 12.0
_GONE_LIMIT: Final = 8.0
# Role, application and database all have to fit; nobody's superuser or replication session ever does.
_IDLE: Final = sql.SQL(
    "FROM pg_stat_activity a JOIN pg_roles r ON r.rolname = a.usename WHERE a.usename = %(role)s "
    "AND a.application_name = %(application)s AND a.datname = current_database() AND a.state = 'idle' "
    "AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid() AND NOT r.rolsuper AND NOT r.rolreplication "
    "AND a.state_change < clock_timestamp() - make_interval(secs => %(minutes)s * 60)"
)
_LISTED: Final = sql.SQL(
    "SELECT pid, usename AS role, application_name AS application, state, {} AS started, "
    "extract(epoch FROM clock_timestamp() - state_change)::float8 AS age_s {} ORDER BY state_change LIMIT 500"
).format(STARTED, _IDLE)
_COUNTED: Final = sql.SQL(
    "SELECT count(*) AS all, count(*) FILTER (WHERE backend_type IS NULL) AS hidden FROM pg_stat_activity "
    "WHERE usename = %(role)s AND application_name = %(application)s AND datname = current_database()"
)
# Materialized, so that the signal is sent to nobody whom the conditions have not let through.
_END: Final = sql.SQL(
    "WITH doomed AS MATERIALIZED (SELECT a.pid {} AND (a.pid, {}) IN "
    "(SELECT * FROM unnest(%(pids)s::int[], %(starts)s::bigint[]))) "
    "SELECT pid, pg_terminate_backend(pid) AS is_sent FROM doomed"
).format(_IDLE, STARTED)


class Idle(Parameters):
    """Whose sessions, idle for how many minutes, and how many at most.

    `sessions` names those that were shown (`pid@start`, comma-separated); a catalog that lets an action accept it
    has exactly these ended, however the list has changed since.
    """

    application: str = Field(min_length=1, max_length=63)
    role: str = Field(min_length=1, max_length=63)
    minutes: float = Field(5, gt=0, le=1440)
    max: int = Field(20, ge=1, le=40)
    sessions: str = Field("", pattern=r"^(\d{1,9}@\d{1,17}(,\d{1,9}@\d{1,17})*)?$")

    @property
    def named(self) -> list[tuple[int, int]]:
        pairs = (one.partition("@") for one in self.sessions.split(",") if one)
        return [(int(pid), int(start)) for pid, _, start in pairs]


async def _preview(address: Address, wanted: Idle) -> Preview:
    async with reading(address) as session:
        counted = await session.row(_COUNTED, role=wanted.role, application=wanted.application)
        listed = await session.rows(_LISTED, **_conditions(wanted))
    _require_sight(counted, address.user)
    chosen = _chosen(listed, wanted)
    if not chosen:
        raise TargetError(
            "No session of {application} ({role}) has been idle for more than {minutes} min; there is nothing to end.",
            application=wanted.application,
            role=wanted.role,
            minutes=f"{wanted.minutes:g}",
        )
    count = counted["all"]
    sessions = wanted.sessions or ",".join(f"{row['pid']}@{row['started']}" for row in chosen)
    return Preview(
        lines=(
            Line(
                say("sessions of {application}", application=wanted.application), str(count), str(count - len(chosen))
            ),
            *(Line(say("ends: session {pid}", pid=row["pid"]), described(row), described(row)) for row in chosen),
        ),
        state={"database": address.where},
        arguments={**_arguments(wanted), "sessions": sessions},
        warnings=_warnings(len(listed), len(chosen)),
    )


def _conditions(wanted: Idle) -> dict[str, object]:
    return {"role": wanted.role, "application": wanted.application, "minutes": wanted.minutes}


def _arguments(wanted: Idle) -> dict[str, str]:
    return {name: str(value) for name, value in {**_conditions(wanted), "max": wanted.max}.items()}


def _require_sight(counted: Row, user: str) -> None:
    if counted["hidden"]:
        raise TargetError(
            "Other users' sessions are hidden, so that none can be chosen. Grant it: `GRANT pg_monitor TO {user}`",
            user=user,
        )


def _chosen(listed: list[Row], wanted: Idle) -> list[Row]:
    """The named ones that still fit, or the longest idle ones."""
    if not wanted.sessions:
        return listed[: wanted.max]
    named = set(wanted.named)
    return [row for row in listed if (row["pid"], row["started"]) in named]


def _warnings(listed: int, chosen: int) -> tuple[Text, ...]:
    told = [say("Ended sessions do not come back; a healthy pool opens new ones when it needs them.")]
    if listed > chosen:
        told.append(
            say("{count} more are idle; at most {chosen} are ended at once.", count=listed - chosen, chosen=chosen)
        )
    return tuple(told)


async def _execute(address: Address, wanted: Idle, preview: Preview, progress: Progress) -> Text:
    approved = Idle.model_validate(preview.arguments)
    shown = approved.named
    try:
        async with changing(address, _SEND_LIMIT, SIGNAL) as session:
            sent = await session.rows(
                _END, **_conditions(approved), pids=[pid for pid, _ in shown], starts=[start for _, start in shown]
            )
            told = {row["pid"] for row in sent if row["is_sent"]}
            await progress(say("sessions told to end: {count}", count=len(told)))
            left = await until_gone(session, [one for one in shown if one[0] in told], _GONE_LIMIT)
    except (Unreachable, TimedOut) as error:
        return await _looked_at(address, shown, error)
    return _outcome(len(told) - len(left), len(shown) - len(told), len(left))


async def _looked_at(address: Address, shown: list[tuple[int, int]], error: TargetError) -> Text:
    left = await look_again(address, shown)
    if left is None:
        raise unconfirmed("pg_terminate_backend") from error
    return say(
        "The answer was lost. Looked at again, {ended} of {count} sessions have ended.",
        ended=len(shown) - len(left),
        count=len(shown),
    )


def _outcome(ended: int, spared: int, left: int) -> Text:
    if left:
        raise TargetError(
            "Sessions ended: {ended}; told to and not ended yet: {left}; left alone: {spared}.",
            ended=ended,
            left=left,
            spared=spared,
        )
    if spared:
        return say(
            "sessions ended: {ended}; left alone because they were in use again or gone: {spared}",
            ended=ended,
            spared=spared,
        )
    return say("sessions ended: {ended}", ended=ended)


TERMINATE_IDLE = Change("postgres.terminate_idle", Address, Idle, _LIMIT, _preview, _execute)
