"""The newest rows of a table, in declared columns, with personal ones masked."""

import re
from typing import Final, Self

from psycopg import sql
from pydantic import Field, model_validator

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import MASKED, mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import SLOW, SLOW_LIMIT, Row, reading
from bot.providers.postgres.names import Name, Table, quoted
from bot.providers.postgres.wording import duration

_CELL_LIMIT: Final = 120
_AGE: Final = "newest_age_s"
# Masked even if the catalog forgot to say so.
_PERSONAL: Final = re.compile(
    r"(?i)mail|phone|telefone|celular|cpf|cnpj|passw|senha|secret|token|hash|salt|(?<![a-z])(?:name|nome|address)"
)
_NEWEST: Final = sql.SQL(
    "SELECT {cells}, extract(epoch FROM now() - {time}::timestamptz)::float8 AS newest_age_s FROM {table} "
    "ORDER BY {time} DESC NULLS LAST LIMIT {limit}"
)


class Newest(Parameters):
    """Which columns to show, and which of them only as present or absent."""

    table: Table
    columns: tuple[Name, ...] = Field(min_length=1, max_length=12)
    time_column: Name
    limit: int = Field(10, ge=1, le=20)
    masked: tuple[Name, ...] = ()

    @model_validator(mode="after")
    def _masked_are_shown(self) -> Self:
        if strange := set(self.masked) - set(self.columns):
            raise ValueError(f"masked columns that are not shown: {', '.join(sorted(strange))}")
        if _AGE in self.columns:
            raise ValueError(f"{_AGE} is the name of the measurement")
        return self

    def hides(self, column: str) -> bool:
        return column in self.masked or bool(_PERSONAL.search(column))


async def _read(address: Address, wanted: Newest) -> Reading:
    async with reading(address, SLOW, f"SELECT ON {wanted.table}") as session:
        rows = await session.rows(_query(wanted))
    age = rows[0][_AGE] if rows else None
    broken = sum(_is_broken(row[column]) for row in rows for column in wanted.columns if not wanted.hides(column))
    undated = say("the newest row has no time") if rows else say("the table is empty")
    return Reading(
        _summary(age, wanted.table, undated),
        (
            Measurement(_AGE, None if age is None else round(age), "s", undated if age is None else None),
            Measurement("rows", len(rows)),
            Measurement("broken", broken),
        ),
        tuple(_shown(row, wanted) for row in rows),
    )


def _query(wanted: Newest) -> sql.Composed:
    """Hidden columns are not even fetched; of them only NULL or not comes back."""
    cells = [
        (
            sql.SQL("({} IS NOT NULL)::text AS {}") if wanted.hides(column) else sql.SQL("left({}::text, 2000) AS {}")
        ).format(quoted(column), quoted(column))
        for column in wanted.columns
    ]
    return _NEWEST.format(
        cells=sql.SQL(", ").join(cells),
        time=quoted(wanted.time_column),
        table=quoted(wanted.table),
        limit=sql.Literal(wanted.limit),
    )


def _is_broken(cell: str | None) -> bool:
    return cell is not None and ("\N{REPLACEMENT CHARACTER}" in cell or not cell.strip())


def _summary(age: float | None, table: str, undated: Text) -> Text:
    if age is None:
        return undated
    return say("the newest row of {table} is {age} old", table=table, age=duration(age))


def _shown(row: Row, wanted: Newest) -> str:
    return "  ".join(f"{column}={_cell(row[column], wanted.hides(column))}" for column in wanted.columns)


def _cell(cell: str | None, is_hidden: bool) -> str:
    if is_hidden:
        return MASKED if cell == "true" else "NULL"
    return "NULL" if cell is None else mask(" ".join(cell.split()))[:_CELL_LIMIT]


NEWEST = Read("postgres.newest", Address, Newest, SLOW_LIMIT, _read)
