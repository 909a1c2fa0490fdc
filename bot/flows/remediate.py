"""Approved remediation: propose, approve or deny, expire, execute once, verify."""

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core import run
from bot.core.errors import Conflict, NotFound, NothingRecorded, TargetError, TimedOut, TooLate, UserError
from bot.core.events import Author
from bot.core.family import INCIDENTS, RUNS
from bot.core.findings import Finding, Level
from bot.core.operation import Progress
from bot.core.policy import Right
from bot.core.report import lines_of
from bot.core.run import Failed, Finished, Phase, Preview, Run
from bot.core.text import Text, say
from bot.flows import diagnose, systems
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand, demand_role

WORKER = Author("", "worker")
PREVIEW_LIMIT = 10.0  # seconds for reading what is there now
EXECUTION_LIMIT = 300.0
VERIFY_EVERY = 2.0
OUTCOME_TRIES = 60  # once a second: an outcome that the executor knows should not be lost to a short outage
VERIFIABLE = frozenset({Phase.FINISHED, Phase.INTERRUPTED})


async def choose(ports: Ports, caller: Caller, verb: str, service: str, number: str = "") -> Action:
    """The action that is meant, once the caller may propose it and the incident is known and open."""
    system = await _system(ports, caller, number)
    await demand(ports, caller, system, Right.PROPOSE)
    return system.action_for(verb, service)


async def choose_named(ports: Ports, caller: Caller, system: str, name: str, number: str = "") -> Action:
    """The same by the names that a button carries."""
    await _system(ports, caller, number)
    found = ports.catalog.systems.get(system)
    action = found.actions.get(name) if found else None
    if found is None or action is None:
        raise NotFound("The catalog no longer has this action. Nothing was proposed.")
    await demand(ports, caller, found, Right.PROPOSE)
    return action


async def _system(ports: Ports, caller: Caller, number: str) -> System:
    """The incident's system, or the channel's; raises TooLate for an incident that is over."""
    if not number:
        return systems.here(ports, caller)
    disturbance = await ports.record.load(INCIDENTS, number)
    if not disturbance.is_open:
        raise TooLate("{number} is resolved; propose without it or declare a new incident.", number=number)
    return ports.catalog.of(disturbance.system)


async def propose(
    ports: Ports, caller: Caller, action: Action, given: Mapping[str, Any], number: str = ""
) -> Kept[Run]:
    """Read what is there, show what would be, and wait for approval."""
    try:
        preview = await _preview(ports, action, given)
    except TargetError as error:
        raise UserError("Nothing was proposed: {reason}", reason=error.text) from error
    fact = run.Proposed(
        action=action.name,
        title=action.title.text(),
        target=f"{ports.catalog.of(action.system).profile.name} · {action.target}",
        system=action.system,
        preview=preview,
        incident=number,
        approvers=action.approve.roles,
        self_approval=action.approve.self_approval,
        expires_at=ports.clock.now() + action.approve.expires,
        risk=action.risk,
        undo=action.undo.text(),
        verify=action.verify,
    )
    return await ports.record.open(RUNS, fact, caller.author, caller.key)


async def approve(ports: Ports, caller: Caller, number: str, fingerprint: str) -> Kept[Run]:
    """Let a run start: the right is looked up now, and the approval is for exactly what was shown."""
    state = await ports.record.load(RUNS, number)
    await demand_role(ports, caller, ports.catalog.of(state.system), state.proposal.approvers)
    if fingerprint != state.proposal.preview.fingerprint:
        raise UserError("This button does not belong to what {run} would do. Nothing was changed.", run=number)
    return await ports.record.change(
        RUNS, number, lambda now: run.approve(now, caller.user, ports.clock.now()), caller.author, caller.key
    )


