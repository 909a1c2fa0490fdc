"""Which incidents are open in PagerDuty, and which of them nobody has acknowledged."""

from datetime import UTC, datetime
from typing import Final

from pydantic import Field, TypeAdapter

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.http.api import Shape
from bot.providers.pagerduty.server import LIMIT, Address, Id, Incident, named, reached

_MOST: Final = 100
_SHOWN: Final = 15


class Wanted(Parameters):
    """Of which service, by its id (`PABC123`); none means all."""

    service: Id | None = None


class _Incidents(Shape):
    incidents: list[Incident]
    more: bool = Field(False)


_INCIDENTS: Final = TypeAdapter(_Incidents)


async def _read(address: Address, wanted: Wanted) -> Reading:
    query = [("statuses[]", "triggered"), ("statuses[]", "acknowledged"), ("limit", str(_MOST))]
    if wanted.service:
        query.append(("service_ids[]", wanted.service))
    async with reached(address) as api:
        found = await api.get(_INCIDENTS, "/incidents", query)
    triggered = [one for one in found.incidents if one.status == "triggered"]
    acknowledged = [one for one in found.incidents if one.status == "acknowledged"]
    oldest = max((_age(one) for one in triggered), default=0)
    shown = [*sorted(triggered, key=lambda one: one.created_at), *acknowledged]
    return Reading(
        _summary(triggered, len(acknowledged), oldest, found.more),
        (
            Measurement("triggered", len(triggered)),
            Measurement("acknowledged", len(acknowledged)),
            Measurement("high_urgency", sum(one.urgency == "high" for one in triggered)),
            Measurement("oldest_triggered_min", oldest, "min"),
        ),
        tuple(_line(one) for one in shown[:_SHOWN]),
    )


def _age(incident: Incident) -> int:
    return max(0, int((datetime.now(UTC) - incident.created_at).total_seconds() // 60))


def _line(incident: Incident) -> str:
    return (
        f"{incident.status} {incident.id} #{incident.incident_number} {named(incident.title)}"
        f" ({incident.service.name}), {incident.who}, {_age(incident)} min"
    )


def _summary(triggered: list[Incident], acknowledged: int, oldest: int, has_more: bool) -> Text:
    if has_more:
        return say("{count} open incidents or more in PagerDuty", count=_MOST)
    if not triggered:
        return say("nothing is unacknowledged in PagerDuty, {acknowledged} in work", acknowledged=acknowledged)
    return say(
        "{triggered} unacknowledged in PagerDuty, the oldest for {minutes} min; {acknowledged} in work",
        triggered=len(triggered),
        minutes=oldest,
        acknowledged=acknowledged,
    )


INCIDENTS = Read("pagerduty.incidents", Address, Wanted, LIMIT, _read)
