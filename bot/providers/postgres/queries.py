"""What runs right now: the suspicious and the long ones, and who blocks whom."""

from dataclasses import dataclass
from typing import Final

from psycopg import sql
from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, reading
from bot.providers.postgres.suspicion import signs
from bot.providers.postgres.wording import duration, shape, typed

_SHOWN: Final = 20
# pg_blocking_pids is asked only for those that wait: it briefly locks the whole lock table.
_SESSIONS: Final = sql.SQL(
    "WITH seen AS MATERIALIZED (SELECT pid, usename AS role, coalesce(application_name, '') AS application, state, "
    "query, coalesce(host(client_addr), '') AS client, query = '<insufficient privilege>' AS is_hidden, "
    "extract(epoch FROM clock_timestamp() - coalesce(query_start, xact_start))::float8 AS age_s, "
    "CASE WHEN wait_event_type = 'Lock' THEN pg_blocking_pids(pid) ELSE '{}' END AS blockers "
    "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND usename IS NOT NULL AND datid IS NOT NULL "
    "AND coalesce(backend_type, 'client backend') = 'client backend') "
    "SELECT * FROM seen WHERE is_hidden OR state <> 'idle' ORDER BY age_s DESC NULLS LAST LIMIT 500"
)


class Long(Parameters):
    """From which age on a query counts as long."""

    min_seconds: float = Field(5, ge=0, le=86_400)


@dataclass(frozen=True, slots=True)
class _Sessions:
    """Those that may be looked at, and how many may not."""

    seen: list[Row]
    hidden: int
    min_seconds: float

    @property
    def long(self) -> list[Row]:
        return [one for one in self.seen if one["state"] == "active" and one["age_s"] >= self.min_seconds]

    @property
    def blocked(self) -> list[Row]:
        return [one for one in self.seen if one["blockers"]]

    @property
    def culprits(self) -> set[int]:
        return {pid for one in self.blocked for pid in one["blockers"]}

    @property
    def suspicious(self) -> list[Row]:
        return [one for one in self.seen if _signs(one)]

    def ranked(self) -> list[Row]:
        """The suspicious ones, those for whom others wait, the long ones, and those that wait."""
        culprits, suspicious = self.culprits, {one["pid"] for one in self.suspicious}
        wanted = {one["pid"] for one in [*self.long, *self.blocked]} | culprits | suspicious
        meant = (one for one in self.seen if one["pid"] in wanted)
        return sorted(meant, key=lambda one: (one["pid"] not in suspicious, one["pid"] not in culprits))[:_SHOWN]


async def _read(address: Address, wanted: Long) -> Reading:
    sessions = await _sessions(address, wanted)
    missing = _hidden(sessions.hidden, address.user) if sessions.hidden else None
    long = sessions.long
    longest = round(long[0]["age_s"], 1) if long else 0.0
    return Reading(
        _summary(sessions, missing),
        (
            Measurement("count", None if missing else len(long), missing=missing),
            Measurement("longest_s", None if missing else longest, "s", missing),
            Measurement("blocked", None if missing else len(sessions.blocked), missing=missing),
            Measurement("suspicious", None if missing else len(sessions.suspicious), missing=missing),
        ),
        tuple(_shown(one, one["pid"] in sessions.culprits) for one in sessions.ranked()),
    )


async def _reveal(address: Address, wanted: Long) -> tuple[str, ...]:
    sessions = await _sessions(address, wanted)
    return tuple(_shown(one, one["pid"] in sessions.culprits, is_full=True) for one in sessions.ranked())


async def _sessions(address: Address, wanted: Long) -> _Sessions:
    async with reading(address) as session:
        rows = await session.rows(_SESSIONS)
    seen = [one for one in rows if not one["is_hidden"]]
    return _Sessions(seen, len(rows) - len(seen), wanted.min_seconds)


def _signs(one: Row) -> list[str]:
    return signs(one["query"], one["application"])


def _hidden(sessions: int, user: str) -> Text:
    return say(
        "what {count} sessions of other users do is hidden; `GRANT pg_monitor TO {user}` shows it",
        count=sessions,
        user=user,
    )


def _summary(sessions: _Sessions, missing: Text | None) -> Text:
    if missing is not None:
        return missing
    words = _length(sessions)
    if not sessions.suspicious:
        return words
    return say("suspicious: {count}; {words}", count=len(sessions.suspicious), words=words)


def _length(sessions: _Sessions) -> Text:
    long, blocked = sessions.long, sessions.blocked
    if not long:
        return say(
            "no query runs for more than {seconds} s; waiting for a lock: {blocked}",
            seconds=sessions.min_seconds,
            blocked=len(blocked),
        )
    return say(
        "queries longer than {seconds} s: {count}, the longest for {longest} (pid {pid}); "
        "waiting for a lock: {blocked}",
        count=len(long),
        seconds=sessions.min_seconds,
        longest=duration(long[0]["age_s"]),
        pid=long[0]["pid"],
        blocked=len(blocked),
    )


def _shown(one: Row, is_culprit: bool, *, is_full: bool = False) -> str:
    """A session in one line; in full it has its address and what people typed."""
    who = f"{mask(one['role'])[:40]} {mask(one['application'])[:40]}".strip()
    if is_full:
        who += f" from {one['client'] or 'the machine itself'}"
    notes = [*_signs(one), *([f"waits for {', '.join(map(str, one['blockers']))}"] if one["blockers"] else [])]
    notes += ["blocks others"] if is_culprit else []
    told = f"[{'; '.join(notes)}] " if notes else ""
    query = typed(one["query"]) if is_full else shape(one["query"])
    return f"pid {one['pid']}  {duration(one['age_s'] or 0)}  {one['state']}  {who}: {told}{query}"


LONG_QUERIES = Read("postgres.long_queries", Address, Long, QUICK_LIMIT, _read, _reveal)
