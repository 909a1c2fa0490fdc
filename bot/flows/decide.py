"""Deciding about a proposed run: agree, deny, withdraw, tick off, cancel, take back, expire."""

from contextlib import suppress

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core import approval, run
from bot.core.errors import NotFound, TooLate, UserError
from bot.core.family import INCIDENTS, RUNS
from bot.core.incident import Incident
from bot.core.policy import Right
from bot.core.run import CHANGED, Phase, Run
from bot.flows import safety
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.remediate import Request, propose
from bot.flows.rights import demand, demand_role


async def approve(ports: Ports, caller: Caller, number: str, fingerprint: str, typed: str | None = None) -> Kept[Run]:
    """Agree to a run: the right is looked up now, and the approval is for exactly what was shown.

    `typed` are the words that a destructive action asks for; None when they have not been asked for yet.
    """
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    held = await demand_role(ports, caller, system, (*state.proposal.approvers, *state.proposal.among))
    if fingerprint != state.proposal.preview.fingerprint:
        raise UserError("This button does not belong to what {run} would do. Nothing was changed.", run=number)
    if state.proposal.typed:
        approval.typed_right(state, typed or "")
    action = _still_there(system, state)
    await safety.demand_free(ports, system, action)
    emergency = caller.user == state.proposed_by and await _is_emergency(ports, state)
    return await ports.record.change(
        RUNS,
        number,
        lambda now: approval.approve(now, caller.user, held, ports.clock.now(), emergency=emergency),
        caller.author,
        caller.key,
    )


def _still_there(system: System, state: Run) -> Action:
    action = system.actions.get(state.proposal.action)
    if action is None:
        raise NotFound("The catalog no longer has this action. Nothing was changed.")
    return action


async def _is_emergency(ports: Ports, state: Run) -> bool:
    """Whether the policy lets the proposer go ahead alone: only within an open incident of the severities it names."""
    if not state.proposal.emergency or not state.proposal.incident:
        return False
    disturbance: Incident = await ports.record.load(INCIDENTS, state.proposal.incident)
    return disturbance.is_open and disturbance.severity in state.proposal.emergency


async def deny(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Stop a run before it starts; the proposer withdraws their own."""
    state = await ports.record.load(RUNS, number)
    decide = approval.withdraw
    if caller.user != state.proposed_by:
        await demand_role(ports, caller, ports.catalog.of(state.system), state.proposal.approvers)
        decide = approval.deny  # type: ignore[assignment]
    return await ports.record.change(
        RUNS, number, lambda now: decide(now, ports.clock.now()), caller.author, caller.key
    )


async def done_by_hand(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Tick off a step that a person has done."""
    state = await ports.record.load(RUNS, number)
    await demand_role(ports, caller, ports.catalog.of(state.system), state.proposal.approvers)
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
    """Ask a running execution to stop: whoever may propose on that system may."""
    state = await ports.record.load(RUNS, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.PROPOSE)
    return await ports.record.change(RUNS, number, approval.cancel, caller.author, caller.key)


async def take_back(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Propose to put back what a run changed: the recorded earlier value, whatever came before or after."""
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    await demand(ports, caller, system, Right.PROPOSE)
    if state.phase not in CHANGED:
        raise TooLate("{run} changed nothing that could be taken back.", run=number)
    if not state.proposal.preview.undo:
        raise UserError("{run} cannot be taken back: {reason}", run=number, reason=state.proposal.undo)
    action = _still_there(system, state)
    await safety.demand_free(ports, system, action)
    open_incident = await _open(ports, state.proposal.incident)
    return await propose(ports, caller, Request(action, state.proposal.preview.undo, open_incident, number))


async def offer_undo(ports: Ports, number: str) -> None:
    """Propose the way back from a run that could not be verified, if there is one; the same run is offered it once."""
    state = await ports.record.load(RUNS, number)
    action = ports.catalog.of(state.system).actions.get(state.proposal.action)
    if state.phase is not Phase.UNVERIFIED or not state.proposal.preview.undo or state.proposal.undo_of or not action:
        return
    worker = Caller("", "", run.WORKER.via, f"undo:{number}")
    # The reason why nothing was proposed matters to nobody: the card of the run still has the button.
    with suppress(UserError):
        open_incident = await _open(ports, state.proposal.incident)
        await propose(ports, worker, Request(action, state.proposal.preview.undo, open_incident, number))


async def _open(ports: Ports, number: str) -> str:
    """The incident, if there is one and it is still open."""
    if not number:
        return ""
    return number if (await ports.record.load(INCIDENTS, number)).is_open else ""


async def expire(ports: Ports, number: str) -> None:
    """The approval's clock rang."""
    await ports.record.change(RUNS, number, lambda now: approval.expire(now, ports.clock.now()), run.WORKER)
