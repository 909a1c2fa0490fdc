"""Approved remediation, up to the start: choose, propose, agree, deny, withdraw, cancel, take back."""

import asyncio
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from bot.catalog.entries import Action, Ask
from bot.catalog.system import System
from bot.core import approval, run
from bot.core.errors import NotFound, TargetError, TimedOut, TooLate, UserError
from bot.core.family import INCIDENTS, RUNS
from bot.core.findings import Finding, Level
from bot.core.incident import Incident
from bot.core.policy import Right
from bot.core.report import lines_of
from bot.core.run import CHANGED, Phase, Preview, Proposed, Run
from bot.core.text import Person, Text, say
from bot.flows import safety, systems
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand, demand_role

PREVIEW_LIMIT: Final = 10.0  # seconds for reading what is there now
LOOKED_AT: Final = 100


async def choose(ports: Ports, caller: Caller, verb: str, service: str, number: str = "") -> Action:
    """The action that is meant, once the caller may propose it and the incident is known and open."""
    system = await _system(ports, caller, number)
    await demand(ports, caller, system, Right.PROPOSE)
    return await _offered(ports, system, system.action_for(verb, service))


async def choose_named(ports: Ports, caller: Caller, name: str, number: str = "", system: str = "") -> Action:
    """The same by the action's name; a button carries the system too."""
    meant = systems.named(ports, system) or await _system(ports, caller, number)
    await demand(ports, caller, meant, Right.PROPOSE)
    return await _offered(ports, meant, meant.action_named(name))


async def _offered(ports: Ports, system: System, action: Action) -> Action:
    """The action, unless the bot refuses it as such or something stops it; the refusal names the safe way."""
    if action.refused is not None and action.instead:
        raise UserError(
            "“{title}” is refused: {reason} Instead: `/run {name}`.",
            title=action.title,
            reason=action.refused,
            name=action.instead,
        )
    if action.refused is not None:
        raise UserError("“{title}” is refused: {reason}", title=action.title, reason=action.refused)
    await safety.demand_free(ports, system, action)
    return action


async def _system(ports: Ports, caller: Caller, number: str) -> System:
    """The incident's system, or the channel's; raises TooLate for an incident that is over."""
    if not number:
        return systems.here(ports, caller)
    disturbance = await ports.record.load(INCIDENTS, number)
    if not disturbance.is_open:
        raise TooLate("{number} is resolved; propose without it or declare a new incident.", number=number)
    return ports.catalog.of(disturbance.system)


def missing(action: Action, given: Mapping[str, Any]) -> list[str]:
    """The parameters that a person still has to choose; raises UserError for those that nobody may."""
    unknown = [name for name in given if name not in action.asks]
    if unknown:
        known = ", ".join(action.asks) or "—"
        raise UserError("“{name}” cannot be chosen here. You may choose: {known}.", name=unknown[0], known=known)
    for name, value in given.items():
        _refuse_odd(action.asks[name], name, str(value))
    return [name for name, ask in action.asks.items() if not ask.optional and not given.get(name)]


def _refuse_odd(ask: Ask, name: str, value: str) -> None:
    if ask.choices and value not in ask.choices:
        raise UserError(
            "{name} cannot be “{value}”. Choose one of {choices}.",
            name=name,
            value=value,
            choices=", ".join(ask.choices),
        )
    if not ask.choices and not re.fullmatch(ask.pattern, value):
        raise UserError("“{value}” cannot be used as {name} ({title}).", value=value, name=name, title=ask.title)


@dataclass(frozen=True, slots=True)
class Request:
    """An action with what a person chose, for an incident or on its own; `undo_of` names the run it takes back."""

    action: Action
    given: Mapping[str, Any] = field(default_factory=dict)
    number: str = ""
    undo_of: str = ""


