"""Approved remediation, up to the card: choose, ask for what is missing, read what is there, propose."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core.errors import TargetError, TimedOut, TooLate, UserError
from bot.core.family import INCIDENTS, RUNS
from bot.core.findings import Finding
from bot.core.policy import Right
from bot.core.preview import Preview
from bot.core.report import lines_of
from bot.core.run import Proposed, Run
from bot.core.text import Text, say
from bot.flows import announce, before, safety, systems, turns
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

PREVIEW_LIMIT: Final = 10.0  # seconds for reading what is there now


async def choose(ports: Ports, caller: Caller, verb: str, service: str, number: str = "") -> Action:
    """The action that is meant, once the caller may propose it and the incident is known and open."""
    system = await _system(ports, caller, number)
    await demand(ports, caller, system, Right.PROPOSE)
    return await _offered(ports, system, system.action_for(verb, service))


async def choose_named(ports: Ports, caller: Caller, name: str, number: str = "", system: str = "") -> Action:
    """The same by the action's name; a button carries the system too."""
    meant = await _system(ports, caller, number, systems.named(ports, system))
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


async def _system(ports: Ports, caller: Caller, number: str, named: System | None = None) -> System:
    """The named system, the incident's, or the channel's; raises UserError where these do not go together."""
    if not number:
        return named or systems.here(ports, caller)
    disturbance = await ports.record.load(INCIDENTS, number)
    if not disturbance.is_open:
        raise TooLate("{number} is resolved; propose without it or declare a new incident.", number=number)
    meant = ports.catalog.of(disturbance.system)
    if named is not None and named is not meant:
        raise UserError(
            "{number} is an incident of {system}; propose without it.", number=number, system=meant.profile.name
        )
    return meant


@dataclass(frozen=True, slots=True)
class Request:
    """An action with what a person chose, for an incident or on its own; `undo_of` names the run it takes back.

    `covered_by` is the same run, where its approval said already that it goes back; `on_behalf_of` is who proposed that
    run, where the bot proposes to take it back.
    """

    action: Action
    given: Mapping[str, Any] = field(default_factory=dict)
    number: str = ""
    undo_of: str = ""
    covered_by: str = ""
    on_behalf_of: str = ""


async def propose(ports: Ports, caller: Caller, request: Request) -> Kept[Run]:
    """Read what is there, show what would be and what the checks say, and wait for approval."""
    action = request.action
    system = ports.catalog.of(action.system)
    await safety.demand_free(ports, system, action)
    if not request.undo_of:
        await before.demand_done(ports, system, action)
    try:
        preview, evidence = await asyncio.gather(
            read_preview(ports, action, request.given), before.look(ports, action, request.given)
        )
    except TargetError as error:
        raise UserError("Nothing was proposed: {reason}", reason=error.text) from error
    evidence += await before.look_at_choice(ports, action, preview)
    # A way back must not wait for what the change itself may have broken.
    if not request.undo_of and (failing := before.unmet(action, evidence)):
        raise UserError("Nothing was proposed, because this has to hold first: {reason}", reason=failing)
    told = [*_for_a_time(request), *await _worsening(ports, request), *await turns.at_work(ports, system, action)]
    shown = replace(preview, warnings=(*told, *preview.warnings))
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
        environment=system.profile.environment,
        target=turns.target_of(system, action),
        preview=preview,
        incident=request.number,
        approvers=rule.roles,
        self_approval=action.is_confirmed_alone,
        expires_at=ports.clock.now() + rule.expires,
        risk=action.risk,
        undo=action.undo.text() if action.undo else say("there is none"),
        verify=action.verified_by(request.given, is_way_back=bool(request.undo_of)),
        system=system.id,
        given={name: str(value) for name, value in request.given.items()},
        evidence=lines_of(evidence),
        undo_of=request.undo_of,
        by_hand=action.by_hand is not None,
        quorum=action.quorum,
        among=rule.among,
        typed=(action.service or action.target or action.name) if action.risk == "destructive" else "",
        emergency=tuple(severity.value for severity in rule.emergency),
        lasts=int(action.lasts.total_seconds()) if action.lasts and not request.undo_of else 0,
        covered_by=request.covered_by,
        on_behalf_of=request.on_behalf_of,
        waits=int(action.wait.total_seconds()) if action.wait else 0,
    )


def _title(request: Request) -> Text:
    title = request.action.title
    return say("Take back {run}: {title}", run=request.undo_of, title=title) if request.undo_of else title.text()


def _for_a_time(request: Request) -> list[Text]:
    """What approving covers besides the change."""
    lasts = request.action.lasts
    if not lasts or request.undo_of:
        return []
    return [
        say(
            "It goes back by itself after {minutes} min; approving covers that.",
            minutes=int(lasts.total_seconds() // 60),
        )
    ]


async def _worsening(ports: Ports, request: Request) -> list[Text]:
    """A warning when an undo would bring back what an undo, or a rollback, has taken away."""
    if not request.undo_of:
        return []
    taken_back = await ports.record.load(RUNS, request.undo_of)
    if not taken_back.proposal.undo_of:
        return [_left(taken_back)] if request.action.verb == "rollback" else []
    return [
        say(
            "{run} put things right again after {first}: this brings back what {first} had set.",
            run=taken_back.number,
            first=taken_back.proposal.undo_of,
        )
    ]


def _left(rollback: Run) -> Text:
    return say(
        "{run} was a rollback: this brings back the version that it left. Make sure that the cause lay elsewhere.",
        run=rollback.number,
    )


async def read_preview(ports: Ports, action: Action, given: Mapping[str, Any]) -> Preview:
    """What is there now and what would be; raises TargetError. Of a step by hand nothing is read."""
    if action.by_hand is not None:
        told = {"by_hand": action.name, "words": action.by_hand.en}
        return Preview((), {}, told, (action.by_hand.text(),))
    try:
        async with asyncio.timeout(PREVIEW_LIMIT):
            if action.tells:
                return await announce.preview(ports, action, given)
            return await before.look_beside(ports, action, await ports.targets.preview(action, given))
    except TimeoutError as error:
        raise TimedOut("no answer within {limit} s", limit=f"{PREVIEW_LIMIT:g}") from error
