"""What stops a change whoever wants it: the stop switch, and a security incident on the system."""

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core import freeze, incident
from bot.core.errors import NotFound, UserError
from bot.core.family import FREEZES, INCIDENTS
from bot.core.freeze import Freeze
from bot.core.incident import Incident
from bot.core.policy import Right
from bot.core.redaction import mask_credentials
from bot.core.text import Person, Text, say
from bot.flows import systems
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

LOOKED_AT = 1000  # what stops a change must not be overlooked among many


async def stopped(ports: Ports, system: System, action: Action) -> Text | None:
    """Why this action must not go on now, or None."""
    for state in await ports.record.listing(FREEZES, only_open=True, limit=LOOKED_AT):
        if state.covers(system.id):
            return say(
                "All changes are stopped ({number}, by {who}, {when}): {words}",
                number=state.number,
                who=Person(state.by),
                when=state.at,
                words=state.words,
            )
    if action.breach_ok:
        return None
    for disturbance in await ports.record.listing(INCIDENTS, only_open=True, limit=LOOKED_AT):
        if disturbance.breach and ports.catalog.of(disturbance.system) is system:
            return say(
                "{number} is a security incident: this action is not marked as safe for one, since it may destroy "
                "evidence. Capture the evidence first; security releases the incident with `/incident clear {number}`.",
                number=disturbance.number,
            )
    return None


async def demand_free(ports: Ports, system: System, action: Action) -> None:
    """Raise UserError while something stops this action."""
    if reason := await stopped(ports, system, action):
        raise UserError("{reason} Nothing was changed.", reason=reason)


async def freeze_all(ports: Ports, caller: Caller, words: str, system: System | None) -> Kept[Freeze]:
    """Stop all changes, of one system or of all."""
    await demand(ports, caller, system or systems.here(ports, caller), Right.FREEZE)
    fact = freeze.freeze(mask_credentials(words), system.id if system else "")
    return await ports.record.open(FREEZES, fact, caller.author, caller.key)


async def lift(ports: Ports, caller: Caller, number: str) -> Kept[Freeze]:
    """Let changes through again; who may stop them may also release them."""
    state = await ports.record.load(FREEZES, number) if number else await _only_one(ports)
    system = ports.catalog.of(state.system) if state.system else systems.here(ports, caller)
    await demand(ports, caller, system, Right.FREEZE)
    return await ports.record.change(FREEZES, state.number, freeze.lift, caller.author, caller.key)


async def _only_one(ports: Ports) -> Freeze:
    """The freeze that is on; which of several is meant, a person has to say."""
    on = await ports.record.listing(FREEZES, only_open=True, limit=LOOKED_AT)
    if not on:
        raise NotFound("No freeze is on.")
    if len(on) > 1:
        known = ", ".join(state.number for state in on)
        raise UserError(
            "Several freezes are on: {known}. Say which one, for example `/plantao unfreeze {number}`.",
            known=known,
            number=on[0].number,
        )
    return on[0]


async def breach(ports: Ports, caller: Caller, number: str) -> Kept[Incident]:
    """Treat an incident as one of security; whoever may respond may say so, and should not hesitate."""
    state = await ports.record.load(INCIDENTS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.RESPOND)
    return await ports.record.change(INCIDENTS, number, incident.breach, caller.author, caller.key)


async def clear(ports: Ports, caller: Caller, number: str) -> Kept[Incident]:
    """Release a security incident: only those who hold the right for it."""
    state = await ports.record.load(INCIDENTS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.BREACH)
    return await ports.record.change(INCIDENTS, number, incident.clear, caller.author, caller.key)
