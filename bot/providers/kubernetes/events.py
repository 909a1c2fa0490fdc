"""What the cluster has warned about lately."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.resources import EVENTS
from bot.providers.kubernetes.workloads import moment

_SHOWN: Final = 10
_LINE_LIMIT: Final = 200
# What controllers append to a workload's name for the objects they make of it.
_OFFSPRING: Final = r"(-[a-z0-9]{6,10}(-[a-z0-9]{5})?|-[a-z0-9]{5}|-\d+)?"


class Window(Parameters):
    """Whose events (a deployment with its replica sets and pods; nobody means all), and how far back."""

    name: str = Field("", max_length=253)
    minutes: int = Field(30, ge=1, le=24 * 60)


@dataclass(frozen=True, slots=True)
class _Warning:
    at: datetime
    count: int
    reason: str
    about: str
    message: str

    def __str__(self) -> str:
        repeated = f" (x{self.count})" if self.count > 1 else ""
        return f"{self.at:%H:%M:%S}Z  {self.reason}{repeated}  {self.about}: {self.message}"


async def _read(address: Address, window: Window) -> Reading:
    async with opened(address) as cluster:
        documents, is_all = await cluster.pages(EVENTS, {"fieldSelector": "type=Warning"})
    since = datetime.now(UTC) - timedelta(minutes=window.minutes)
    belongs = re.compile(re.escape(window.name) + _OFFSPRING)
    wanted = [one for one in documents if not window.name or belongs.fullmatch(one["involvedObject"].get("name", ""))]
    recent = sorted((one for one in map(_warning, wanted) if one.at >= since), key=lambda one: one.at, reverse=True)
    evidence = tuple(mask(str(one))[:_LINE_LIMIT] for one in recent[:_SHOWN])
    if not is_all:
        return _told_in_part(recent, len(documents), window.minutes, evidence)
    return Reading(
        _summary(recent, window.minutes),
        (
            Measurement("warnings", len(recent)),
            Measurement("occurrences", sum(one.count for one in recent)),
        ),
        evidence,
    )


def _told_in_part(recent: list[_Warning], read: int, minutes: int, evidence: tuple[str, ...]) -> Reading:
    """The API server sorts them by name: what was not read may be the newest."""
    reason = say("only {count} warnings of the namespace were read", count=read)
    told = say(
        "at least {count} warnings in the last {minutes} min: the namespace holds more than {read}, and no more were "
        "read",
        count=len(recent),
        minutes=minutes,
        read=read,
    )
    return Reading(told, tuple(Measurement(name, None, "", reason) for name in ("warnings", "occurrences")), evidence)


def _warning(event: Document) -> _Warning:
    series = event.get("series") or {}
    seen = series.get("lastObservedTime") or event.get("lastTimestamp") or event.get("eventTime")
    involved = event["involvedObject"]
    return _Warning(
        at=moment(seen or event["metadata"]["creationTimestamp"]),
        count=series.get("count") or event.get("count") or 1,
        reason=event.get("reason") or "?",
        about=f"{involved.get('kind', '?').lower()}/{involved.get('name', '?')}",
        message=" ".join((event.get("message") or "").split()),
    )


def _summary(recent: list[_Warning], minutes: int) -> Text:
    if not recent:
        return say("no warning in the last {minutes} min", minutes=minutes)
    return say(
        "{count} warnings in the last {minutes} min, the newest: {reason} on {about}",
        count=len(recent),
        minutes=minutes,
        reason=recent[0].reason,
        about=recent[0].about,
    )


EVENTS_OF = Read("kubernetes.events", Address, Window, LIMIT, _read)
