"""An expression over a window: what it was all the time, where it goes, and a series worth drawing."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from time import time
from typing import Final, Literal

from pydantic import Field, model_validator

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.prometheus.query import LABEL
from bot.providers.prometheus.server import (
    LIMIT,
    Address,
    Series,
    asked,
    is_number,
    label_words,
    reached,
    rounded,
    series_of,
)

_POINTS: Final = 120
_MOST_POINTS: Final = 2000
_BUCKETS: Final = 12
_WHOLE_PERCENT: Final = 95


class Range(Parameters):
    """A PromQL expression and the window to look at.

    With `worst: highest`, `min` is what it was at least during the whole window: a limit on it is a limit that held
    for so long. With `worst: lowest` the same is true of `max`. Of several series the one that held worst is told.
    """

    query: str = Field(min_length=1, max_length=2000)
    minutes: int = Field(ge=1, le=31 * 24 * 60)
    step_s: int | None = Field(None, ge=1, le=86_400)
    unit: str = Field("", max_length=10)
    by: str = Field("", pattern=LABEL)
    worst: Literal["highest", "lowest"] = "highest"

    @model_validator(mode="after")
    def _is_bounded(self) -> "Range":
        if self.minutes * 60 / self.step > _MOST_POINTS:
            raise ValueError(f"more than {_MOST_POINTS} points; take a longer step_s")
        return self

    @property
    def step(self) -> int:
        """Seconds between two points."""
        return self.step_s or max(1, self.minutes * 60 // _POINTS)


@dataclass(frozen=True, slots=True)
class _Window:
    """The finite points of one series, oldest first; `expected` is how many a whole window has."""

    labels: dict[str, str]
    points: tuple[float, ...]
    expected: int

    @property
    def covered_percent(self) -> float:
        return round(min(100.0, 100 * len(self.points) / self.expected), 1)

    @property
    def is_whole(self) -> bool:
        return self.covered_percent >= _WHOLE_PERCENT


async def _read(address: Address, wanted: Range) -> Reading:
    end = time()
    query = [
        ("query", wanted.query),
        ("start", f"{end - 60 * wanted.minutes:.3f}"),
        ("end", f"{end:.3f}"),
        ("step", str(wanted.step)),
    ]
    async with reached(address) as api:
        found = series_of(await asked(api, "/api/v1/query_range", query), "matrix", api.host)
    windows = [window for window in (_window(series, wanted) for series in found) if window.points]
    if not windows:
        return _nothing(len(found), wanted)
    told = max(windows, key=lambda window: _badness(window, wanted))
    return Reading(_summary(told, wanted), _measurements(told, len(found), wanted), trend=_thinned(told.points))


def _window(series: Series, wanted: Range) -> _Window:
    points = tuple(value for _, value in series.values if is_number(value))
    return _Window(series.metric, points, wanted.minutes * 60 // wanted.step + 1)


def _badness(window: _Window, wanted: Range) -> tuple[bool, float, float]:
    """A whole window before one with gaps; then how bad it was all the time; then how bad it is now."""
    if wanted.worst == "highest":
        return window.is_whole, min(window.points), window.points[-1]
    return window.is_whole, -max(window.points), -window.points[-1]


def _nothing(count: int, wanted: Range) -> Reading:
    why = say("no series matches the query; the metric may be absent or renamed")
    if count:
        why = say("the expression has no finite value in this window; usually it divides by zero, for want of traffic")
    names = ("last", "min", "max", "mean", "growth_percent", "largest_step_percent")
    return Reading(
        why,
        (
            *(Measurement(name, None, missing=why) for name in names),
            Measurement("covered_percent", 0, "%"),
            Measurement("series", count),
        ),
    )


def _measurements(told: _Window, count: int, wanted: Range) -> tuple[Measurement, ...]:
    points, unit = told.points, wanted.unit
    gaps = None
    if not told.is_whole:
        gaps = say(
            "only {percent}% of the {minutes} min have data, so nothing held all the time",
            percent=told.covered_percent,
            minutes=wanted.minutes,
        )
    floor = gaps if wanted.worst == "highest" else None
    ceiling = gaps if wanted.worst == "lowest" else None
    growth, step = _growth(points)
    short = say("too few points, or it began at zero") if growth is None else None
    flat = say("it did not grow") if step is None else None
    return (
        Measurement("last", rounded(points[-1]), unit),
        Measurement("min", None if floor else rounded(min(points)), unit, floor),
        Measurement("max", None if ceiling else rounded(max(points)), unit, ceiling),
        Measurement("mean", rounded(fmean(points)), unit),
        Measurement("growth_percent", growth, "%", short),
        Measurement("largest_step_percent", step, "%", flat),
        Measurement("covered_percent", told.covered_percent, "%"),
        Measurement("series", count),
    )


def _growth(points: tuple[float, ...]) -> tuple[float | None, float | None]:
    """From the first twelfth to the last, and which share of it came at once.

    A leak grows in many small steps, load in one large one.
    """
    if len(points) < _BUCKETS:
        return None, None
    edges = [len(points) * index // _BUCKETS for index in range(_BUCKETS + 1)]
    means = [fmean(points[begin:end]) for begin, end in pairwise(edges)]
    total = means[-1] - means[0]
    growth = round(100 * total / abs(means[0]), 1) if means[0] else None
    largest = max(later - earlier for earlier, later in pairwise(means))
    return growth, round(100 * largest / total, 1) if total > 0 else None


def _thinned(points: tuple[float, ...]) -> tuple[float, ...]:
    """At most so many points as a chart needs; the last one always."""
    every = max(1, -(-(len(points) - 1) // _POINTS))
    return tuple(rounded(point) for point in reversed(points[::-1][::every]))


def _summary(told: _Window, wanted: Range) -> Text:
    name = label_words(told.labels, wanted.by) if told.labels else ""
    last, low, high = (f"{rounded(value):g}" for value in (told.points[-1], min(told.points), max(told.points)))
    now = f"{last} {wanted.unit}".strip()
    if name:
        return say(
            "{last} now, {low} to {high} in the last {minutes} min, at the worst: {name}",
            last=now,
            low=low,
            high=high,
            minutes=wanted.minutes,
            name=name,
        )
    return say(
        "{last} now, {low} to {high} in the last {minutes} min",
        last=now,
        low=low,
        high=high,
        minutes=wanted.minutes,
    )


RANGE = Read("prometheus.range", Address, Range, LIMIT, _read)
