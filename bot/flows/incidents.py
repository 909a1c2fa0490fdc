"""Declare, acknowledge, update, resolve, list, tell the timeline."""

import re
from dataclasses import dataclass
from datetime import datetime

from bot.core import incident
from bot.core.errors import UserError
from bot.core.events import Author, Recorded
from bot.core.family import INCIDENTS
from bot.core.incident import Incident
from bot.core.policy import Right, Severity
from bot.core.text import Text
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

LISTED = 20


@dataclass(frozen=True, slots=True)
class Timeline:
    """An incident with all that happened in it."""

    incident: Incident
    events: tuple[Recorded, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest open incidents and how many there are in all."""

    incidents: tuple[Incident, ...]
    total: int


def parse_number(word: str) -> str:
    """Read `INC-7`, `inc-7`, `#7` or `7`; raises UserError."""
    found = re.fullmatch(r"(?:INC-|#)?0*([1-9]\d{0,8})", word.strip(), re.IGNORECASE)
    if not found:
        raise UserError("“{word}” is not an incident number; they look like INC-7.", word=word)
    return f"INC-{found[1]}"


async def declare(ports: Ports, caller: Caller, severity: Severity, title: str) -> Kept[Incident]:
    """Open an incident; the same delivery opens it only once."""
    await demand(ports, caller, Right.DECLARE)
    known = ports.catalog.home.profile.severities
    if severity not in known:
        raise UserError("This system has no {severity}. It knows {known}.", severity=severity, known=", ".join(known))
    return await ports.record.open(INCIDENTS, incident.declare(severity, title), caller.author, caller.key)


async def acknowledge(ports: Ports, caller: Caller, number: str) -> Kept[Incident]:
    """Take an incident on."""
    await demand(ports, caller, Right.RESPOND)
    return await ports.record.change(INCIDENTS, number, incident.acknowledge, caller.author, caller.key)


async def update(ports: Ports, caller: Caller, number: str, words: str) -> Kept[Incident]:
    """Add what is known now."""
    await demand(ports, caller, Right.RESPOND)
    return await ports.record.change(
        INCIDENTS, number, lambda state: incident.update(state, words), caller.author, caller.key
    )


async def resolve(ports: Ports, caller: Caller, number: str, words: str) -> Kept[Incident]:
    """Say that it is over."""
    await demand(ports, caller, Right.RESPOND)
    return await ports.record.change(
        INCIDENTS, number, lambda state: incident.resolve(state, words), caller.author, caller.key
    )


async def ring(ports: Ports, number: str) -> None:
    """The acknowledge clock of an incident rang."""
    state = await ports.record.load(INCIDENTS, number)
    allowed = ports.catalog.home.profile.severities[state.severity].acknowledge
    await ports.record.change(
        INCIDENTS, number, lambda state: incident.overdue(state, allowed, ports.clock.now()), Author("", "worker")
    )


def acknowledge_by(ports: Ports, state: Incident) -> datetime:
    """When somebody has to have it, by the profile of the system."""
    return state.declared_at + ports.catalog.home.profile.severities[state.severity].acknowledge


async def open_list(ports: Ports) -> Listing:
    """The open incidents, newest first."""
    newest = await ports.record.listing(INCIDENTS, only_open=True, limit=LISTED)
    total = len(newest) if len(newest) < LISTED else await ports.record.count(INCIDENTS)
    return Listing(tuple(newest), total)


async def timeline(ports: Ports, number: str) -> Timeline:
    """Everything that happened in an incident."""
    state = await ports.record.load(INCIDENTS, number)
    return Timeline(state, tuple(await ports.record.events(number)))


async def link_run(ports: Ports, number: str, run: str, summary: Text, key: str) -> None:
    """Note in an incident's timeline that one of its actions moved; `key` makes a repetition harmless."""
    fact = incident.RunMoved(run, summary)
    await ports.record.change(INCIDENTS, number, lambda _: fact, Author("", "worker"), key)
