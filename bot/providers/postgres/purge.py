"""Deleting old rows of one declared table: counted first, in batches, never more than were shown."""

from dataclasses import dataclass
from typing import Final, Self

from psycopg import sql
from pydantic import Field, model_validator

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import SLOW, Row, Session, changing, reading
from bot.providers.postgres.names import Name, Table, Tables, quoted
from bot.providers.postgres.purge_guards import Guarded, guarded

_LIMIT: Final = 3600.0
_BATCH_LIMIT: Final = 60.0
_STEPS: Final = 20  # how often progress is told
# Days begin at midnight UTC, so that what was shown stays true until the next midnight.
_CUTOFF: Final = sql.SQL(
    "SELECT to_char(date_trunc('day', now()) - make_interval(days => %(days)s), 'YYYY-MM-DD') AS day"
)
_OLD: Final = sql.SQL("{time}::timestamptz < %(before)s::timestamptz")
_NOT_HELD: Final = sql.SQL("NOT EXISTS (SELECT FROM {hold} AS h WHERE h.{column} = t.{key})")
_COUNT: Final = sql.SQL(
    "SELECT count(*) FILTER (WHERE free) AS rows, count(*) FILTER (WHERE NOT free) AS held, "
    "min(at)::date::text AS oldest "
    "FROM (SELECT {free} AS free, t.{time} AS at FROM {table} AS t WHERE {old} LIMIT %(most)s) AS candidates"
)
# The conditions are tested again by the outer statement, on the row as it is when it is deleted.
_DELETE: Final = sql.SQL(
    "DELETE FROM {table} AS t WHERE {old} AND {free} AND t.{key} IN "
    "(SELECT t.{key} FROM {table} AS t WHERE {old} AND {free} ORDER BY t.{time} LIMIT %(batch)s)"
)


class Purge(Parameters):
    """Which rows: those whose `time_column` is more than `days` ago; never more than `cap` of them.

    `hold_table` lists in `hold_column` the keys of rows under a legal hold, which stay. `cascades` are the tables
    whose rows the database itself deletes or changes along. `backup_check` names the check that proves the backup.
    """

    table: Table
    time_column: Name
    days: int = Field(ge=1, le=36_500)
    batch: int = Field(1000, ge=1, le=10_000)
    cap: int = Field(100_000, ge=1, le=5_000_000)
    hold_table: Table | None = None
    hold_column: Name | None = None
    cascades: Tables = ()
    backup_check: str = Field("", max_length=100)

    @model_validator(mode="after")
    def _hold_is_whole(self) -> Self:
        if bool(self.hold_table) != bool(self.hold_column):
            raise ValueError("hold_table and hold_column belong together")
        return self


async def _preview(address: Address, wanted: Purge) -> Preview:
    if not wanted.backup_check:
        raise TargetError(
            "No backup check is declared for this action. Nothing is deleted without a proof of a backup: name it in "
            "the catalog as `backup_check`."
        )
    async with reading(address, SLOW, _needs(wanted)) as session:
        guard = await guarded(session, wanted.table, wanted.cascades)
        before = (await session.row(_CUTOFF, days=wanted.days))["day"]
        counted = await _counted(session, wanted, guard, before)
    _require_some(counted, wanted, before)
    rows = counted["rows"]
    return Preview(
        lines=(
            Line(say("rows of {table} before {day}", table=wanted.table, day=before), str(rows), "0"),
            Line(say("the oldest of them"), counted["oldest"], "—"),
            *(_held_line(counted["held"]) if wanted.hold_table else ()),
        ),
        state={"oid": str(guard.oid), "before": before, "rows": str(rows), "held": str(counted["held"])},
        arguments=_arguments(wanted),
        warnings=(
            say("Deleted rows do not come back; only a restore of a backup brings them."),
            say("The disk does not get emptier by it: a VACUUM lets {table} use the room again.", table=wanted.table),
            say("Approve only if the check {check} proves a backup that can be restored.", check=wanted.backup_check),
            *(() if wanted.hold_table else (_no_hold(),)),
            *guard.warnings,
        ),
    )


def _no_hold() -> Text:
    return say("No table of legal holds is declared: ask whether any of these rows must be kept.")


def _held_line(held: int) -> tuple[Line, ...]:
    return (Line(say("of the old rows, kept under a legal hold"), str(held), str(held)),)


