"""Which alerts fire now, which are about to, and which fired lately."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import Field, TypeAdapter

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.http.api import Shape
from bot.providers.prometheus.server import LIMIT, Address, Envelope, asked, reached, series_of

_SHOWN: Final = 20
_NAME_LIMIT: Final = 120


class Window(Parameters):
    """How far back to look for alerts that are over."""

    hours: int = Field(24, ge=1, le=14 * 24)


class _Alert(Shape):
    labels: dict[str, str]
    state: Literal["firing", "pending", "inactive"]
    activeAt: datetime | None = None


class _Alerts(Shape):
    alerts: list[_Alert]


_ALERTS: Final = TypeAdapter(Envelope[_Alerts])


async def _read(address: Address, window: Window) -> Reading:
    fired = f'count by (alertname, severity) (max_over_time(ALERTS{{alertstate="firing"}}[{window.hours}h]))'
    async with reached(address) as api:
        found, past = await asyncio.gather(
            api.get(_ALERTS, "/api/v1/alerts"), asked(api, "/api/v1/query", [("query", fired)])
        )
        now, lately = found.data.alerts, series_of(past, "vector", api.host)
    firing = [alert for alert in now if alert.state == "firing"]
    pending = [alert for alert in now if alert.state == "pending"]
    current = {_named(alert.labels) for alert in firing}
    over = sorted({_named(series.metric) for series in lately} - current)
    evidence = [_line(alert) for alert in [*firing, *pending]]
    evidence += [f"fired in the last {window.hours} h: {name}" for name in over]
    return Reading(
        _summary(firing, len(pending)),
        (
            Measurement("firing", len(firing)),
            Measurement("pending", len(pending)),
            Measurement("critical", sum(alert.labels.get("severity") in CRITICAL for alert in firing)),
            Measurement("fired", len({_named(series.metric) for series in lately} | current)),
        ),
        tuple(evidence[:_SHOWN]),
    )


CRITICAL: Final = frozenset({"critical", "page", "P0", "p0"})


def _named(labels: Mapping[str, str]) -> str:
    """Name and severity, which are written by the team; other labels may hold anything."""
    return mask(f"{labels.get('alertname', '—')} {labels.get('severity', '')}".rstrip())[:_NAME_LIMIT]


def _line(alert: _Alert) -> str:
    since = f" since {alert.activeAt:%Y-%m-%d %H:%M}Z" if alert.activeAt else ""
    return f"{alert.state}: {_named(alert.labels)}{since}"


def _summary(firing: list[_Alert], pending: int) -> Text:
    if not firing:
        return say("no alert fires, {pending} pending", pending=pending)
    names = list(dict.fromkeys(_named(alert.labels) for alert in firing))
    return say(
        "firing {firing}, pending {pending}: {names}",
        firing=len(firing),
        pending=pending,
        names=", ".join(names[:3]),
    )


ALERTS = Read("prometheus.alerts", Address, Window, LIMIT, _read)
