"""How much memory and CPU a service uses, against its limits."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.graph import LIMIT, Node, opened
from bot.providers.railway.history import scope_of

_WANTED: Final = ("MEMORY_USAGE_GB", "MEMORY_LIMIT_GB", "CPU_USAGE", "CPU_LIMIT")
_POINTS: Final = 60


class Metrics(OfService):
    """How far back to look; the newest value counts, the others show the trend."""

    minutes: int = Field(60, ge=5, le=7 * 24 * 60)


async def _read(address: Address, wanted: Metrics) -> Reading:
    begin = datetime.now(UTC) - timedelta(minutes=wanted.minutes)
    async with opened(address) as graph:
        scope = await scope_of(graph, address, wanted.service)
        series = await graph.ask(
            queries.METRICS,
            _series,
            serviceId=scope.service,
            environmentId=scope.environment,
            startDate=begin.isoformat(timespec="seconds").replace("+00:00", "Z"),
            measurements=_WANTED,
            sampleRateSeconds=max(30, wanted.minutes * 60 // _POINTS),
        )
    return _reading(series)


def _series(answer: Node) -> dict[str, list[float]]:
    return {
        one["measurement"]: [float(point["value"]) for point in sorted(one["values"], key=lambda point: point["ts"])]
        for one in answer["metrics"]
    }


def _reading(series: Mapping[str, list[float]]) -> Reading:
    memory, memory_limit, cpu, cpu_limit = (_last(series, name) for name in _WANTED)
    percent = _percent(memory, memory_limit)
    none = say("Railway has no figures of this service for that time")
    unlimited = say("Railway reports no limit")
    growth = _growth(series.get("MEMORY_USAGE_GB") or [])
    return Reading(
        _summary(memory, percent),
        (
            Measurement("memory_percent", percent, "%", None if percent is not None else _why(memory, none, unlimited)),
            Measurement("memory_mb", _megabytes(memory), "MB", none if memory is None else None),
            Measurement("memory_limit_mb", _megabytes(memory_limit), "MB", unlimited if memory_limit is None else None),
            Measurement("memory_growth_percent", growth, "%", none if growth is None else None),
            Measurement("cpu", None if cpu is None else round(cpu, 3), "vCPU", none if cpu is None else None),
            Measurement(
                "cpu_percent",
                _percent(cpu, cpu_limit),
                "%",
                None if _percent(cpu, cpu_limit) is not None else _why(cpu, none, unlimited),
            ),
        ),
        trend=tuple(round(value * 1024, 1) for value in series.get("MEMORY_USAGE_GB", ())),
    )


def _last(series: Mapping[str, list[float]], name: str) -> float | None:
    values = series.get(name)
    return values[-1] if values else None


def _percent(used: float | None, limit: float | None) -> float | None:
    return None if used is None or not limit else round(100 * used / limit, 1)


def _growth(values: list[float]) -> float | None:
    """From the first value to the last: a leak climbs, a load goes up and down."""
    return round(100 * (values[-1] - values[0]) / values[0], 1) if values and values[0] else None


def _megabytes(value: float | None) -> float | None:
    return None if value is None else round(value * 1024, 1)


def _why(value: float | None, none: Text, unlimited: Text) -> Text:
    return none if value is None else unlimited


def _summary(memory: float | None, percent: float | None) -> Text:
    if memory is None:
        return say("Railway has no figures of this service for that time")
    if percent is None:
        return say("{used} MB of memory used", used=round(memory * 1024, 1))
    return say("{percent}% of its memory used ({used} MB)", percent=percent, used=round(memory * 1024, 1))


METRICS = Read("railway.metrics", Address, Metrics, LIMIT, _read)
