"""Deciding about a run: agree, go ahead in an emergency, deny, withdraw, tick off, cancel, expire."""

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core import approval, run
from bot.core.errors import NotAllowed, NotFound, UserError
from bot.core.family import INCIDENTS, RUNS
from bot.core.incident import Incident
from bot.core.policy import Right
from bot.core.run import Denied, Phase, Run, Withdrawn
from bot.flows import safety
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand, demand_role


async def approve(ports: Ports, caller: Caller, number: str, fingerprint: str, typed: str | None = None) -> Kept[Run]:
    """Agree to a run: the right is looked up now, and the approval is for exactly what was shown.

    `typed` are the words that a destructive action asks for; None when they have not been asked for yet.
    """
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    held = await demand_role(ports, caller, system, _deciders(state))
    _require_shown(state, fingerprint)
    if state.proposal.typed:
        approval.typed_right(state, typed or "")
    await safety.demand_free(ports, system, still_there(system, state))
    return await ports.record.change(
        RUNS,
        number,
        lambda now: approval.approve(now, caller.user, held, ports.clock.now()),
        caller.author,
        caller.key,
    )


async def break_glass(ports: Ports, caller: Caller, number: str, fingerprint: str) -> Kept[Run]:
    """Go ahead alone in an emergency, where the policy of the action allows it: loudly, and on the record."""
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    await demand(ports, caller, system, Right.PROPOSE, fresh=True)
    _require_shown(state, fingerprint)
    await _demand_emergency(ports, system, state)
    await safety.demand_free(ports, system, still_there(system, state))
    return await ports.record.change(
        RUNS,
        number,
        lambda now: approval.go_ahead_alone(now, caller.user, ports.clock.now()),
        caller.author,
        caller.key,
    )


def still_there(system: System, state: Run) -> Action:
    """The action of a run; raises NotFound when it has left the catalog."""
    action = system.actions.get(state.proposal.action)
    if action is None:
        raise NotFound("The catalog no longer has this action. Nothing was changed.")
    return action


def _deciders(state: Run) -> tuple[str, ...]:
    return (*state.proposal.approvers, *state.proposal.among)


def _require_shown(state: Run, fingerprint: str) -> None:
    if fingerprint != state.proposal.preview.fingerprint:
        raise UserError("This button does not belong to what {run} would do. Nothing was changed.", run=state.number)


async def _demand_emergency(ports: Ports, system: System, state: Run) -> None:
    """Raise NotAllowed unless the policy lets the proposer go ahead alone now: in such an incident, out of hours."""
    proposal, hours = state.proposal, system.profile.hours
    if not proposal.emergency:
        raise NotAllowed(
            "The policy of this action knows no emergency: somebody else has to approve {run}. Nothing was changed.",
            run=state.number,
        )
    if not await _is_within(ports, proposal.incident, proposal.emergency):
        raise NotAllowed(
            "You may go ahead alone only within an open incident of severity {severities}. Nothing was changed.",
            severities=", ".join(proposal.emergency),
        )
    if hours is not None and hours.cover(ports.clock.now(), system.profile.timezone):
        raise NotAllowed(
            "It is within working hours ({hours}): ask somebody to approve {run}. Nothing was changed.",
            hours=str(hours),
            run=state.number,
        )


async def _is_within(ports: Ports, number: str, severities: tuple[str, ...]) -> bool:
    """Whether this is an open incident of one of these severities."""
    if not number:
        return False
    disturbance: Incident = await ports.record.load(INCIDENTS, number)
    return disturbance.is_open and disturbance.severity in severities


async def deny(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Stop a run before it starts; the proposer withdraws their own."""
    state = await ports.record.load(RUNS, number)
    is_own = caller.user == state.proposer
    if not is_own:
        await demand_role(ports, caller, ports.catalog.of(state.system), _deciders(state))

    def decide(now: Run) -> Denied | Withdrawn:
        decide_so = approval.withdraw if is_own and now.phase is Phase.PROPOSED else approval.deny
        return decide_so(now, ports.clock.now())

    return await ports.record.change(RUNS, number, decide, caller.author, caller.key)


async def done_by_hand(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Tick off a step that a person has done; what was done is recorded whatever forbids it now."""
    state = await ports.record.load(RUNS, number)
    await demand_role(ports, caller, ports.catalog.of(state.system), state.proposal.tick_off_roles)
    if not state.proposal.by_hand:
        raise UserError("{run} is carried out by the bot, not by hand. Nothing was changed.", run=number)
    return await ports.record.change(
        RUNS,
        number,
        lambda now: approval.done_by_hand(now, caller.user, ports.clock.now()),
        caller.author,
        caller.key,
    )


async def cancel(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Ask an execution to stop, or not to begin: whoever may propose on that system may."""
    state = await ports.record.load(RUNS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.PROPOSE)
    return await ports.record.change(
        RUNS, number, lambda now: approval.cancel(now, caller.user), caller.author, caller.key
    )


async def expire(ports: Ports, number: str) -> None:
    """The approval's clock rang."""
    await ports.record.change(RUNS, number, lambda now: approval.expire(now, ports.clock.now()), run.WORKER)
