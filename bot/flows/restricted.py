"""What a check masks, in full: for whoever asks from the restricted channel of its system, once that is recorded.

The values are read anew for this one answer. They are no part of a finding or a report, so that nothing that is shared,
recorded, kept for a button or logged can hold them, and the store does not know how to write them.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from bot.catalog.entries import Check
from bot.catalog.system import System
from bot.core.errors import NothingRecorded, TargetError
from bot.core.family import REVEALS
from bot.core.report import Report
from bot.core.reveal import Granted, Reveal
from bot.core.text import Person, Place, Text, say
from bot.flows.findings import limit_of
from bot.flows.ports import Caller, Kept, Ports

PRIVATE: Final = "privategroup"  # what Slack calls every private channel in the commands and clicks that it delivers
LOOKED_AT: Final = 200  # the latest reveals of all systems, among which the one before is looked for


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


async def disclose(ports: Ports, caller: Caller, report: Report, checks: Sequence[Check]) -> Report | Disclosed:
    """A report with the details of these checks in full, where the caller stands in the channel and it is recorded."""
    system, marked = ports.catalog.of(report.system), [check for check in checks if check.restricted]
    if not marked or not _is_inside(ports, caller, system):
        return report
    fact = Granted(system.id, tuple(check.name for check in marked), caller.channel)
    try:
        before = await _latest(ports, system)
        kept = await ports.record.open(REVEALS, fact, caller.author, f"{caller.key}:reveal")
    except NothingRecorded:
        return replace(report, masked=_unrecorded())
    if kept.again:
        return replace(report, masked=_shown_before(kept))
    return Disclosed(replace(report, masked=_recorded(kept, before)), await _details(ports, marked))


async def _latest(ports: Ports, system: System) -> Reveal | None:
    states = await ports.record.listing(REVEALS, only_open=False, limit=LOOKED_AT)
    return next((state for state in states if state.system == system.id), None)


def _unrecorded() -> Text:
    return say("🔒 Nothing in full: the record did not answer, and what is not recorded is not shown. Ask again.")


def _shown_before(kept: Kept[Reveal]) -> Text:
    return say("🔒 This question was answered in full once ({number}). Ask again.", number=kept.state.number)


def _recorded(kept: Kept[Reveal], before: Reveal | None) -> Text:
    known = say(
        "🔒 {number} in the record says that you read this in full: when, where and which checks, no value.",
        number=kept.state.number,
    )
    if before is None:
        return known
    return say(
        "{known} Before that: {who}, {when} ({checks}).",
        known=known,
        who=Person(before.by),
        when=before.at,
        checks=", ".join(before.granted.checks),
    )


async def _details(ports: Ports, checks: Sequence[Check]) -> tuple[Detail, ...]:
    """The details of these checks, all read at once."""
    reading = {asyncio.create_task(_detail(ports, check)): check for check in checks}
    _, late = await asyncio.wait(reading, timeout=max(map(limit_of, checks)))
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
