"""Approved remediation, from the start: claimed once, compared once more, executed once, verified."""

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.catalog.entries import Action
from bot.core import run
from bot.core.errors import Conflict, NothingRecorded, TargetError
from bot.core.family import RUNS
from bot.core.preview import Lines, Preview
from bot.core.report import lines_of
from bot.core.run import WORKER, Failed, Finished, Phase, Run
from bot.core.standing import is_to_do
from bot.core.text import Text, say
from bot.flows import afterwards, before, remediate, safety, turns
from bot.flows.change import change
from bot.flows.ports import Ports
from bot.flows.verify import VERIFIABLE, verify

LEASE: Final = 15.0  # seconds; a worker that dies holds up its target by this much
OUTCOME_TRIES: Final = 60  # once a second: an outcome that the executor knows should not be lost to a short outage
UNDER_WAY: Final = frozenset({Phase.APPROVED, Phase.STARTED, Phase.FINISHED, Phase.INTERRUPTED})
EVIDENCE_FRESH: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Cleared:
    """What is there now is what was approved, and nothing stops it."""

    preview: Preview


def is_under_way(state: Run) -> bool:
    """Whether the worker has something to do: what a person does is never executed, only released and verified."""
    return state.phase in UNDER_WAY and not is_to_do(state)


async def execute(ports: Ports, number: str) -> bool:
    """Carry out an approved run, exactly once; False while its target is held and it has to be tried again.

    Whoever appends `Started` first is the executor; a run found started belongs to an executor that
    died, because a living one holds the lease: it is marked interrupted and looked at, never run again.
    """
    state = await ports.record.load(RUNS, number)
    if not is_under_way(state):
        return True
    try:
        async with ports.leases.hold(turns.lease_of(ports, state), by=number, ttl=LEASE):
            await _execute_alone(ports, number)
    except Conflict:
        await turns.wait(ports, number)
        return False
    return True


async def _execute_alone(ports: Ports, number: str) -> None:
    state = await ports.record.load(RUNS, number)
    action = ports.catalog.of(state.system).actions.get(state.proposal.action)
    if state.phase is Phase.STARTED:
        await _append(ports, number, Phase.STARTED, run.Interrupted())
    elif state.phase is Phase.APPROVED:
        await _claim_and_change(ports, state, action)
    state = await ports.record.load(RUNS, number)
    if state.phase in VERIFIABLE and not afterwards.is_waiting(ports, state):
        await verify(ports, number, action)


async def _claim_and_change(ports: Ports, state: Run, action: Action | None) -> None:
    if action is None:
        await _refuse(ports, state, say("The catalog no longer has this action."))
        return
    cleared, evidence = await asyncio.gather(_cleared(ports, state, action), _evidence(ports, state, action))
    # Last of all, since looking took a while: somebody may have stopped all changes meanwhile.
    stopped = await safety.stopped(ports, ports.catalog.of(state.system), action)
    cleared = stopped or cleared
    if isinstance(cleared, Text):
        await _refuse(ports, state, cleared)
        return
    if state.proposal.by_hand:
        await _append(ports, state.number, Phase.APPROVED, run.Released(evidence))
        return
    executor = uuid.uuid4().hex
    claimed = await _append(ports, state.number, Phase.APPROVED, run.Started(executor, evidence))
    if claimed.executor != executor:
        return
    await _report_outcome(ports, state.number, await change(ports, state.number, action, cleared.preview))


async def _cleared(ports: Ports, state: Run, action: Action) -> Cleared | Text:
    """Whether it may still start: it is not too late, what it requires still holds, and nothing has drifted."""
    if turns.is_over(ports, state):
        return turns.over(state)
    try:
        fresh = await remediate.read_preview(ports, action, state.proposal.preview.arguments)
    except TargetError as error:
        return error.text
    compared = _compared(state.proposal.preview, fresh)
    if state.proposal.undo_of or not isinstance(compared, Cleared):
        return compared
    required, chosen = await asyncio.gather(
        before.look_required(ports, action, state.proposal.given), before.look_at_choice(ports, action, fresh)
    )
    if failing := before.unmet(action, [*required, *chosen]):
        return say("What it requires no longer holds: {reason}", reason=failing)
    return compared


async def _evidence(ports: Ports, state: Run, action: Action) -> Lines:
    """What the checks say now, if what the approvers saw has grown old."""
    if ports.clock.now() - state.proposed_at < EVIDENCE_FRESH or not state.proposal.evidence:
        return ()
    return lines_of(await before.look(ports, action, state.proposal.given))


def _compared(approved: Preview, fresh: Preview) -> Cleared | Text:
    if fresh.fingerprint == approved.fingerprint:
        return Cleared(fresh)
    now = {**fresh.arguments, **fresh.state}
    then = {**approved.arguments, **approved.state}
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    difference = "; ".join(f"{name}: {then.get(name, '—')} → {now.get(name, '—')}" for name in sorted(changed))
    return say("The target changed after this was shown ({difference}). Propose it again.", difference=difference)


async def _report_outcome(ports: Ports, number: str, outcome: Finished | Failed) -> None:
    for attempt in range(1, OUTCOME_TRIES + 1):
        try:
            await _append(ports, number, Phase.STARTED, outcome)
            return
        except NothingRecorded:
            if attempt == OUTCOME_TRIES:
                raise
            await asyncio.sleep(1)


async def _refuse(ports: Ports, state: Run, reason: Text) -> None:
    await _append(ports, state.number, Phase.APPROVED, run.Refused(reason))


async def _append(ports: Ports, number: str, only_in: Phase, fact: object) -> Run:
    """Append a fact while the run is in one phase; in any other, somebody else was first and nothing is written."""
    kept = await ports.record.change(RUNS, number, lambda now: fact if now.phase is only_in else None, WORKER)
    return kept.state
