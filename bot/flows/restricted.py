"""What a check masks, in full: for whoever asks from the restricted channel of its system.

The values are read anew for this one answer. They are no part of a finding or a report, so that nothing that is shared,
recorded, kept for a button or logged can hold them, and the store does not know how to write them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.catalog.entries import Check
from bot.catalog.system import System
from bot.core.errors import TargetError
from bot.core.report import Report
from bot.core.text import Place, Text, say
from bot.flows.findings import limit_of
from bot.flows.ports import Caller, Ports

PRIVATE: Final = "privategroup"  # what Slack calls every private channel in the commands and clicks that it delivers


@dataclass(frozen=True, slots=True)
class Detail:
    """The details of one check, or why there are none."""

    title: Text
    lines: tuple[str, ...] = field(default=(), repr=False)
    refusal: Text | None = None


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A report, masked as everywhere, and what only its reader sees."""

    report: Report
    details: tuple[Detail, ...]


def note(ports: Ports, system: System, checks: Sequence[Check]) -> Text | None:
    """Where the details that a report masks may be read; None when it masks none."""
    marked = [check.title.text() for check in checks if check.restricted]
    if not marked:
        return None
    what = marked[0] if len(marked) == 1 else say("{first} and {more} more", first=marked[0], more=len(marked) - 1)
    if not (channel := ports.restricted.get(system.id)):
        return say("🔒 Details are masked: {what}. No restricted channel is set up to read them in full.", what=what)
    return say(
        "🔒 Details are masked: {what}. In full only by slash command in {place}, while it is private.",
        what=what,
        place=Place(channel),
    )


async def details(ports: Ports, caller: Caller, system: System, checks: Sequence[Check]) -> tuple[Detail, ...]:
    """The details of these checks in full, all read at once; none where the caller does not stand in the channel."""
    if not _is_inside(ports, caller, system):
        return ()
    reading = {asyncio.create_task(_detail(ports, check)): check for check in checks if check.restricted}
    if not reading:
        return ()
    _, late = await asyncio.wait(reading, timeout=max(map(limit_of, reading.values())))
    for task in late:
        task.cancel()
    return tuple(_late(check) if task in late else task.result() for task, check in reading.items())


def _is_inside(ports: Ports, caller: Caller, system: System) -> bool:
    """Slack delivers from a private channel only what its members do; once it is public, it comes under its name."""
    channel = ports.restricted.get(system.id)
    return bool(channel) and caller.channel == channel and caller.channel_name == PRIVATE


async def _detail(ports: Ports, check: Check) -> Detail:
    try:
        return Detail(check.title.text(), await ports.targets.reveal(check))
    except TargetError as error:
        return Detail(check.title.text(), refusal=error.text)


def _late(check: Check) -> Detail:
    return Detail(check.title.text(), refusal=say("no answer within {limit} s", limit=f"{limit_of(check):g}"))
