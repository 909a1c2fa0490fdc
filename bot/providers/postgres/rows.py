"""How many rows a table has, and whether it can be read at all."""

from typing import Final, Self

from psycopg import errors as vendor
from psycopg import sql
from pydantic import Field, model_validator

from bot.core.findings import Measurement, Quantity, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.calendar import Zone, is_recent, is_today
from bot.providers.postgres.connection import SLOW, SLOW_LIMIT, Row, Session, reading
from bot.providers.postgres.names import Name, Table, quoted, spelled

_ESTIMATE: Final = sql.SQL("SELECT (SELECT reltuples FROM pg_class WHERE oid = to_regclass(%(table)s))::float8 AS rows")
_COUNT: Final = sql.SQL("SELECT count(*) AS rows, {} AS today, {} AS recent, {} AS newest_age_s FROM {}")
_NOTHING: Final = sql.SQL("NULL")


class Rows(Parameters):
    """Which table; with a `time_column` also what came today and within the last `window_hours`."""

    table: Table
    time_column: Name | None = None
    window_hours: int | None = Field(None, ge=1, le=24 * 366)
    time_zone: Zone = "UTC"

    @model_validator(mode="after")
    def _window_needs_a_column(self) -> Self:
        if self.window_hours and not self.time_column:
            raise ValueError("window_hours needs a time_column")
        return self


async def _read(address: Address, wanted: Rows) -> Reading:
    async with reading(address, SLOW, f"SELECT ON {wanted.table}") as session:
        estimate = (await session.row(_ESTIMATE, table=spelled(wanted.table)))["rows"]
        try:
            return _counted(await _count(session, wanted), wanted)
        except vendor.QueryCanceled:
            return _estimated(estimate, wanted)


async def _count(session: Session, wanted: Rows) -> Row:
    column = wanted.time_column
    query = _COUNT.format(
        sql.SQL("count(*) FILTER (WHERE {})").format(is_today(column)) if column else _NOTHING,
        sql.SQL("count(*) FILTER (WHERE {})").format(is_recent(column)) if column else _NOTHING,
        sql.SQL("extract(epoch FROM now() - max({}::timestamptz))::float8").format(quoted(column))
        if column
        else _NOTHING,
        quoted(wanted.table),
    )
    return await session.row(query, zone=wanted.time_zone, hours=wanted.window_hours)


def _counted(row: Row, wanted: Rows) -> Reading:
    no_column = say("no time column is declared")
    no_rows = say("the table is empty")
    age = row["newest_age_s"]
    measurements = [Measurement("rows", row["rows"])]
    if wanted.time_column:
        measurements.append(Measurement("today", row["today"]))
        measurements.append(_measured("newest_age_s", None if age is None else round(age), "s", no_rows))
    else:
        measurements.append(Measurement("today", None, missing=no_column))
    if wanted.window_hours:
        measurements.append(Measurement("recent", row["recent"]))
    return Reading(_summary(row, wanted), tuple(measurements))


def _measured(name: str, value: Quantity, unit: str, missing: Text) -> Measurement:
    return Measurement(name, value, unit, missing if value is None else None)


def _summary(row: Row, wanted: Rows) -> Text:
    if wanted.window_hours:
        return say(
            "{table} has {rows} rows, {recent} of the last {hours} h",
            table=wanted.table,
            rows=row["rows"],
            recent=row["recent"],
            hours=wanted.window_hours,
        )
    if wanted.time_column:
        return say(
            "{table} has {rows} rows, {today} of today", table=wanted.table, rows=row["rows"], today=row["today"]
        )
    return say("{table} has {rows} rows", table=wanted.table, rows=row["rows"])


def _estimated(estimate: float | None, wanted: Rows) -> Reading:
    """The table can be read, but is too big to count."""
    about = max(int(estimate or 0), 0)
    reason = say("counting takes longer than {seconds} s; the statistics say about {rows}", seconds=SLOW, rows=about)
    names = ["rows", "today"]
    names += ["newest_age_s"] if wanted.time_column else []
    names += ["recent"] if wanted.window_hours else []
    return Reading(reason, tuple(Measurement(name, None, missing=reason) for name in names))


COUNT = Read("postgres.count", Address, Rows, SLOW_LIMIT, _read)
