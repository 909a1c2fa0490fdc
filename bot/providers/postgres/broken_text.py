"""How many texts of a column are empty or did not survive an encoding: all of them, or some."""

from typing import Final

from psycopg import sql

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import SLOW, SLOW_LIMIT, Row, Session, reading
from bot.providers.postgres.names import Name, Table, quoted

# U+FFFD is what a decoder writes when it gives up; U+00C3 before a control or Latin-1 sign is UTF-8 encoded twice.
_BROKEN: Final = sql.SQL("({column} LIKE '%%' || U&'\\FFFD' || '%%' OR btrim({column}) = '')")
_COUNT: Final = sql.SQL(
    "SELECT count(*) AS total, count(*) FILTER (WHERE {broken}) AS broken, "
    "count(*) FILTER (WHERE {column} ~ U&'\\00C3[\\0080-\\00BF]') AS twice FROM {table}"
)
_KEYS: Final = sql.SQL("SELECT left({key}::text, 200) AS key FROM {table} WHERE {broken} ORDER BY {key} DESC LIMIT 20")


class Column(Parameters):
    """Which text to look at; `key` names the column that identifies a row."""

    table: Table
    column: Name
    key: Name = "id"


async def _read(address: Address, wanted: Column) -> Reading:
    async with reading(address, SLOW, f"SELECT ON {wanted.table}") as session:
        found = await session.row(_filled(_COUNT, wanted))
        keys = await _keys(session, wanted) if found["broken"] else []
    total, broken = found["total"], found["broken"]
    share = round(100 * broken / total, 1) if total else None
    return Reading(
        _summary(found, wanted),
        (
            Measurement("broken", broken),
            Measurement("total", total),
            Measurement("share_percent", share, "%", None if total else say("the table is empty")),
            Measurement("double_encoded", found["twice"]),
        ),
        tuple(f"{wanted.key} {key}" for key in keys),
    )


def _filled(query: sql.SQL, wanted: Column) -> sql.Composed:
    column = sql.SQL("{}::text").format(quoted(wanted.column))
    return query.format(
        broken=_BROKEN.format(column=column), column=column, table=quoted(wanted.table), key=quoted(wanted.key)
    )


async def _keys(session: Session, wanted: Column) -> list[str]:
    return [mask(row["key"] or "NULL")[:60] for row in await session.rows(_filled(_KEYS, wanted))]


def _summary(found: Row, wanted: Column) -> Text:
    total, broken = found["total"], found["broken"]
    if not broken:
        return say("all {total} texts in {table} can be read", total=total, table=wanted.table)
    if broken == total:
        return say("all {total} texts in {table} are broken or empty", total=total, table=wanted.table)
    return say(
        "{broken} of {total} texts in {table} are broken or empty", broken=broken, total=total, table=wanted.table
    )


BROKEN_TEXT = Read("postgres.broken_text", Address, Column, SLOW_LIMIT, _read)
