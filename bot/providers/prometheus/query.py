"""The value of an expression now; of many series the worst is the value."""

from typing import Final, Literal

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
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

SHOWN: Final = 10
_WARNING_LIMIT: Final = 200
LABEL: Final = r"^([a-zA-Z_]\w*)?$"


class Query(Parameters):
    """A PromQL expression; `by` names the label to show the worst series by.

    `worst` says which end is the bad one. `empty` is the value when no series matches, for expressions that filter
    (`x > 5`); without it that is unknown.
    """

    query: str = Field(min_length=1, max_length=2000)
    unit: str = Field("", max_length=10)
    by: str = Field("", pattern=LABEL)
    worst: Literal["highest", "lowest"] = "highest"
    empty: float | None = None


async def _read(address: Address, wanted: Query) -> Reading:
    async with reached(address) as api:
        answer = await asked(api, "/api/v1/query", [("query", wanted.query)])
        found = series_of(answer, "vector", api.host)
    ranked = _ranked(found, wanted)
    value = rounded(_value(ranked[0])) if ranked else None if found else wanted.empty
    return Reading(
        _summary(ranked, len(found), value, wanted),
        (
            Measurement("value", value, wanted.unit, None if value is not None else _why(len(found))),
            Measurement("series", len(found)),
        ),
        _evidence(ranked, wanted) + tuple(mask(words)[:_WARNING_LIMIT] for words in answer.warnings[:SHOWN]),
    )


def _value(series: Series) -> float:
    return series.value[1] if series.value else float("nan")


def _ranked(found: list[Series], wanted: Query) -> list[Series]:
    """Those with a finite value, worst first."""
    finite = [series for series in found if is_number(_value(series))]
    return sorted(finite, key=_value, reverse=wanted.worst == "highest")


def _why(count: int) -> Text:
    if count:
        return say("the expression has no finite value now; usually it divides by zero, for want of traffic")
    return say("no series matches the query; the metric may be absent or renamed")


def _summary(ranked: list[Series], count: int, value: float | None, wanted: Query) -> Text:
    if value is None:
        return _why(count)
    amount = f"{value:g} {wanted.unit}".strip()
    if len(ranked) > 1:
        return say(
            "{value} at the worst of {count} series: {name}",
            value=amount,
            count=len(ranked),
            name=label_words(ranked[0].metric, wanted.by),
        )
    return say("{value} now", value=amount)


def _evidence(ranked: list[Series], wanted: Query) -> tuple[str, ...]:
    if len(ranked) < 2 and not wanted.by:
        return ()
    return tuple(
        f"{label_words(series.metric, wanted.by)}  {rounded(_value(series)):g} {wanted.unit}".rstrip()
        for series in ranked[:SHOWN]
    )


QUERY = Read("prometheus.query", Address, Query, LIMIT, _read)