async def propose(ports: Ports, caller: Caller, request: Request) -> Kept[Run]:
    """Read what is there, show what would be and what the checks say, and wait for approval."""
    action = request.action
    system = ports.catalog.of(action.system)
    try:
        preview, evidence = await asyncio.gather(
            read_preview(ports, action, request.given), look(ports, system, action)
        )
    except TargetError as error:
        raise UserError("Nothing was proposed: {reason}", reason=error.text) from error
    if failing := unmet(action, evidence):
        raise UserError("Nothing was proposed, because this has to hold first: {reason}", reason=failing)
    busy = await _busy(ports, action)
    shown = Preview(preview.lines, preview.state, preview.arguments, (*preview.warnings, *busy), preview.undo)
    fact = _proposed(ports, request, shown, evidence)
    return await ports.record.open(RUNS, fact, caller.author, caller.key)


def _proposed(ports: Ports, request: Request, preview: Preview, evidence: list[Finding]) -> Proposed:
    action, system = request.action, ports.catalog.of(request.action.system)
    rule = action.approve
    if rule is None:
        raise UserError("Nobody may approve “{title}”.", title=action.title)
    return Proposed(
        action=action.name,
        title=_title(request),
        target=target_of(system, action),
        preview=preview,
        incident=request.number,
        approvers=rule.roles,
        self_approval=action.is_confirmed_alone,
        expires_at=ports.clock.now() + rule.expires,
        risk=action.risk,
        undo=action.undo.text() if action.undo else say("none"),
        verify=action.verify,
        system=system.id,
        given={name: str(value) for name, value in request.given.items()},
        evidence=lines_of(evidence),
        undo_of=request.undo_of,
        by_hand=action.by_hand is not None,
        quorum=max(rule.quorum or 1, action.quorum_of_risk),
        among=rule.among,
        typed=(action.service or action.target) if action.risk == "destructive" else "",
        emergency=tuple(severity.value for severity in rule.emergency),
    )


def _title(request: Request) -> Text:
    title = request.action.title
    return say("Take back {run}: {title}", run=request.undo_of, title=title) if request.undo_of else title.text()


def target_of(system: System, action: Action) -> str:
    """The name of what is changed: one lease per target keeps different actions on it apart."""
    return f"{system.profile.name} · {action.target or action.service or action.name}"


async def look(ports: Ports, system: System, action: Action) -> list[Finding]:
    """What the checks say that an action rests on: those it requires, and those it shows."""
    names = dict.fromkeys((*action.requires, *(action.evidence or action.verify)))
    return list(await asyncio.gather(*(ports.findings.of(system.checks[name]) for name in names)))


def unmet(action: Action, findings: list[Finding]) -> Text | None:
    """The first required check that is not ok, in words."""
    failing = [one for one in findings if one.check in action.requires and one.level is not Level.OK]
    return say("{check}: {summary}", check=failing[0].title, summary=failing[0].summary) if failing else None


async def _busy(ports: Ports, action: Action) -> list[Text]:
    """Which run is changing the same target just now."""
    target = target_of(ports.catalog.of(action.system), action)
    running = await ports.record.listing(RUNS, only_open=True, limit=LOOKED_AT)
    return [
        say("{run} by {who} is still at work on this target.", run=state.number, who=Person(state.decided_by))
        for state in running
        if state.proposal.target == target and state.phase in (Phase.APPROVED, Phase.STARTED)
    ]


async def read_preview(ports: Ports, action: Action, given: Mapping[str, Any]) -> Preview:
    """What is there now and what would be; raises TargetError. A step by hand has nothing to read."""
    if action.by_hand is not None:
        return Preview((), {}, {"by_hand": action.name}, (action.by_hand.text(),))
    try:
        async with asyncio.timeout(PREVIEW_LIMIT):
            return await ports.targets.preview(action, given)
    except TimeoutError as error:
        raise TimedOut("no answer within {limit} s", limit=f"{PREVIEW_LIMIT:g}") from error


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
