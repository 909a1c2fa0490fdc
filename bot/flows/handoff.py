"""Hand over a shift: the note filled in from the record, its delivery and its acceptance."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from bot.catalog.entries import Pointer
from bot.catalog.system import System
from bot.core import handoff
from bot.core.family import HANDOFFS, INCIDENTS, NOTES, RUNS
from bot.core.handoff import Handoff, Note, Overall, Written
from bot.core.incident import Incident
from bot.core.policy import Right, Severity
from bot.core.redaction import mask_credentials
from bot.core.run import Run
from bot.flows import systems
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

LOOK_BACK = timedelta(hours=24)
LOOKED_AT = 100
TYPED = ("incidents", "runs", "alerts", "ongoing", "planned", "remarks", "contacts", "documents")


@dataclass(frozen=True, slots=True)
class Draft:
    """What the record knows about the shift that ends."""

    since: datetime
    open: tuple[Incident, ...]
    closed: tuple[Incident, ...]
    runs: tuple[Run, ...]
    notes: tuple[Note, ...]
    contacts: tuple[Pointer, ...] = ()
    links: tuple[Pointer, ...] = ()
    system: str = ""

    @property
    def overall(self) -> Overall:
        """Active while a P0 or P1 is open, minor while anything is (requirements 001-H04)."""
        if any(incident.severity in (Severity.P0, Severity.P1) for incident in self.open):
            return Overall.ACTIVE
        return Overall.MINOR if self.open else Overall.STABLE


async def draft(ports: Ports, caller: Caller) -> Draft:
    """Gather open incidents, those that ended in the last 24 h, runs, and remarks since the last handoff."""
    system = systems.here(ports, caller)
    await demand(ports, caller, system, Right.HANDOFF)
    since = ports.clock.now() - LOOK_BACK
    incidents, open_ones, runs, notes, last = await asyncio.gather(
        ports.record.listing(INCIDENTS, only_open=False, limit=LOOKED_AT),
        ports.record.listing(INCIDENTS, only_open=True, limit=LOOKED_AT),
        ports.record.listing(RUNS, only_open=False, limit=LOOKED_AT),
        ports.record.listing(NOTES, only_open=False, limit=LOOKED_AT),
        ports.record.listing(HANDOFFS, only_open=False, limit=LOOKED_AT),
    )
    earlier = [state for state in last if ports.catalog.of(state.system) is system]
    noted_since = earlier[0].at if earlier else since
    ours = partial(_belongs, ports, system)
    return Draft(
        since=since,
        open=tuple(filter(ours, open_ones)),
        closed=tuple(state for state in filter(ours, incidents) if state.resolved_at and state.resolved_at >= since),
        runs=tuple(state for state in filter(ours, runs) if (state.ended_at or state.proposed_at) >= since),
        notes=tuple(note for note in filter(ours, notes) if note.at >= noted_since),
        contacts=system.profile.contacts,
        links=system.profile.links,
        system=system.id,
    )


def _belongs(ports: Ports, system: System, state: Incident | Run | Note) -> bool:
    return ports.catalog.of(state.system) is system


async def keep_note(ports: Ports, caller: Caller, words: str) -> Kept[Note]:
    """Keep a remark for the next handoff."""
    system = systems.here(ports, caller)
    await demand(ports, caller, system, Right.HANDOFF)
    return await ports.record.open(NOTES, handoff.note(mask_credentials(words), system.id), caller.author, caller.key)


async def write(ports: Ports, caller: Caller, note: Written) -> Kept[Handoff]:
    """Hand over."""
    await demand(ports, caller, ports.catalog.of(note.system), Right.HANDOFF)
    typed = replace(note, **{name: mask_credentials(getattr(note, name)) for name in TYPED})
    return await ports.record.open(HANDOFFS, handoff.write(typed, caller.user), caller.author, caller.key)


async def accept(ports: Ports, caller: Caller, number: str) -> Kept[Handoff]:
    """Take over; only the addressee can, so no role is asked."""
    return await ports.record.change(
        HANDOFFS, number, lambda state: handoff.accept(state, caller.user), caller.author, caller.key
    )
