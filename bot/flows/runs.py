"""Looking at runs: what may be run, what was run, and by whom."""

from dataclasses import dataclass
from typing import Final

from bot.catalog.entries import Action
from bot.catalog.system import System
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


async def offered(ports: Ports, caller: Caller, system: str = "") -> Actions:
    """What `/run` alone offers."""
    meant = systems.named(ports, system) or systems.here(ports, caller)
    await demand(ports, caller, meant, Right.PROPOSE)
    return Actions(meant, tuple(meant.actions.values()))


async def listing(ports: Ports, caller: Caller, words: str) -> Runs:
    """The newest runs of which something contains these words: action, target, incident, phase or person."""
    await demand(ports, caller, systems.here(ports, caller), Right.DIAGNOSE)
    newest = await ports.record.listing(RUNS, only_open=False, limit=SEARCHED)
    found = [state for state in newest if words.lower() in _searched(state)]
    return Runs(tuple(found[:LISTED]), len(found), words)


def _searched(state: Run) -> str:
    proposal = state.proposal
    people = (state.proposed_by, *(person for person, _ in state.approvals))
    return " ".join(
        (state.number, proposal.action, proposal.target, proposal.incident, proposal.system, state.phase, *people)
    ).lower()
