"""What Atlas' Performance Advisor says: slow queries by shape, never by value, and the indexes that it misses."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.atlas import LIMIT, ask, is_configured, not_configured, records
from bot.providers.mongodb.shape import slow_line

_READ: Final = "`Project Read Only`, `Project Observability Viewer`"
_MEMBERS: Final = 3
_LINES: Final = 100
_SHOWN_INDEXES, _SHOWN_QUERIES = 8, 12
_FIELDS: Final = 8


class Advice(Parameters):
    """How far back; the advisor itself decides which queries of a cluster are slow."""

    minutes: int = Field(24 * 60, ge=1, le=24 * 60)


async def _read(address: Address, wanted: Advice) -> Reading:
    if not is_configured(address):
        return not_configured(("slow", ""), ("worst_ms", "ms"), ("scans", ""), ("suggested", ""))
    since = round((datetime.now(UTC) - timedelta(minutes=wanted.minutes)).timestamp() * 1000)
    members = await _members(address)
    logs, suggestions = await asyncio.gather(
        asyncio.gather(*(_slow(address, member, since) for member in members)),
        asyncio.gather(*(_suggested(address, member, since) for member in members)),
    )
    found = sorted((one for log in logs for one in log), key=_millis, reverse=True)
    indexes = list({line: None for lines in suggestions for line in lines})
    worst = _millis(found[0]) if found else 0
    scans = sum(str(one.get("planSummary", "")).startswith("COLLSCAN") for one in found)
    return Reading(
        _summary(len(found), worst, len(indexes), wanted),
        (
            Measurement("slow", len(found)),
            Measurement("worst_ms", worst, "ms"),
            Measurement("scans", scans),
            Measurement("suggested", len(indexes)),
        ),
        (*indexes[:_SHOWN_INDEXES], *(slow_line(one) for one in found[:_SHOWN_QUERIES])),
    )


async def _members(address: Address) -> list[str]:
    """The cluster's own data-bearing processes, primaries first."""
    processes = records(await ask(address, "/processes", _READ, itemsPerPage=500), "results")
    beginning = f"{address.atlas_cluster.lower()}-shard-"
    own = [
        one
        for one in processes
        if str(one.get("userAlias", "")).startswith(beginning) and _kind(one).endswith(("PRIMARY", "SECONDARY"))
    ]
    if not own:
        raise TargetError("Atlas knows no cluster {cluster} in this project.", cluster=mask(address.atlas_cluster))
    ordered = sorted(own, key=lambda one: (not _kind(one).endswith("PRIMARY"), str(one.get("id"))))
    return [str(one.get("id")) for one in ordered[:_MEMBERS]]


def _kind(process: dict[str, Any]) -> str:
    return str(process.get("typeName", ""))


async def _slow(address: Address, member: str, since: int) -> list[dict[str, Any]]:
    """The slow queries of one member, as its log tells them; a line that is cut says no more than where."""
    path = f"/processes/{member}/performanceAdvisor/slowQueryLogs"
    answer = await ask(address, path, _READ, since=since, nLogs=_LINES)
    return [_attributes(one) for one in records(answer, "slowQueries")]


def _attributes(one: dict[str, Any]) -> dict[str, Any]:
    try:
        line = json.loads(str(one.get("line", "")))
    except (ValueError, RecursionError):
        line = None
    found = line.get("attr") if isinstance(line, dict) else None
    return {"ns": str(one.get("namespace", "")), **(found if isinstance(found, dict) else {})}


def _millis(one: dict[str, Any]) -> int:
    millis = one.get("durationMillis")
    return millis if isinstance(millis, int) else 0


async def _suggested(address: Address, member: str, since: int) -> list[str]:
    path = f"/processes/{member}/performanceAdvisor/suggestedIndexes"
    answer = await ask(address, path, _READ, since=since, nIndexes=20)
    shapes = {str(one.get("id")): one for one in records(answer, "shapes")}
    return [_line(one, shapes) for one in records(answer, "suggestedIndexes")]


def _line(index: dict[str, Any], shapes: dict[str, dict[str, Any]]) -> str:
    """`index suggested: support.tickets {status: 1, created_at: -1}  for 431 queries of 740 ms on average`."""
    steps = [pair for one in index.get("index") or () if isinstance(one, dict) for pair in one.items()]
    keys = ", ".join(f"{str(field)[:60]}: {order}" for field, order in steps[:_FIELDS])
    served = [shapes[str(id)] for id in index.get("impact") or () if str(id) in shapes]
    count = sum(int(one.get("count") or 0) for one in served)
    spent = sum(int(one.get("count") or 0) * float(one.get("avgMs") or 0) for one in served)
    gain = f"  for {count} queries of {round(spent / count)} ms on average" if count else ""
    return f"index suggested: {mask(str(index.get('namespace', '')))[:80]} {{{mask(keys)}}}{gain}"


def _summary(slow: int, worst: int, indexes: int, wanted: Advice) -> Text:
    if not slow and not indexes:
        return say("Atlas saw no slow query in the last {minutes} min", minutes=wanted.minutes)
    return say(
        "Atlas saw {count} slow queries in the last {minutes} min, the worst took {worst} ms; it suggests {indexes} "
        "indexes",
        count=slow,
        minutes=wanted.minutes,
        worst=worst,
        indexes=indexes,
    )


ADVISOR = Read("mongodb.advisor", Address, Advice, LIMIT, _read)