def _require_some(counted: Row, wanted: Purge, before: str) -> None:
    if counted["rows"] + counted["held"] > wanted.cap:
        raise TargetError(
            "More than {cap} rows of {table} are older than {day}. Begin with more days and come down in steps, or "
            "raise the cap in the catalog.",
            cap=wanted.cap,
            table=wanted.table,
            day=before,
        )
    if not counted["rows"]:
        raise TargetError("{table} has no rows from before {day} to delete.", table=wanted.table, day=before)


def _arguments(wanted: Purge) -> dict[str, str]:
    told = {
        "table": wanted.table,
        "time_column": wanted.time_column,
        "days": str(wanted.days),
        "batch": str(wanted.batch),
        "cap": str(wanted.cap),
        "backup_check": wanted.backup_check,
    }
    optional = {
        "hold_table": wanted.hold_table,
        "hold_column": wanted.hold_column,
        "cascades": ",".join(wanted.cascades),
    }
    return told | {name: value for name, value in optional.items() if value}


def _needs(wanted: Purge) -> str:
    hold = f" (and SELECT ON {wanted.hold_table})" if wanted.hold_table else ""
    return f"SELECT, DELETE ON {wanted.table}{hold}"


async def _counted(session: Session, wanted: Purge, guard: Guarded, before: str) -> Row:
    """Bounded by the cap, so that even a huge table answers in time."""
    return await session.row(_filled(_COUNT, wanted, guard), before=before, most=wanted.cap + 1)


def _filled(query: sql.SQL, wanted: Purge, guard: Guarded) -> sql.Composed:
    key, time = quoted(guard.key), quoted(wanted.time_column)
    free: sql.Composable = sql.SQL("true")
    if wanted.hold_table and wanted.hold_column:
        free = _NOT_HELD.format(hold=quoted(wanted.hold_table), column=quoted(wanted.hold_column), key=key)
    old = _OLD.format(time=sql.SQL("t.{}").format(time))
    return query.format(table=quoted(wanted.table), time=time, key=key, old=old, free=free)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The statement, its cutoff, and how many rows were approved."""

    statement: sql.Composed
    before: str
    rows: int


async def _execute(address: Address, wanted: Purge, preview: Preview, progress: Progress) -> Text:
    before, shown = preview.state["before"], int(preview.state["rows"])
    async with reading(address, SLOW, _needs(wanted)) as session:
        guard = await guarded(session, wanted.table, wanted.cascades)
        counted = await _counted(session, wanted, guard, before)
    if (str(guard.oid), counted["rows"]) != (preview.state["oid"], shown):
        raise TargetError(
            "{table} has {now} rows from before {day} now, {shown} were shown; nothing was deleted.",
            table=wanted.table,
            now=counted["rows"],
            day=before,
            shown=shown,
        )
    deleted = await _deleted(address, wanted, _Plan(_filled(_DELETE, wanted, guard), before, shown), progress)
    if deleted < shown:
        return say(
            "{deleted} rows of {table} deleted; {gone} of those shown were already gone",
            deleted=deleted,
            table=wanted.table,
            gone=shown - deleted,
        )
    return say("{deleted} rows of {table} deleted", deleted=deleted, table=wanted.table)


async def _deleted(address: Address, wanted: Purge, plan: _Plan, progress: Progress) -> int:
    """Delete batch after batch, each a transaction of its own; a batch whose answer is lost ends it."""
    deleted, told = 0, 0
    while deleted < plan.rows:
        try:
            gone = await _batch(address, wanted, plan, min(wanted.batch, plan.rows - deleted))
        except (Unreachable, TimedOut) as error:
            raise Unreachable(
                "The connection broke after {deleted} of {rows} rows were deleted; the batch under way may have been "
                "deleted too. Propose it again: it counts anew.",
                deleted=deleted,
                rows=plan.rows,
            ) from error
        if not gone:
            break
        deleted += gone
        if (step := deleted * _STEPS // plan.rows) > told:
            told = step
            await progress(say("{deleted} of {rows} rows deleted", deleted=deleted, rows=plan.rows))
    return deleted


async def _batch(address: Address, wanted: Purge, plan: _Plan, rows: int) -> int:
    """On a connection of its own, so that a server that hangs is noticed within this batch's limit."""
    async with changing(address, _BATCH_LIMIT, _needs(wanted)) as session:
        return await session.run(plan.statement, before=plan.before, batch=rows)


PURGE = Change("postgres.purge", Address, Purge, _LIMIT, _preview, _execute)
