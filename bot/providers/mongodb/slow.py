"""Slow queries of the last while, from the database's own profiler; by shape, never by value."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ANSWER_MS, LIMIT, ask, connected, in_thread
from bot.providers.mongodb.shape import slow_line

_PROFILE: Final = say("`find` on `system.profile` of this database (role `clusterMonitor`)")
_FETCHED: Final = 200
_SHOWN: Final = 15


class Slow(Parameters):
    """From how many milliseconds on, and how far back."""

    min_ms: int = Field(100, ge=0, le=600_000)
    minutes: int = Field(60, ge=1, le=24 * 60)


def _read(address: Address, wanted: Slow) -> Reading:
    with connected(address, _PROFILE) as client:
        level = ask(client, address.database, "profile", -1)
        if not level.get("was"):
            return _switched_off()
        since = datetime.now(UTC) - timedelta(minutes=wanted.minutes)
        query = {"ts": {"$gte": since}, "millis": {"$gte": wanted.min_ms}}
        cursor = client[address.database]["system.profile"].find(query).sort("millis", -1)
        found = cursor.limit(_FETCHED).max_time_ms(ANSWER_MS).to_list(_FETCHED)
    scans = sum(str(one.get("planSummary", "")).startswith("COLLSCAN") for one in found)
    worst = int(found[0].get("millis", 0)) if found else 0
    return Reading(
        _summary(found, scans, worst, wanted),
        (
            Measurement("slow", len(found)),
            Measurement("worst_ms", worst, "ms"),
            Measurement("scans", scans),
        ),
        tuple(slow_line(one) for one in found[:_SHOWN]),
    )


def _switched_off() -> Reading:
    reason = say(
        "the profiler of this database is off. See `mongodb.advisor` where there is Atlas, "
        "or switch it on: `db.setProfilingLevel(1, {sign}slowms: 100{end})`",
        sign="{",
        end="}",
    )
    names = (("slow", ""), ("worst_ms", "ms"), ("scans", ""))
    return Reading(reason, tuple(Measurement(name, None, unit, reason) for name, unit in names))


def _summary(found: list[dict[str, Any]], scans: int, worst: int, wanted: Slow) -> Text:
    if not found:
        return say("no query took {ms} ms or more in the last {minutes} min", ms=wanted.min_ms, minutes=wanted.minutes)
    return say(
        "{count} slow queries in the last {minutes} min, the worst took {worst} ms; {scans} read whole collections",
        count=len(found),
        minutes=wanted.minutes,
        worst=worst,
        scans=scans,
    )


SLOW = Read("mongodb.slow", Address, Slow, LIMIT, in_thread(_read))
