"""How many rows came on each of the last days, and how many of them were completed."""

from typing import Final, Self

from psycopg import sql
from pydantic import Field, model_validator

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.calendar import MIDNIGHT, Zone
from bot.providers.postgres.connection import SLOW, SLOW_LIMIT, Row, reading
from bot.providers.postgres.names import Name, Table, quoted

# Days without rows are rows of this answer too.
_DAYS: Final = sql.SQL(
    "WITH counted AS (SELECT ({time}::timestamptz AT TIME ZONE %(zone)s)::date AS day, count(*) AS rows, "
    "count(*) FILTER (WHERE {done}) AS done FROM {table} "
    "WHERE {time}::timestamptz >= {midnight} - make_interval(days => %(days)s) GROUP BY 1) "
    "SELECT d::date::text AS day, coalesce(rows, 0) AS rows, coalesce(done, 0) AS done "
    "FROM generate_series((now() AT TIME ZONE %(zone)s)::date - %(days)s, (now() AT TIME ZONE %(zone)s)::date, "
    "interval '1 day') AS d LEFT JOIN counted ON counted.day = d::date ORDER BY d"
)
_DONE: Final = sql.SQL("{}::text = %(done)s")


class Days(Parameters):
    """Which rows count as completed: those whose `done_column` has the `done_value`."""

    table: Table
    time_column: Name
    days: int = Field(7, ge=1, le=92)
    done_column: Name | None = None
    done_value: str = ""
    time_zone: Zone = "UTC"

    @model_validator(mode="after")
    def _done_is_whole(self) -> Self:
        if bool(self.done_column) != bool(self.done_value):
            raise ValueError("done_column and done_value belong together")
        return self


async def _read(address: Address, wanted: Days) -> Reading:
    async with reading(address, SLOW, f"SELECT ON {wanted.table}") as session:
        days = await session.rows(_query(wanted), zone=wanted.time_zone, days=wanted.days, done=wanted.done_value)
    *full, today = days
    yesterday = full[-1]
    return Reading(
        _summary(yesterday, wanted),
        (
            Measurement("last_day", yesterday["rows"]),
            Measurement("today", today["rows"]),
            Measurement("mean_per_day", round(sum(day["rows"] for day in full) / len(full), 1)),
            _completion(yesterday, wanted),
        ),
        tuple(_shown(day, wanted) for day in days),
        trend=tuple(float(day["rows"]) for day in full),
    )


def _query(wanted: Days) -> sql.Composed:
    return _DAYS.format(
        time=quoted(wanted.time_column),
        done=_DONE.format(quoted(wanted.done_column)) if wanted.done_column else sql.SQL("false"),
        table=quoted(wanted.table),
        midnight=MIDNIGHT,
    )


def _completion(yesterday: Row, wanted: Days) -> Measurement:
    """Of the last full day: that of today would fall every midnight."""
    reason = None
    if not wanted.done_column:
        reason = say("no column is declared that says what is completed")
    elif not yesterday["rows"]:
        reason = say("no rows came on the last full day")
    return Measurement("completion_percent", None if reason else _rate(yesterday), "%", reason)


def _rate(day: Row) -> float:
    return round(100 * float(day["done"]) / float(day["rows"]), 1)


def _summary(yesterday: Row, wanted: Days) -> Text:
    if wanted.done_column and yesterday["rows"]:
        return say(
            "{rows} rows on {day}, {rate}% of them completed",
            rows=yesterday["rows"],
            day=yesterday["day"],
            rate=_rate(yesterday),
        )
    return say("{rows} rows on {day}", rows=yesterday["rows"], day=yesterday["day"])


def _shown(day: Row, wanted: Days) -> str:
    rate = f", {_rate(day)}% completed" if wanted.done_column and day["rows"] else ""
    return f"{day['day']}  {day['rows']}{rate}"


PER_DAY = Read("postgres.per_day", Address, Days, SLOW_LIMIT, _read)
