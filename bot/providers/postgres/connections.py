"""How many connections are taken, by whom, and how many there may be."""

from collections import Counter
from typing import Final

from psycopg import sql

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import QUICK_LIMIT, Row, reading

_SHOWN: Final = 20
_NAME_LIMIT: Final = 80
# Who may not see a session's state sees no backend type either, but still its user.
_GROUPS: Final = sql.SQL(
    "SELECT usename AS role, coalesce(application_name, '') AS application, state, count(*) AS sessions, "
    "extract(epoch FROM max(clock_timestamp() - state_change))::float8 AS longest_s, "
    "current_setting('max_connections')::int AS most "
    "FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' OR (backend_type IS NULL AND usename IS NOT NULL AND datid IS NOT NULL) "
    "GROUP BY 1, 2, 3 ORDER BY 4 DESC, 2, 3"
)
_STATES: Final = {
    "active": ("active", "fastpath function call"),
    "idle": ("idle",),
    "idle_in_transaction": ("idle in transaction", "idle in transaction (aborted)"),
}


async def _read(address: Address, _: Parameters) -> Reading:
    async with reading(address) as session:
        groups = await session.rows(_GROUPS)
    total, most = sum(group["sessions"] for group in groups), groups[0]["most"]
    used = round(100 * total / most, 1)
    hidden = sum(group["sessions"] for group in groups if group["state"] is None)
    return Reading(
        _summary(groups, total, used),
        (
            Measurement("total", total),
            *_states(groups, _hidden(hidden, address.user)),
            Measurement("max", most),
            Measurement("used_percent", used, "%"),
        ),
        tuple(map(_shown, groups[:_SHOWN])),
    )


def _hidden(sessions: int, user: str) -> Text | None:
    if not sessions:
        return None
    return say(
        "the state of {count} sessions of other users is hidden; `GRANT pg_monitor TO {user}` shows it",
        count=sessions,
        user=user,
    )


def _states(groups: list[Row], hidden: Text | None) -> tuple[Measurement, ...]:
    counts: Counter[str] = Counter()
    for group in groups:
        counts[group["state"] or ""] += group["sessions"]
    waiting = [group["longest_s"] for group in groups if group["state"] in _STATES["idle_in_transaction"]]
    longest = round(max(waiting, default=0.0), 1)
    return (
        *(
            Measurement(name, None if hidden else sum(counts[state] for state in states), missing=hidden)
            for name, states in _STATES.items()
        ),
        Measurement("longest_idle_in_transaction_s", None if hidden else longest, "s", hidden),
    )


def _summary(groups: list[Row], total: int, used: float) -> Text:
    most = groups[0]
    return say(
        "{total} of {most} connections taken ({used}%), most by {who}: {count}",
        total=total,
        most=most["most"],
        used=used,
        who=_who(most),
        count=most["sessions"],
    )


def _who(group: Row) -> str:
    return f"{mask(group['application'] or '?')[:_NAME_LIMIT]} ({mask(group['role'] or '?')[:_NAME_LIMIT]})"


def _shown(group: Row) -> str:
    return f"{group['sessions']}  {_who(group)}  {group['state'] or '?'}"


CONNECTIONS = Read("postgres.connections", Address, Parameters, QUICK_LIMIT, _read)
