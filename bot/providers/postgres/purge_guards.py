"""What a deletion would pull along, and whether the catalog has said so."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from bot.core.errors import TargetError
from bot.core.text import Text, say
from bot.providers.postgres.connection import Session
from bot.providers.postgres.names import Table
from bot.providers.postgres.tables import table_of

# Foreign keys that delete or change rows elsewhere, and theirs in turn.
_PULLED: Final = sql.SQL(
    "WITH RECURSIVE pulled AS (SELECT %(table)s::oid AS oid UNION SELECT f.conrelid FROM pg_constraint f "
    "JOIN pulled p ON f.confrelid = p.oid WHERE f.contype = 'f' AND f.confdeltype IN ('c', 'n', 'd')) "
    "SELECT n.nspname AS schema, c.relname AS name FROM pulled p JOIN pg_class c ON c.oid = p.oid "
    "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid <> %(table)s::oid ORDER BY 1, 2"
)
_KEY: Final = sql.SQL(
    "SELECT a.attname::text AS name FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid "
    "AND a.attnum = i.indkey[0] WHERE i.indrelid = %(table)s::oid AND i.indisprimary AND i.indnkeyatts = 1"
)
_TRIGGERS: Final = sql.SQL(
    "SELECT tgname AS name FROM pg_trigger WHERE tgrelid = %(table)s::oid AND NOT tgisinternal AND tgenabled <> 'D' "
    "AND tgtype & 8 = 8 ORDER BY 1"
)


@dataclass(frozen=True, slots=True)
class Guarded:
    """The table's identity, its primary key, and what the approver must know."""

    oid: int
    key: str
    warnings: tuple[Text, ...]


async def guarded(session: Session, table: str, cascades: Sequence[Table]) -> Guarded:
    """Refuses a table without a simple primary key, a partitioned one, and effects nobody declared."""
    row = await table_of(session, table)
    if row["kind"] != "r":
        raise TargetError("{table} is not an ordinary table; drop old partitions instead.", table=table)
    keys = await session.rows(_KEY, table=row["oid"])
    if not keys:
        raise TargetError("{table} has no primary key of one column, which batches need.", table=table)
    pulled = await session.rows(_PULLED, table=row["oid"])
    undeclared = [one["name"] for one in pulled if not {one["name"], f"{one['schema']}.{one['name']}"} & set(cascades)]
    if undeclared:
        raise TargetError(
            "Deleting from {table} would also delete or change rows of {others}. Declare them in the catalog as "
            "`cascades` if that is meant.",
            table=table,
            others=", ".join(undeclared),
        )
    triggers = [one["name"] for one in await session.rows(_TRIGGERS, table=row["oid"])]
    return Guarded(row["oid"], keys[0]["name"], tuple(_told([one["name"] for one in pulled], triggers)))


def _told(pulled: list[str], triggers: list[str]) -> list[Text]:
    told = []
    if pulled:
        told.append(say("Rows of {tables} that belong to them are deleted or changed too.", tables=", ".join(pulled)))
    if triggers:
        told.append(say("Each deletion runs the triggers {names}.", names=", ".join(triggers)))
    return told
