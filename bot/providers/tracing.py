"""Grafana Tempo (2.2 or newer): the slow spans of a service, to find the bottleneck."""

from collections.abc import Iterator
from datetime import UTC, datetime
from time import time
from typing import Any, Final

from pydantic import Field, TypeAdapter, model_validator

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.http.address import ApiAddress
from bot.providers.http.api import Shape, bearer, opened

_LIMIT: Final = 10.0
_VENDOR: Final = "Tempo"
_GRANTS: Final = {
    401: say("Check the secret and the `tenant` of this target."),  # without a tenant a multi-tenant Tempo says 401 too
    403: say("Let its proxy pass GET `/api/search`."),
}
_MOST: Final = 50
_SHOWN: Final = 12
_NAME_LIMIT: Final = 80


class Address(ApiAddress):
    """Where Tempo's API is, without `/api`; `tenant` is sent as `X-Scope-OrgID`."""

    tenant: str = Field("", pattern=r"^[\w|.-]*$")


class Slow(Parameters):
    """Spans of a service that took longer than `min_ms`, in the last minutes."""

    service: str = Field(pattern=r"^[\w./: -]{1,100}$")
    min_ms: int = Field(ge=1, le=3_600_000)
    minutes: int = Field(30, ge=1, le=7 * 24 * 60)


class _Span(Shape):
    durationNanos: int = 0
    name: str = ""


class _SpanSet(Shape):
    spans: tuple[_Span, ...] = ()


class _Trace(Shape):
    traceID: str
    rootServiceName: str = ""
    rootTraceName: str = ""
    startTimeUnixNano: int = 0
    durationMs: int = 0
    spanSets: tuple[_SpanSet, ...] = ()
    spanSet: _SpanSet | None = None

    def spans(self) -> Iterator[_Span]:
        """The spans that matched; older servers answer one set only."""
        for found in self.spanSets or ((self.spanSet,) if self.spanSet else ()):
            yield from found.spans

    @property
    def slowest(self) -> _Span:
        """The slowest matching span; the trace itself where the server names no spans."""
        whole = _Span(durationNanos=self.durationMs * 1_000_000)
        return max(self.spans(), key=lambda span: span.durationNanos, default=whole)

    @property
    def worst_ms(self) -> int:
        return round(self.slowest.durationNanos / 1_000_000)


class _Traces(Shape):
    traces: tuple[_Trace, ...] = ()
    metrics: dict[str, Any] | None = None

    @model_validator(mode="after")
    def _is_a_search(self) -> "_Traces":
        """An empty search may leave out `traces`, but never both."""
        if not self.model_fields_set:
            raise ValueError("neither traces nor metrics")
        return self


_TRACES: Final = TypeAdapter(_Traces)


async def _read(address: Address, wanted: Slow) -> Reading:
    end = int(time())
    query = [
        ("q", f'{{ resource.service.name = "{wanted.service}" && duration > {wanted.min_ms}ms }} | select(name)'),
        ("start", str(end - 60 * wanted.minutes)),
        ("end", str(end)),
        ("limit", str(_MOST)),
    ]
    tenant = {"X-Scope-OrgID": address.tenant} if address.tenant else {}
    async with opened(address, _VENDOR, {**bearer(address), **tenant}, _GRANTS) as api:
        found = (await api.get(_TRACES, "/api/search", query)).traces
    slowest = sorted(found, key=lambda trace: -trace.worst_ms)
    return Reading(
        _summary(slowest, wanted),
        (Measurement("traces", len(found)), Measurement("worst_ms", slowest[0].worst_ms if slowest else 0, "ms")),
        tuple(_line(trace) for trace in slowest[:_SHOWN]),
    )


def _root(trace: _Trace) -> str:
    return mask(f"{trace.rootServiceName} {trace.rootTraceName}".strip() or "—")[:_NAME_LIMIT]


def _line(trace: _Trace) -> str:
    began = datetime.fromtimestamp(trace.startTimeUnixNano / 1e9, UTC)
    inner = mask(trace.slowest.name)[:_NAME_LIMIT]
    within = f" in {inner}" if inner and inner != trace.rootTraceName else ""
    return f"{trace.worst_ms} ms{within}: {_root(trace)}  {began:%H:%M:%S}Z  trace {mask(trace.traceID)[:32]}"


def _summary(slowest: list[_Trace], wanted: Slow) -> Text:
    if not slowest:
        return say("no span of {service} took longer than {limit} ms", service=wanted.service, limit=wanted.min_ms)
    worst = slowest[0]
    if len(slowest) == _MOST:
        return say(
            "slow traces: {count} or more; the worst span took {worst} ms, below {root}",
            count=_MOST,
            worst=worst.worst_ms,
            root=_root(worst),
        )
    return say(
        "slow traces: {count}; the worst span took {worst} ms, below {root}",
        count=len(slowest),
        worst=worst.worst_ms,
        root=_root(worst),
    )


SLOW_SPANS = Read("tracing.slow_spans", Address, Slow, _LIMIT, _read)