async def deny(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Stop a run before it starts; the proposer may withdraw their own."""
    state = await ports.record.load(RUNS, number)
    if caller.user != state.proposed_by:
        await demand_role(ports, caller, ports.catalog.of(state.system), state.proposal.approvers)
    return await ports.record.change(
        RUNS, number, lambda now: run.deny(now, ports.clock.now()), caller.author, caller.key
    )


async def expire(ports: Ports, number: str) -> None:
    """The approval's clock rang."""
    await ports.record.change(RUNS, number, lambda now: run.expire(now, ports.clock.now()), WORKER)


async def execute(ports: Ports, number: str) -> None:
    """Carry out an approved run, exactly once.

    Whoever appends `Started` first is the executor; a run found started belongs to an executor that
    died, because a living one holds the lease: it is marked interrupted and looked at, never run again.
    """
    state = await ports.record.load(RUNS, number)
    if state.phase not in (Phase.APPROVED, Phase.STARTED, Phase.FINISHED, Phase.INTERRUPTED):
        return
    try:
        async with ports.leases.hold(f"target:{state.proposal.target}", ttl=15, wait=EXECUTION_LIMIT):
            await _execute_alone(ports, number)
    except Conflict:
        words = say("Another action on this target is still running.")
        await _append(ports, number, Phase.APPROVED, run.Refused(words))


async def _execute_alone(ports: Ports, number: str) -> None:
    state = await ports.record.load(RUNS, number)
    action = ports.catalog.of(state.system).actions.get(state.proposal.action)
    if state.phase is Phase.STARTED:
        await _append(ports, number, Phase.STARTED, run.Interrupted())
    elif state.phase is Phase.APPROVED:
        if action is None:
            refused = run.Refused(say("The catalog no longer has this action."))
            await _append(ports, number, Phase.APPROVED, refused)
            return
        await _claim_and_change(ports, state, action)
    if action is not None and (await ports.record.load(RUNS, number)).phase in VERIFIABLE:
        await verify(ports, number, action)


async def _claim_and_change(ports: Ports, state: Run, action: Action) -> None:
    given = dict(state.proposal.preview.arguments)
    fresh = await _drift(ports, state, action, given)
    if fresh is None:
        return
    executor = uuid.uuid4().hex
    claimed = await _append(ports, state.number, Phase.APPROVED, run.Started(executor))
    if claimed.executor != executor:
        return
    outcome = await _change(ports, state.number, action, fresh)
    await _report_outcome(ports, state.number, outcome)


async def _change(ports: Ports, number: str, action: Action, preview: Preview) -> Finished | Failed:
    """Call the provider once and put whatever happens into words."""
    limit = action.limit.total_seconds() if action.limit else EXECUTION_LIMIT
    try:
        async with asyncio.timeout(limit):
            given = dict(preview.arguments)
            return Finished(await ports.targets.execute(action, given, preview, _progress(ports, number)))
    except TimeoutError:
        return Failed(say("It did not finish within {limit} s and may still be going on.", limit=f"{limit:g}"))
    except TargetError as error:
        return Failed(error.text)


async def _report_outcome(ports: Ports, number: str, outcome: Finished | Failed) -> None:
    for attempt in range(1, OUTCOME_TRIES + 1):
        try:
            await _append(ports, number, Phase.STARTED, outcome)
            return
        except NothingRecorded:
            if attempt == OUTCOME_TRIES:
                raise
            await asyncio.sleep(1)


async def _drift(ports: Ports, state: Run, action: Action, given: Mapping[str, Any]) -> Preview | None:
    """What is there now, when it is still what was approved; otherwise the run is refused with the difference."""
    approved = state.proposal.preview
    try:
        fresh = await _preview(ports, action, given)
    except TargetError as error:
        await _append(ports, state.number, Phase.APPROVED, run.Refused(error.text))
        return None
    if fresh.fingerprint == approved.fingerprint:
        return fresh
    changed = [name for name in {**approved.state, **fresh.state} if approved.state.get(name) != fresh.state.get(name)]
    difference = "; ".join(
        f"{name}: {approved.state.get(name, '—')} → {fresh.state.get(name, '—')}" for name in sorted(changed)
    )
    words = say("The target changed after this was shown ({difference}). Propose it again.", difference=difference)
    await _append(ports, state.number, Phase.APPROVED, run.Refused(words))
    return None


async def verify(ports: Ports, number: str, action: Action) -> None:
    """Run the named checks until all hold or the time is over, then say which."""
    system = ports.catalog.of(action.system)
    wanted = diagnose.Wanted(system, number, tuple(system.checks[name] for name in action.verify))
    loop = asyncio.get_running_loop()
    deadline = loop.time() + action.verify_within.total_seconds()
    while True:
        report = await diagnose.run(ports, wanted)
        if all(_holds(finding) for finding in report.findings):
            fact: object = run.Verified(lines_of(report.findings))
            break
        if loop.time() >= deadline:
            fact = run.Unverified(lines_of(report.findings))
            break
        await asyncio.sleep(VERIFY_EVERY)
    await ports.record.change(RUNS, number, lambda now: fact if now.phase in VERIFIABLE else None, WORKER)


def _holds(finding: Finding) -> bool:
    return finding.level is Level.OK


def _progress(ports: Ports, number: str) -> Progress:
    async def tell(summary: Text) -> None:
        # Progress is worth a line, not worth stopping a change half way because the record hiccupped.
        with suppress(NothingRecorded):
            await _append(ports, number, Phase.STARTED, run.Progressed(summary))

    return tell


async def _append(ports: Ports, number: str, only_in: Phase, fact: object) -> Run:
    """Append a fact while the run is in one phase; in any other, somebody else was first and nothing is written."""
    kept = await ports.record.change(RUNS, number, lambda now: fact if now.phase is only_in else None, WORKER)
    return kept.state


async def _preview(ports: Ports, action: Action, given: Mapping[str, Any]) -> Preview:
    try:
        async with asyncio.timeout(PREVIEW_LIMIT):
            return await ports.targets.preview(action, given)
    except TimeoutError as error:
        raise TimedOut("no answer within {limit} s", limit=f"{PREVIEW_LIMIT:g}") from error
