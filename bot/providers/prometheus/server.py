"""The HTTP API of Prometheus: where it is, and what its answers mean."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar

from pydantic import Field, TypeAdapter, ValidationError

from bot.core.errors import TargetError
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.http.address import ApiAddress
from bot.providers.http.api import Api, Declined, Query, Shape, bearer, opened, strange

D = TypeVar("D")
LIMIT: Final = 10.0
VENDOR: Final = "Prometheus"
_GRANT: Final = say("Let its proxy pass GET below `/api/v1/`.")
_NAME_LIMIT: Final = 160
_HIDDEN_LABELS: Final = frozenset({"__name__"})


class Address(ApiAddress):
    """Where Prometheus is, without `/api/v1`; for `prometheus.scrape` the page of metrics itself.

    `tenant` is sent as `X-Scope-OrgID`, which Mimir and Tempo want.
    """

    tenant: str = Field("", pattern=r"^[\w|.-]*$")

    def credentials(self) -> dict[str, str]:
        """The headers that identify us."""
        return {**bearer(self), **({"X-Scope-OrgID": self.tenant} if self.tenant else {})}


class Envelope(Shape, Generic[D]):
    """Every answer of Prometheus; its warnings mean that the data may be incomplete."""

    data: D
    warnings: tuple[str, ...] = ()


class Result(Shape):
    """The data of a query; what `result` holds depends on the type."""

    resultType: str
    result: list[Any]


class Series(Shape):
    """One series of a vector (`value`) or of a matrix (`values`); Prometheus writes numbers as strings."""

    metric: dict[str, str] = Field(default_factory=dict)
    value: tuple[float, float] | None = None
    values: tuple[tuple[float, float], ...] = ()


_SERIES: Final = TypeAdapter(list[Series])
RESULT: Final = TypeAdapter(Envelope[Result])


@asynccontextmanager
async def reached(address: Address) -> AsyncIterator[Api]:
    """The API; its refusals leave this block as ours."""
    async with opened(address, VENDOR, address.credentials(), {403: _GRANT}) as api:
        try:
            yield api
        except Declined as error:
            raise _translated(error, api.host) from error


async def asked(api: Api, path: str, query: Query) -> Envelope[Result]:
    """The answer to a query."""
    return await api.get(RESULT, path, query)


def series_of(answer: Envelope[Result], wanted: str, host: str) -> list[Series]:
    """The series of an answer of the `wanted` type; a scalar counts as one series without labels."""
    kind, result = answer.data.resultType, answer.data.result
    if kind not in (wanted, "scalar"):
        raise TargetError("The query at {host} gives a {kind}, which cannot be measured.", host=host, kind=kind[:20])
    raw = [{"value": result}] if kind == "scalar" else result
    try:
        return _SERIES.validate_python(raw)
    except ValidationError:
        raise strange(VENDOR, host) from None


def is_number(value: float) -> bool:
    """Whether it can be measured: 0/0 is NaN, x/0 is infinite."""
    return math.isfinite(value)


def label_words(labels: Mapping[str, str], by: str = "") -> str:
    """Labels as a person reads them, masked and cut; with `by` only the value of that label."""
    if by:
        return mask(labels.get(by, "—"))[:_NAME_LIMIT]
    words = ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if name not in _HIDDEN_LABELS)
    return mask(words)[:_NAME_LIMIT] or "—"


def rounded(value: float) -> float:
    """Four significant figures: what a person compares."""
    return float(f"{value:.4g}") if abs(value) < 10_000 else round(value)


def _translated(error: Declined, host: str) -> TargetError:
    match error.status:
        case 400:
            return TargetError("Prometheus cannot read the query: {reason}", reason=error.reason or "400")
        case 404:
            return TargetError(
                "What answers at {host} does not look like {vendor}. Check the address.", host=host, vendor=VENDOR
            )
        case 503 if "timed out" in error.reason:
            return TargetError("Prometheus gave the query up: it took too long. Ask for less.")
        case _:
            return error
