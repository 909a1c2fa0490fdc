"""CloudWatch metrics: one figure over a window, or the share of one counter in another."""

from datetime import UTC, datetime
from statistics import fmean
from typing import Annotated

from pydantic import Field, StringConstraints

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.aws.account import LIMIT, Address, opened
from bot.providers.aws.metrics import METRIC_NAME, STATISTIC, Series, Wanted, Window, series_of

_Name = Annotated[str, StringConstraints(pattern=METRIC_NAME)]


class _Place(Window):
    """Where metrics are: `dimensions` must be all that the metric has, or CloudWatch finds nothing."""

    namespace: str = Field(max_length=255, pattern=r"^[A-Za-z0-9_./:#-]+$")
    dimensions: dict[_Name, _Name] = Field(default_factory=dict, max_length=30)

    def wanted(self, metric: str, statistic: str) -> Wanted:
        return Wanted(self.namespace, metric, tuple(sorted(self.dimensions.items())), statistic)


class Metric(_Place):
    """One metric; values are multiplied by `scale` (1000 makes seconds milliseconds) and called `unit`.

    `empty` is what a window without any point means: 0 for counters that are only written when something happens.
    """

    metric: _Name
    statistic: str = Field("Average", pattern=STATISTIC)
    scale: float = Field(1.0, gt=0)
    unit: str = Field("", max_length=10)
    empty: float | None = None


class Ratio(_Place):
    """The sum of counters as a share of the sum of others; no point of the numerator is zero."""

    numerator: tuple[_Name, ...] = Field(min_length=1, max_length=5)
    denominator: tuple[_Name, ...] = Field(min_length=1, max_length=5)


async def _read_metric(address: Address, wanted: Metric) -> Reading:
    async with opened(address) as account:
        (series,) = await series_of(account, [wanted.wanted(wanted.metric, wanted.statistic)], wanted)
    values = [round(value * wanted.scale, 3) for value in series.values()]
    if not values and wanted.empty is not None:
        values = [wanted.empty]
    if not values:
        return _no_data(wanted)
    last, highest, mean = values[-1], max(values), round(fmean(values), 3)
    return Reading(
        say(
            "{metric}: {last} {unit} now, {mean} on average and {max} at most in {minutes} min",
            metric=wanted.metric,
            last=last,
            unit=wanted.unit,
            mean=mean,
            max=highest,
            minutes=wanted.minutes,
        ),
        (
            Measurement("last", last, wanted.unit),
            Measurement("max", highest, wanted.unit),
            Measurement("min", min(values), wanted.unit),
            Measurement("mean", mean, wanted.unit),
            Measurement("points", len(series)),
            _age(series),
        ),
        trend=tuple(values),
    )


def _no_data(wanted: Metric) -> Reading:
    nothing = say(
        "CloudWatch has no data of {metric} in the last {minutes} min; check namespace, name and dimensions",
        metric=wanted.metric,
        minutes=wanted.minutes,
    )
    unknown = tuple(Measurement(name, None, wanted.unit, nothing) for name in ("last", "max", "min", "mean"))
    return Reading(nothing, (*unknown, Measurement("points", 0), _age({})))


def _age(series: Series) -> Measurement:
    if not series:
        return Measurement("age_s", None, "s", say("there is no point in this window"))
    return Measurement("age_s", round((datetime.now(UTC) - max(series)).total_seconds()), "s")


async def _read_ratio(address: Address, wanted: Ratio) -> Reading:
    names = (*wanted.numerator, *wanted.denominator)
    async with opened(address) as account:
        found = await series_of(account, [wanted.wanted(name, "Sum") for name in names], wanted)
    parts, wholes = added(found[: len(wanted.numerator)]), added(found[len(wanted.numerator) :])
    part, whole = sum(parts.values()), sum(wholes.values())
    shares = [share(parts.get(at, 0.0), wholes[at]) for at in wholes if wholes[at]]
    counts = (Measurement("numerator", part), Measurement("denominator", whole))
    if not whole:
        nothing = say("nothing was counted in the last {minutes} min", minutes=wanted.minutes)
        unknown = tuple(Measurement(name, None, "%", nothing) for name in ("percent", "last_percent", "worst_percent"))
        return Reading(nothing, (*unknown, *counts))
    return Reading(
        _ratio_summary(part, whole, max(shares), wanted),
        (
            Measurement("percent", share(part, whole), "%"),
            Measurement("last_percent", shares[-1], "%"),
            Measurement("worst_percent", max(shares), "%"),
            *counts,
        ),
        trend=tuple(shares),
    )


def added(found: list[Series]) -> Series:
    """Several counters as one, oldest point first."""
    moments = sorted({at for series in found for at in series})
    return {at: sum(series.get(at, 0.0) for series in found) for at in moments}


def share(part: float, whole: float) -> float:
    return round(100 * part / whole, 3)


def _ratio_summary(part: float, whole: float, worst: float, wanted: Ratio) -> Text:
    return say(
        "{percent}% in the last {minutes} min ({part} of {whole}), {worst}% in the worst {period} s",
        percent=share(part, whole),
        minutes=wanted.minutes,
        part=part,
        whole=whole,
        worst=worst,
        period=wanted.period,
    )


METRIC = Read("cloudwatch.metric", Address, Metric, LIMIT, _read_metric)
RATIO = Read("cloudwatch.ratio", Address, Ratio, LIMIT, _read_ratio)
