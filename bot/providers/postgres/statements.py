"""Which statements are slow on average since the statistics began."""

from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, Session, reading
from bot.providers.postgres.wording import shape

_HIDDEN: Final = "<insufficient privilege>"
# Managed services install extensions in a schema of their own.
_SCHEMA: Final = sql.SQL(
    "SELECT n.nspname AS schema "
    "FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'"
)
_WORST: Final = sql.SQL(
    "SELECT query, calls, round(mean_exec_time::numeric, 1)::float8 AS mean_ms, "
    "round(max_exec_time::numeric, 1)::float8 AS max_ms, count(*) OVER () AS statements "
    "FROM {}.pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid "
    "WHERE d.datname = current_database() AND calls >= %(calls)s AND s.userid <> current_user::regrole "
    "ORDER BY mean_exec_time DESC LIMIT %(top)s"
)


class Slow(Parameters):
    """How many to show, and how often a statement must have run to count."""

    top: int = Field(10, ge=1, le=50)
    min_calls: int = Field(1, ge=1, le=1_000_000)


async def _read(address: Address, wanted: Slow) -> Reading:
    async with reading(address) as session:
        schema = await _schema(session, address)
        worst = await session.rows(_WORST.format(sql.Identifier(schema)), calls=wanted.min_calls, top=wanted.top)
    return Reading(
        _summary(worst),
        (
            Measurement("worst_mean_ms", worst[0]["mean_ms"] if worst else 0.0, "ms"),
            Measurement("statements", worst[0]["statements"] if worst else 0),
        ),
        tuple(map(_shown, worst)),
    )


async def _schema(session: Session, address: Address) -> str:
    found = await session.rows(_SCHEMA)
    if not found:
        raise TargetError(
            "The extension pg_stat_statements is not installed in {where}. An administrator runs `CREATE EXTENSION "
            "pg_stat_statements`; it also needs `shared_preload_libraries` and a restart.",
            where=address.where,
        )
    return str(found[0]["schema"])


def _summary(worst: list[Row]) -> Text:
    if not worst:
        return say("pg_stat_statements has not counted any statement yet")
    first = worst[0]
    if first["query"] == _HIDDEN:
        return say(
            "the slowest statement takes {mean} ms on average ({calls} calls); its words are hidden without pg_monitor",
            mean=first["mean_ms"],
            calls=first["calls"],
        )
    return say(
        "the slowest statement takes {mean} ms on average ({calls} calls): {query}",
        mean=first["mean_ms"],
        calls=first["calls"],
        query=shape(first["query"], 80),
    )


def _shown(row: Row) -> str:
    return f"{row['mean_ms']:g} ms  ×{row['calls']}  (worst {row['max_ms']:g} ms)  {shape(row['query'])}"


SLOW_STATEMENTS = Read("postgres.slow_statements", Address, Slow, QUICK_LIMIT, _read)
