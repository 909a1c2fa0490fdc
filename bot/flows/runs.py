"""Looking at runs: what may be run, what was run, and by whom."""

from dataclasses import dataclass
from typing import Final

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core.events import Recorded
from bot.core.family import RUNS
from bot.core.policy import Right
from bot.core.run import Run
from bot.flows import systems
from bot.flows.ports import Caller, Ports
from bot.flows.rights import demand

LISTED: Final = 20
SEARCHED: Final = 500


@dataclass(frozen=True, slots=True)
class Actions:
    """What may be proposed in one system."""

    system: System
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class Runs:
    """The newest runs that match, and how many match in all among those looked at."""

    runs: tuple[Run, ...]
    total: int
    words: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """One run with its events, oldest first."""

    run: Run
    system: System
    events: tuple[Recorded, ...]


async def offered(ports: Ports, caller: Caller, system: str = "") -> Actions:
    """What `/run` alone offers."""
    meant = systems.named(ports, system) or systems.here(ports, caller)
    await demand(ports, caller, meant, Right.PROPOSE)
    return Actions(meant, tuple(meant.actions.values()))


async def listing(ports: Ports, caller: Caller, words: str) -> Runs:
    """The newest runs of which something contains these words: action, target, incident, phase or person."""
    await demand(ports, caller, systems.here(ports, caller), Right.DIAGNOSE)
    newest = await ports.record.listing(RUNS, only_open=False, limit=SEARCHED)
    found = [state for state in newest if words.lower() in _searched(ports, state)]
    return Runs(tuple(found[:LISTED]), len(found), words)


async def show(ports: Ports, caller: Caller, number: str) -> Told:
    """One run with everything that happened to it."""
    state = await ports.record.load(RUNS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.DIAGNOSE)
    return Told(state, ports.catalog.of(state.system), tuple(await ports.record.events(number)))


def _searched(ports: Ports, state: Run) -> str:
    proposal = state.proposal
    people = (state.proposed_by, state.decided_by, *(person for person, _ in state.approvals))
    names = (f"@{ports.people.name(person)}" for person in people if person)
    return " ".join(
        (state.number, proposal.action, proposal.target, proposal.incident, proposal.system, state.phase, *names)
    ).lower()
