"""A page of metrics read directly, for systems without a Prometheus; with two visits also a rate."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from time import perf_counter
from typing import Final

from prometheus_client.parser import text_string_to_metric_families
from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.crunching import crunch
from bot.providers.http.api import Api
from bot.providers.prometheus.server import Address, is_number, label_words, reached, rounded

_LIMIT: Final = 25.0
_SHOWN: Final = 20


class Scrape(Parameters):
    """Which samples of the page count: `metric` and the values of `labels` may hold `*`.

    With `rate` the page is visited again after `rate_seconds`. `empty` is the value when no sample matches, as for a
    counter of errors that has not counted yet.
    """

    path: str = Field("", pattern=r"^(/\S*)?$")
    metric: str = Field(pattern=r"^[a-zA-Z_:*][\w:*]*$")
    labels: dict[str, str] = Field(default_factory=dict)
    unit: str = Field("", max_length=10)
    rate: bool = False
    rate_seconds: float = Field(2.0, ge=0.2, le=10)
    empty: float | None = None


@dataclass(frozen=True, slots=True)
class _Visit:
    samples: tuple[tuple[str, float], ...]
    at: float

    @property
    def total(self) -> float:
        return sum(value for _, value in self.samples)


async def _read(address: Address, wanted: Scrape) -> Reading:
    async with reached(address) as api:
        first = await _visit(api, wanted)
        last = first
        if wanted.rate:
            await asyncio.sleep(wanted.rate_seconds)
            last = await _visit(api, wanted)
    value = rounded(last.total) if last.samples else wanted.empty
    absent = None if value is not None else say("the page has no metric `{metric}`", metric=wanted.metric)
    measurements = [Measurement("value", value, wanted.unit, absent), Measurement("series", len(last.samples))]
    if wanted.rate:
        measurements.append(_per_second(first, last, wanted))
    return Reading(_summary(value, measurements[-1], wanted), tuple(measurements), _evidence(last))


async def _visit(api: Api, wanted: Scrape) -> _Visit:
    page = await api.page(wanted.path)
    at = perf_counter()
    # A page of some megabytes takes the parser seconds.
    samples = await crunch(_parsed, page.text, wanted, api.host)
    return _Visit(samples, at)


def _parsed(text: str, wanted: Scrape, host: str) -> tuple[tuple[str, float], ...]:
    try:
        return tuple(_matching(text, wanted))
    except (ValueError, KeyError, IndexError) as error:  # what the parser raises on a page that is no page of metrics
        raise TargetError("The page at {host} holds no metrics that Prometheus could read.", host=host) from error


def _matching(text: str, wanted: Scrape) -> Iterator[tuple[str, float]]:
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if (
                fnmatchcase(sample.name, wanted.metric)
                and _has_labels(sample.labels, wanted)
                and is_number(sample.value)
            ):
                yield f"{sample.name} {label_words(sample.labels)}", sample.value


def _has_labels(labels: dict[str, str], wanted: Scrape) -> bool:
    return all(name in labels and fnmatchcase(labels[name], pattern) for name, pattern in wanted.labels.items())


def _per_second(first: _Visit, last: _Visit, wanted: Scrape) -> Measurement:
    """The growth per second; a counter that fell began anew."""
    grown = last.total - first.total
    if not last.samples and wanted.empty is None:
        return Measurement("per_second", None, missing=say("the page has no metric `{metric}`", metric=wanted.metric))
    if grown < 0:
        return Measurement("per_second", None, missing=say("the counter began anew between the two visits"))
    return Measurement("per_second", rounded(grown / (last.at - first.at)), "/s")


def _summary(value: float | None, rate: Measurement, wanted: Scrape) -> Text:
    if value is None:
        return say("the page has no metric `{metric}`", metric=wanted.metric)
    amount = f"{value:g} {wanted.unit}".strip()
    if wanted.rate and isinstance(rate.value, float):
        return say("{value}, growing by {rate} per second", value=amount, rate=f"{rate.value:g}")
    return say("{value} now", value=amount)


def _evidence(visit: _Visit) -> tuple[str, ...]:
    largest = sorted(visit.samples, key=lambda pair: -pair[1])
    return tuple(f"{name}  {rounded(value):g}" for name, value in largest[:_SHOWN])


SCRAPE = Read("prometheus.scrape", Address, Scrape, _LIMIT, _read)
