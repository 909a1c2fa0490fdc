"""A team's runbooks, read where the incident is: what they say, what they let the bot run, what they let it propose."""

from dataclasses import dataclass

from bot.catalog.entries import Action
from bot.catalog.runbook import Runbook
from bot.catalog.system import System
from bot.core.errors import NotFound
from bot.core.policy import Right
from bot.flows import systems
from bot.flows.diagnose import Which
from bot.flows.ports import Caller, Ports
from bot.flows.rights import demand


@dataclass(frozen=True, slots=True)
class Shelf:
    """The runbooks of one system, and which other systems there are."""

    system: System
    others: tuple[System, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """One runbook, with the actions that its resolution names, for an incident or for none."""

    system: System
    runbook: Runbook
    actions: tuple[Action, ...]
    number: str = ""


async def shelf(ports: Ports, caller: Caller, system: str = "") -> Shelf:
    """The runbooks of the named system, the channel's, or the first."""
    meant = systems.named(ports, system) or systems.here(ports, caller)
    await demand(ports, caller, meant, Right.DIAGNOSE)
    return Shelf(meant, tuple(other for other in ports.catalog.systems.values() if other is not meant))


async def read(ports: Ports, caller: Caller, name: str, number: str = "", system: str = "") -> Opened | Which:
    """A runbook of the named system, the channel's, or of the only one that has it."""
    meant = systems.named(ports, system) or systems.of_channel(ports, caller)
    having = [meant] if meant else [one for one in ports.catalog.systems.values() if name in one.runbooks]
    if len(having) > 1:
        return Which(name, tuple(having), number, act="runbook:open")
    if not having or name not in having[0].runbooks:
        raise NotFound("There is no runbook “{name}” here. `/runbook` lists them.", name=name)
    await demand(ports, caller, having[0], Right.DIAGNOSE)
    found = having[0].runbooks[name]
    return Opened(having[0], found, tuple(_offered(having[0], found)), number)


def _offered(system: System, runbook: Runbook) -> list[Action]:
    """What the resolution names, as far as it is not refused; a rollback is named by its service."""
    by_service = {action.service: action for action in system.actions.values() if action.verb == "rollback"}
    named = (system.actions.get(word) or by_service.get(word) for word in runbook.resolution)
    return [action for action in named if action is not None and action.refused is None]
