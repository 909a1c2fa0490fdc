"""How the rows of a table spread over the values of one column."""

from typing import Final, Self

from psycopg import sql
from pydantic import Field, model_validator

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.calendar import Zone, is_recent, is_today
from bot.providers.postgres.connection import SLOW, SLOW_LIMIT, Row, reading
from bot.providers.postgres.names import Name, Table, quoted

_TOP: Final = 20
_VALUE_LIMIT: Final = 60
_FETCHED: Final = 500
_GROUPS: Final = sql.SQL(
    "SELECT left({column}::text, {fetched}) AS value, count(*) AS rows, sum(count(*)) OVER ()::float8 AS total, "
    "count(*) OVER () AS values FROM {table} WHERE {condition} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {top}"
)


class Groups(Parameters):
    """Which column; only rows of today or of the last `window_hours` when a `time_column` says when a row came."""

    table: Table
    column: Name
    time_column: Name | None = None
    window_hours: int | None = Field(None, ge=1, le=24 * 366)
    time_zone: Zone = "UTC"

    @model_validator(mode="after")
    def _window_needs_a_column(self) -> Self:
        if self.window_hours and not self.time_column:
            raise ValueError("window_hours needs a time_column")
        return self


async def _read(address: Address, wanted: Groups) -> Reading:
    async with reading(address, SLOW, f"SELECT ON {wanted.table}") as session:
        groups = await session.rows(
            _GROUPS.format(
                column=quoted(wanted.column),
                table=quoted(wanted.table),
                condition=_condition(wanted),
                fetched=sql.Literal(_FETCHED),
                top=sql.Literal(_TOP),
            ),
            zone=wanted.time_zone,
            hours=wanted.window_hours,
        )
    total = int(groups[0]["total"]) if groups else 0
    largest = groups[0]["rows"] if groups else 0
    nothing = say("no rows there")
    share = round(100 * largest / total, 1) if total else None
    return Reading(
        _summary(groups, total),
        (
            Measurement("rows", total),
            Measurement("values", groups[0]["values"] if groups else 0),
            Measurement("largest", largest),
            Measurement("largest_percent", share, "%", None if total else nothing),
        ),
        tuple(f"{group['rows']}  {_value(group)}" for group in groups),
    )


def _condition(wanted: Groups) -> sql.Composable:
    """Without a time column everything; with one, today unless a window is given."""
    if wanted.time_column is None:
        return sql.SQL("true")
    return is_recent(wanted.time_column) if wanted.window_hours else is_today(wanted.time_column)


def _value(group: Row) -> str:
    value = group["value"]
    return "NULL" if value is None else mask(" ".join(value.split()))[:_VALUE_LIMIT] or "''"


def _summary(groups: list[Row], total: int) -> Text:
    if not groups:
        return say("no rows there")
    return say(
        "{total} rows in {values} groups, most in {value}: {rows}",
        total=total,
        values=groups[0]["values"],
        value=_value(groups[0]),
        rows=groups[0]["rows"],
    )


GROUP = Read("postgres.group", Address, Groups, SLOW_LIMIT, _read)
