"""When the people of a system are at work."""

from datetime import datetime, time
from typing import Annotated, Literal, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator

from bot.catalog.entries import Entry


def _in_quotes(raw: object) -> object:
    if isinstance(raw, int):  # YAML reads 18:00 as a number to the base of 60
        raise ValueError('write the time in quotes, for example "18:00"')
    return raw


TimeOfDay = Annotated[time, BeforeValidator(_in_quotes)]
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEK: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Hours(Entry):
    """When the people who approve are at work, in the system's time zone."""

    days: tuple[Day, ...] = WEEK[:5]
    start: TimeOfDay
    end: TimeOfDay

    def cover(self, now: datetime, zone: str) -> bool:
        """Whether this moment lies within them; hours that end before they start go on past midnight."""
        local = now.astimezone(ZoneInfo(zone))
        clock = local.time()
        if self.start <= self.end:
            return WEEK[local.weekday()] in self.days and self.start <= clock < self.end
        if clock >= self.start:
            return WEEK[local.weekday()] in self.days
        return WEEK[local.weekday() - 1] in self.days and clock < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M}–{self.end:%H:%M}"
