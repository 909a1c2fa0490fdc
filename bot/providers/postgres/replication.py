"""Its role, and whether the copies keep up."""

from typing import Final

from psycopg import sql

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, Session, reading

_MIB: Final = 1024 * 1024
_ROLE: Final = sql.SQL("SELECT pg_is_in_recovery() AS is_replica")
# While nothing is written, the lag columns are empty: then nobody lags.
_REPLICAS: Final = sql.SQL(
    "SELECT coalesce(application_name, '') AS name, state, "
    "coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag_s, "
    "pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 AS lag_bytes FROM pg_stat_replication ORDER BY 4 DESC"
)
_SLOTS: Final = sql.SQL(
    "SELECT slot_name AS name, active, "
    "coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn), 0)::float8 AS kept_bytes "
    "FROM pg_replication_slots ORDER BY 3 DESC LIMIT 20"
)
# A replica that has replayed all it received does not lag, however long ago the last transaction was.
_OWN: Final = sql.SQL(
    "WITH link AS (SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming' "
    "AND pid IS NOT NULL) AS is_linked) SELECT is_linked, "
    "CASE WHEN is_linked AND pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 "
    "ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag_s, "
    "pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())::float8 AS lag_bytes FROM link"
)


async def _read(address: Address, _: Parameters) -> Reading:
    async with reading(address) as session:
        if (await session.row(_ROLE))["is_replica"]:
            return _as_replica(await session.row(_OWN))
        return await _as_primary(session, address.user)


async def _as_primary(session: Session, user: str) -> Reading:
    replicas, slots = await session.rows(_REPLICAS), await session.rows(_SLOTS)
    kept = max((slot["kept_bytes"] for slot in slots if not slot["active"]), default=0.0)
    reason = _reason(replicas, user)
    lag_s = max((replica["lag_s"] for replica in replicas), default=0.0)
    lag_bytes = max((replica["lag_bytes"] or 0 for replica in replicas), default=0.0)
    is_up = all(replica["state"] == "streaming" for replica in replicas)
    return Reading(
        _summary(replicas, reason, lag_s),
        (
            Measurement("role", "primary"),
            Measurement("replicas", len(replicas)),
            Measurement("link_up", None if reason else is_up, missing=reason),
            Measurement("lag_s", None if reason else round(lag_s, 1), "s", reason),
            Measurement("lag_mb", None if reason else round(lag_bytes / _MIB, 1), "MB", reason),
            Measurement("retained_mb", round(kept / _MIB, 1), "MB"),
        ),
        (*map(_shown, replicas), *(_shown_slot(slot) for slot in slots)),
    )


def _reason(replicas: list[Row], user: str) -> Text | None:
    """Why there is no lag to judge."""
    if not replicas:
        return say("no replica is connected")
    if any(replica["state"] is None for replica in replicas):
        return say("the state of the replicas is hidden; `GRANT pg_monitor TO {user}` shows it", user=user)
    return None


def _summary(replicas: list[Row], reason: Text | None, lag_s: float) -> Text:
    if not replicas:
        return say("primary without replicas")
    if reason is not None:
        return reason
    return say("primary, replicas: {count}, lag {lag} s", count=len(replicas), lag=round(lag_s, 1))


def _shown(replica: Row) -> str:
    megabytes = (replica["lag_bytes"] or 0) / _MIB
    return f"replica {mask(replica['name'])[:60]}  {replica['state'] or '?'}  {megabytes:.1f} MB behind"


def _shown_slot(slot: Row) -> str:
    state = "active" if slot["active"] else "INACTIVE"
    return f"slot {mask(slot['name'])[:60]}  {state}  keeps {slot['kept_bytes'] / _MIB:.1f} MB of WAL"


def _as_replica(own: Row) -> Reading:
    lag_s, lag_bytes, is_linked = own["lag_s"], own["lag_bytes"], own["is_linked"]
    never = say("it has not replayed anything since its start")
    only_primary = say("only the primary knows it")
    if not is_linked:
        summary = say("replica without its primary")
    elif lag_s is None:
        summary = say("replica, linked to its primary")
    else:
        summary = say("replica, linked to its primary, {lag} s behind what it received", lag=round(lag_s, 1))
    return Reading(
        summary,
        (
            Measurement("role", "replica"),
            Measurement("replicas", None, missing=only_primary),
            Measurement("link_up", is_linked),
            Measurement("lag_s", None if lag_s is None else round(lag_s, 1), "s", never if lag_s is None else None),
            Measurement(
                "lag_mb",
                None if lag_bytes is None else round(lag_bytes / _MIB, 1),
                "MB",
                never if lag_bytes is None else None,
            ),
            Measurement("retained_mb", None, "MB", only_primary),
        ),
    )


REPLICATION = Read("postgres.replication", Address, Parameters, QUICK_LIMIT, _read)
