"""How big the database is, and which tables make it so."""

from typing import Final

from psycopg import errors as vendor
from psycopg import sql
from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, Session, reading

_MIB: Final = 1024 * 1024
_TOP: Final = 10
_DATABASE: Final = sql.SQL(
    "SELECT current_database() AS mine, pg_database_size(coalesce(%(name)s, current_database())::name) AS bytes"
)
_TABLES: Final = sql.SQL(
    "SELECT n.nspname || '.' || c.relname AS name, pg_total_relation_size(c.oid) AS bytes, "
    "pg_indexes_size(c.oid) AS indexes, coalesce(s.n_dead_tup, 0) AS dead, coalesce(s.n_live_tup, 0) AS live "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid "
    "WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') "
    "ORDER BY 2 DESC, 1 LIMIT %(top)s"
)


class Database(Parameters):
    """Which database of the server; none means the one of the address."""

    database: str | None = Field(None, min_length=1, max_length=63)


async def _read(address: Address, wanted: Database) -> Reading:
    async with reading(address) as session:
        found = await session.row(_DATABASE, name=wanted.database)
        tables = await _tables(session) if wanted.database in (None, found["mine"]) else []
    size = round(found["bytes"] / _MIB, 1)
    largest = round(tables[0]["bytes"] / _MIB, 1) if tables else None
    unseen = say("no table was measured: there is none, one is locked, or they are in another database")
    return Reading(
        say("{name} takes {size} MB", name=wanted.database or found["mine"], size=size),
        (
            Measurement("size_mb", size, "MB"),
            Measurement("largest_table_mb", largest, "MB", missing=None if tables else unseen),
            Measurement("growth_mb", None, "MB", say("PostgreSQL keeps no history of its size; a monitoring does")),
        ),
        tuple(map(_shown, tables)),
    )


async def _tables(session: Session) -> list[Row]:
    """Measuring a table takes a weak lock, which an exclusive one of somebody else keeps us from."""
    try:
        return await session.rows(_TABLES, top=_TOP)
    except (vendor.LockNotAvailable, vendor.QueryCanceled):
        return []


def _shown(table: Row) -> str:
    return (
        f"{table['name']}  {table['bytes'] / _MIB:.1f} MB, of it indexes {table['indexes'] / _MIB:.1f} MB; "
        f"about {table['live']} rows, {table['dead']} dead"
    )


SIZE = Read("postgres.size", Address, Database, QUICK_LIMIT, _read)
