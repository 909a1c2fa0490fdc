"""What runs right now: the long ones first, and who blocks whom."""

from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, reading
from bot.providers.postgres.wording import duration, shape

_SHOWN: Final = 20
# pg_blocking_pids is asked only for those that wait: it briefly locks the whole lock table.
_SESSIONS: Final = sql.SQL(
    "WITH seen AS MATERIALIZED (SELECT pid, usename AS role, coalesce(application_name, '') AS application, state, "
    "query, query = '<insufficient privilege>' AS is_hidden, "
    "extract(epoch FROM clock_timestamp() - coalesce(query_start, xact_start))::float8 AS age_s, "
    "CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blockers "
    "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL AND datid IS NOT NULL "
    "AND coalesce(backend_type, 'client backend') = 'client backend') "
    "SELECT * FROM seen WHERE is_hidden OR state <> 'idle' ORDER BY age_s DESC NULLS LAST LIMIT 500"
)


class Long(Parameters):
    """From which age on a query counts as long."""

    min_seconds: float = Field(5, ge=0, le=86_400)


async def _read(address: Address, wanted: Long) -> Reading:
    async with reading(address) as session:
        sessions = await session.rows(_SESSIONS)
    seen = [one for one in sessions if not one["is_hidden"]]
    hidden = len(sessions) - len(seen)
    long = [one for one in seen if one["state"] == "active" and one["age_s"] >= wanted.min_seconds]
    blocked = [one for one in seen if one["blockers"]]
    missing = _hidden(hidden, address.user) if hidden else None
    longest = round(long[0]["age_s"], 1) if long else 0.0
    return Reading(
        _summary(long, blocked, missing, wanted.min_seconds),
        (
            Measurement("count", None if missing else len(long), missing=missing),
            Measurement("longest_s", None if missing else longest, "s", missing),
            Measurement("blocked", None if missing else len(blocked), missing=missing),
        ),
        tuple(_evidence(seen, long, blocked)),
    )


def _hidden(sessions: int, user: str) -> Text:
    return say(
        "what {count} sessions of other users do is hidden; `GRANT pg_monitor TO {user}` shows it",
        count=sessions,
        user=user,
    )


def _summary(long: list[Row], blocked: list[Row], missing: Text | None, seconds: float) -> Text:
    if missing is not None:
        return missing
    if not long:
        return say(
            "no query runs for more than {seconds} s; waiting for a lock: {blocked}",
            seconds=seconds,
            blocked=len(blocked),
        )
    return say(
        "queries longer than {seconds} s: {count}, the longest for {longest} (pid {pid}); "
        "waiting for a lock: {blocked}",
        count=len(long),
        seconds=seconds,
        longest=duration(long[0]["age_s"]),
        pid=long[0]["pid"],
        blocked=len(blocked),
    )


def _evidence(seen: list[Row], long: list[Row], blocked: list[Row]) -> list[str]:
    """The long ones, those that wait, and those for whom they wait."""
    culprits = {pid for one in blocked for pid in one["blockers"]}
    wanted = {one["pid"] for one in [*long, *blocked]} | culprits
    # The culprits first: they are what a person came for.
    ranked = sorted((one for one in seen if one["pid"] in wanted), key=lambda one: one["pid"] not in culprits)
    return [_shown(one, one["pid"] in culprits) for one in ranked[:_SHOWN]]


def _shown(one: Row, is_culprit: bool) -> str:
    who = f"{mask(one['role'])[:40]} {mask(one['application'])[:40]}".strip()
    notes = [f"waits for {', '.join(map(str, one['blockers']))}"] if one["blockers"] else []
    notes += ["blocks others"] if is_culprit else []
    told = f"[{'; '.join(notes)}] " if notes else ""
    return f"pid {one['pid']}  {duration(one['age_s'] or 0)}  {one['state']}  {who}: {told}{shape(one['query'])}"


LONG_QUERIES = Read("postgres.long_queries", Address, Long, QUICK_LIMIT, _read)
