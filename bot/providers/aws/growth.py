"""How fast a figure of CloudWatch rises, which tells a leak long before a limit does."""

from statistics import linear_regression
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, Value, say
from bot.providers.aws.account import LIMIT, Address, opened
from bot.providers.aws.cloudwatch import Metric
from bot.providers.aws.metrics import Series, series_of

_LEAST: Final = 6
_FALL: Final = 0.8
_HOUR: Final = 3600


class Growth(Metric):
    """One metric over hours; `ceiling` is the value at which it ends, 100 for a percentage.

    Only what came after the last sharp fall counts: a restart in between would hide what leaks.
    """

    minutes: int = Field(360, ge=30, le=14 * 24 * 60)
    period: int = Field(300, ge=60, le=86_400, multiple_of=60)
    ceiling: float | None = Field(None, gt=0)


async def _read(address: Address, wanted: Growth) -> Reading:
    async with opened(address) as account:
        (series,) = await series_of(account, [wanted.wanted(wanted.metric, wanted.statistic)], wanted)
    course = _since_fall({at: value * wanted.scale for at, value in series.items()})
    if len(course) < _LEAST:
        return _too_few(len(course), wanted)
    moments, values = list(course), list(course.values())
    hours = [(at - moments[0]).total_seconds() / _HOUR for at in moments]
    per_hour, last = round(linear_regression(hours, values).slope, 3), round(values[-1], 3)
    left = _left(last, per_hour, wanted)
    return Reading(
        _summary(per_hour, last, round(hours[-1], 1), left, wanted),
        (
            Measurement("per_hour", per_hour, f"{wanted.unit}/h"),
            Measurement("last", last, wanted.unit),
            Measurement("hours", round(hours[-1], 1), "h"),
            Measurement("hours_left", left, "h", None if left is not None else _why_never(wanted)),
        ),
        trend=tuple(round(value, 3) for value in values),
    )


def _since_fall(series: Series) -> Series:
    """The points after the last one that is a fifth lower than the one before it."""
    points = list(series.items())
    falls = [place for place in range(1, len(points)) if points[place][1] < _FALL * points[place - 1][1]]
    return dict(points[falls[-1] :] if falls else points)


def _left(last: float, per_hour: float, wanted: Growth) -> float | None:
    if wanted.ceiling is None or per_hour <= 0:
        return None
    return round(max(0.0, wanted.ceiling - last) / per_hour, 1)


def _why_never(wanted: Growth) -> Text:
    return say("it does not rise") if wanted.ceiling else say("the check names no ceiling")


def _too_few(count: int, wanted: Growth) -> Reading:
    few = say(
        "{metric} has only {count} points since it last fell; too few to see a course",
        metric=wanted.metric,
        count=count,
    )
    names = (("per_hour", f"{wanted.unit}/h"), ("last", wanted.unit), ("hours", "h"), ("hours_left", "h"))
    return Reading(few, tuple(Measurement(name, None, unit, few) for name, unit in names))


def _summary(per_hour: float, last: float, hours: float, left: float | None, wanted: Growth) -> Text:
    values: dict[str, Value] = {
        "metric": wanted.metric,
        "last": last,
        "unit": wanted.unit,
        "per_hour": f"{per_hour:+g}",
        "hours": hours,
    }
    if left is None:
        return say("{metric}: {last} {unit} now, {per_hour} {unit} an hour over {hours} h", **values)
    return say(
        "{metric}: {last} {unit} now, {per_hour} {unit} an hour over {hours} h; at this pace full in {left} h",
        left=left,
        **values,
    )


GROWTH = Read("cloudwatch.growth", Address, Growth, LIMIT, _read)
