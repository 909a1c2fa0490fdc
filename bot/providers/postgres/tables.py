"""What the approver of a change to a table should know about it."""

from typing import Final

from psycopg import sql

from bot.core.errors import Denied, TargetError
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import Row, Session
from bot.providers.postgres.names import spelled
from bot.providers.postgres.refusals import Damaged
from bot.providers.postgres.wording import duration

_OLD: Final = 60.0  # seconds from which on somebody else's transaction is worth a warning
# Sizes from the catalog, which needs no lock; since PostgreSQL 17 a privilege may stand in for ownership.
_TABLE: Final = sql.SQL(
    "SELECT c.oid::bigint AS oid, c.relkind::text AS kind, n.nspname || '.' || c.relname AS name, "
    "greatest(c.reltuples, s.n_live_tup, 0)::float8 AS rows, "
    "c.relpages::float8 * current_setting('block_size')::float8 / 1048576 AS mb, "
    "coalesce(s.n_dead_tup, 0) AS dead, coalesce(s.n_mod_since_analyze, 0) AS modified, "
    "extract(epoch FROM s.last_analyze)::float8 AS analyzed, extract(epoch FROM s.last_vacuum)::float8 AS vacuumed, "
    "to_char(greatest(s.last_analyze, s.last_autoanalyze), 'YYYY-MM-DD HH24:MI \"UTC\"') AS analyzed_at, "
    "to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD HH24:MI \"UTC\"') AS vacuumed_at, "
    "pg_has_role(c.relowner, 'USAGE') AS is_owned, "
    "CASE WHEN current_setting('server_version_num')::int >= 170000 THEN has_table_privilege(c.oid, 'MAINTAIN') "
    "ELSE pg_has_role(c.relowner, 'USAGE') END AS is_maintained, pg_get_userbyid(c.relowner) AS owner "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid "
    "WHERE c.oid = to_regclass(%(table)s)"
)
_OLDEST: Final = sql.SQL(
    "SELECT pid, extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age_s FROM pg_stat_activity "
    "WHERE xact_start < clock_timestamp() - make_interval(secs => %(seconds)s) AND pid <> pg_backend_pid() "
    "AND datname = current_database() ORDER BY xact_start LIMIT 3"
)


async def table_of(session: Session, name: str) -> Row:
    """The ordinary table of this name."""
    rows = await session.rows(_TABLE, table=spelled(name))
    if not rows:
        raise Damaged("There is no table {table} in this database.", table=name)
    if rows[0]["kind"] not in ("r", "p", "m"):
        raise TargetError("{table} is not a table.", table=name)
    return rows[0]


def require_owner(row: Row, address: Address) -> None:
    """PostgreSQL lets only the owner of a table do this; with ANALYZE and VACUUM it merely warns and does nothing."""
    if not row["is_owned"] and not row["is_maintained"]:
        raise Denied(
            "Only the owner of {table} may do this. Grant it: `GRANT {owner} TO {user}`",
            table=row["name"],
            owner=row["owner"],
            user=address.user,
        )


async def old_transactions(session: Session) -> tuple[Text, ...]:
    """One warning for the transactions that a change would wait for, or that keep dead rows alive."""
    rows = await session.rows(_OLDEST, seconds=_OLD)
    if not rows:
        return ()
    listed = ", ".join(f"pid {row['pid']} ({duration(row['age_s'])})" for row in rows)
    return (say("Old transactions are open: {listed}. They hold this up.", listed=listed),)
