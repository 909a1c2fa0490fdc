"""Sessions as the server identifies them: a process number alone may be somebody else's a second later."""

import asyncio
from collections.abc import Sequence
from typing import Final

from psycopg import sql

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import Row, Session, reading
from bot.providers.postgres.wording import duration

SIGNAL: Final = "pg_signal_backend"
CLIENT: Final = "client backend"
_PAUSE: Final = 0.1
# Microseconds, because two moments must be told apart exactly.
STARTED: Final = sql.SQL("(extract(epoch FROM backend_start) * 1000000)::bigint")
QUERY_STARTED: Final = sql.SQL("(extract(epoch FROM coalesce(query_start, backend_start)) * 1000000)::bigint")
_PRESENT: Final = sql.SQL(
    "SELECT a.pid FROM pg_stat_activity a JOIN unnest(%(pids)s::int[], %(starts)s::bigint[]) AS shown (pid, started) "
    "ON shown.pid = a.pid AND shown.started = {}"
).format(STARTED)


async def present(session: Session, shown: Sequence[tuple[int, int]]) -> set[int]:
    """Which of these (process number, start) are still there."""
    rows = await session.rows(_PRESENT, pids=[pid for pid, _ in shown], starts=[start for _, start in shown])
    return {row["pid"] for row in rows}


async def until_gone(session: Session, shown: Sequence[tuple[int, int]], seconds: float) -> set[int]:
    """Wait until these sessions have ended; those that have not when the time is over."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while left := await present(session, shown):
        if loop.time() >= deadline:
            break
        await asyncio.sleep(_PAUSE)
    return left


async def look_again(address: Address, shown: Sequence[tuple[int, int]]) -> set[int] | None:
    """After a lost answer: which of these sessions are still there; None when nobody can tell."""
    try:
        async with reading(address) as session:
            return await present(session, shown)
    except (Unreachable, TimedOut):
        return None


def described(row: Row) -> str:
    """Who it is and what it does, without what it typed."""
    who = f"{mask(row['role'] or '?')[:40]} {mask(row['application'] or '')[:40]}".strip()
    return f"{who}, {row['state'] or '?'} {duration(row['age_s'] or 0)}"


def unconfirmed(what: str) -> TargetError:
    return Unreachable(
        "The connection broke while {what} was asked for; whether it happened is not known. Look before anybody "
        "tries again.",
        what=what,
    )
