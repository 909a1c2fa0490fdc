"""Who is on call by a schedule of PagerDuty; names only, no addresses or numbers."""

from datetime import datetime
from typing import Final

from pydantic import TypeAdapter

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.http.api import Shape
from bot.providers.pagerduty.server import LIMIT, Address, Id, Reference, reached

_SHOWN: Final = 10


class Schedule(Parameters):
    """Which schedule, by its id."""

    schedule: Id


class _Oncall(Shape):
    user: Reference
    escalation_level: int = 1
    end: datetime | None = None


class _Oncalls(Shape):
    oncalls: list[_Oncall]


_ONCALLS: Final = TypeAdapter(_Oncalls)


async def _read(address: Address, wanted: Schedule) -> Reading:
    query = [("schedule_ids[]", wanted.schedule), ("limit", "100")]
    async with reached(address) as api:
        found = sorted((await api.get(_ONCALLS, "/oncalls", query)).oncalls, key=lambda one: one.escalation_level)
    names = list(dict.fromkeys(one.user.name for one in found))
    until = next((one.end for one in found if one.end), None)
    return Reading(
        _summary(names, until),
        (
            Measurement("covered", bool(names)),
            Measurement("who", names[0] if names else None, missing=None if names else say("nobody is on call")),
        ),
        tuple(_line(one) for one in found[:_SHOWN]),
    )


def _line(one: _Oncall) -> str:
    until = f" until {one.end:%Y-%m-%d %H:%M}Z" if one.end else ""
    return f"level {one.escalation_level}: {one.user.name}{until}"


def _summary(names: list[str], until: datetime | None) -> Text:
    if not names:
        return say("nobody is on call")
    if until is None:
        return say("{name} is on call", name=names[0])
    return say("{name} is on call until {until}", name=names[0], until=until)


ONCALL = Read("pagerduty.oncall", Address, Schedule, LIMIT, _read)
