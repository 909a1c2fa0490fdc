"""Declare, acknowledge, update, resolve, list, tell the timeline."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.catalog.system import System
from bot.core import incident
from bot.core.errors import UserError
from bot.core.events import Author, Recorded
from bot.core.family import INCIDENTS
from bot.core.incident import Incident
from bot.core.policy import Right, Severity
from bot.core.redaction import mask_credentials
from bot.core.text import Text
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

LISTED = 20
LOOKED_AT = 100


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


async def declare(ports: Ports, caller: Caller, system: System, severity: Severity, title: str) -> Kept[Incident]:
    """Open an incident of a system; the same delivery opens it only once."""
    await demand(ports, caller, system, Right.DECLARE)
    known = system.profile.severities
    if severity not in known:
        raise UserError("This system has no {severity}. It knows {known}.", severity=severity, known=", ".join(known))
    fact = incident.declare(severity, mask_credentials(title), system.id)
    return await ports.record.open(INCIDENTS, fact, caller.author, caller.key)


async def acknowledge(ports: Ports, caller: Caller, number: str) -> Kept[Incident]:
    """Take an incident on."""
    await _demand_respond(ports, caller, number)
    return await ports.record.change(INCIDENTS, number, incident.acknowledge, caller.author, caller.key)


async def update(ports: Ports, caller: Caller, number: str, words: str) -> Kept[Incident]:
    """Add what is known now."""
    await _demand_respond(ports, caller, number)
    return await ports.record.change(
        INCIDENTS, number, lambda state: incident.update(state, mask_credentials(words)), caller.author, caller.key
    )


async def resolve(ports: Ports, caller: Caller, number: str, words: str) -> Kept[Incident]:
    """Say that it is over."""
    await _demand_respond(ports, caller, number)
    return await ports.record.change(
        INCIDENTS, number, lambda state: incident.resolve(state, mask_credentials(words)), caller.author, caller.key
    )


async def ring(ports: Ports, number: str) -> None:
    """The acknowledge clock of an incident rang."""
    state = await ports.record.load(INCIDENTS, number)
    allowed = _allowed(ports, state)
    await ports.record.change(
        INCIDENTS, number, lambda state: incident.overdue(state, allowed, ports.clock.now()), Author("", "worker")
    )


def acknowledge_by(ports: Ports, state: Incident) -> datetime:
    """When somebody has to have it, by the profile of the system."""
    return state.declared_at + _allowed(ports, state)


def _allowed(ports: Ports, state: Incident) -> timedelta:
    return ports.catalog.of(state.system).profile.severities[state.severity].acknowledge


async def _demand_respond(ports: Ports, caller: Caller, number: str) -> None:
    """Whoever may respond is a matter of the incident's system, wherever the button or command was used."""
    state = await ports.record.load(INCIDENTS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.RESPOND)


async def open_list(ports: Ports) -> Listing:
    """The open incidents, newest first."""
    newest = await ports.record.listing(INCIDENTS, only_open=True, limit=LISTED)
    total = len(newest) if len(newest) < LISTED else await ports.record.count(INCIDENTS)
    return Listing(tuple(newest), total)


async def in_thread(ports: Ports, channel: str, thread: str) -> str:
    """The number of the open incident whose thread this is; empty when it is none's."""
    for state in await ports.record.listing(INCIDENTS, only_open=True, limit=LOOKED_AT):
        if (await ports.marks.get(state.number)).get("headline") == f"{channel}:{thread}":
            return state.number
    return ""


async def timeline(ports: Ports, number: str) -> Timeline:
    """Everything that happened in an incident."""
    state = await ports.record.load(INCIDENTS, number)
    return Timeline(state, tuple(await ports.record.events(number)))


async def link_run(ports: Ports, number: str, run: str, summary: Text, key: str) -> None:
    """Note in an incident's timeline that one of its actions moved; `key` makes a repetition harmless."""
    fact = incident.RunMoved(run, summary)
    await ports.record.change(INCIDENTS, number, lambda _: fact, Author("", "worker"), key)
