"""`supabase.connections` and `supabase.slow_queries`, through read-only SQL of the Management API."""

from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.supabase.project import LIMIT, Address, Management, without_token
from bot.providers.web_answers import number_of

TAKEN: Final = """
select coalesce(application_name, '') as application, coalesce(state, 'background') as state, count(*) as connections,
       sum(count(*)) over () as taken, current_setting('max_connections')::int as limit
from pg_stat_activity where backend_type = 'client backend' group by 1, 2 order by 3 desc limit 50
"""
_SLOW: Final = """
select left(query, 2000) as query, calls, round(mean_exec_time::numeric, 1) as mean_ms,
       round(max_exec_time::numeric, 1) as max_ms, round(total_exec_time::numeric, 1) as total_ms
from extensions.pg_stat_statements where calls >= {calls} order by mean_exec_time desc limit {top}
"""
_SHOWN: Final = 10


class Slow(Parameters):
    """How many statements to show, slowest mean first, and how often one must have run to count."""

    top: int = Field(10, ge=1, le=50)
    calls: int = Field(5, ge=1, le=1_000_000)


async def _connections(address: Address, _: Parameters) -> Reading:
    if address.access_token is None:
        return without_token(("used", "max", "used_percent"), say("connections unknown"))
    management = Management(address, address.access_token)
    rows = await management.rows(TAKEN)
    used = int(_number(rows[0], "taken")) if rows else 0
    limit = int(_number(rows[0], "limit")) if rows else 0
    if not limit:
        raise TargetError("Supabase's database did not tell its connections.")
    percent = round(100 * used / limit, 1)
    return Reading(
        say("{used} of {limit} database connections used ({percent}%)", used=used, limit=limit, percent=percent),
        (Measurement("used", used), Measurement("max", limit), Measurement("used_percent", percent, "%")),
        tuple(
            management.api.clean(f"×{row.get('connections')}  {row.get('state')}  {row.get('application') or '-'}")
            for row in rows[:_SHOWN]
        ),
    )


async def _slow_queries(address: Address, wanted: Slow) -> Reading:
    if address.access_token is None:
        return without_token(("worst_mean_ms", "statements"), say("slow queries unknown"))
    management = Management(address, address.access_token)
    rows = await management.rows(_SLOW.format(calls=wanted.calls, top=wanted.top))
    worst = max((_number(row, "mean_ms") for row in rows), default=0.0)
    return Reading(
        say("the slowest of {count} statements takes {worst} ms on average", count=len(rows), worst=worst),
        (Measurement("worst_mean_ms", worst, "ms"), Measurement("statements", len(rows))),
        tuple(
            management.api.clean(
                f"{row.get('mean_ms')} ms mean, {row.get('max_ms')} ms max, ×{row.get('calls')}  {row.get('query')}"
            )
            for row in rows[: wanted.top]
        ),
    )


def _number(row: dict[str, Any], name: str) -> float:
    return number_of(row.get(name)) or 0


CONNECTIONS = Read("supabase.connections", Address, Parameters, LIMIT, _connections)
SLOW_QUERIES = Read("supabase.slow_queries", Address, Slow, LIMIT, _slow_queries)
