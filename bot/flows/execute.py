"""Approved remediation, from the start: claimed once, compared once more, executed once, verified."""

import asyncio
import uuid
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from bot.catalog.entries import Action
from bot.core import run
from bot.core.errors import Conflict, NothingRecorded, TargetError
from bot.core.family import RUNS
from bot.core.findings import Finding, Level
from bot.core.operation import Progress
from bot.core.report import lines_of
from bot.core.run import WORKER, Failed, Finished, Phase, Preview, Run
from bot.core.text import Person, Text, say
from bot.flows import diagnose, remediate, safety
from bot.flows.diagnose import Wanted
from bot.flows.ports import Ports

EXECUTION_LIMIT: Final = 300.0  # seconds, where the catalog gives none
VERIFY_EVERY: Final = 2.0
CANCEL_EVERY: Final = 1.0
OUTCOME_TRIES: Final = 60  # once a second: an outcome that the executor knows should not be lost to a short outage
UNDER_WAY: Final = frozenset({Phase.APPROVED, Phase.STARTED, Phase.FINISHED, Phase.INTERRUPTED})
VERIFIABLE: Final = frozenset({Phase.FINISHED, Phase.INTERRUPTED})


@dataclass(frozen=True, slots=True)
class Cleared:
    """What is there now is what was approved, and nothing stops it."""

    preview: Preview


async def execute(ports: Ports, number: str) -> None:
    """Carry out an approved run, exactly once.

    Whoever appends `Started` first is the executor; a run found started belongs to an executor that
    died, because a living one holds the lease: it is marked interrupted and looked at, never run again.
    """
    state = await ports.record.load(RUNS, number)
    if state.phase not in UNDER_WAY:
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
    cleared = await _cleared(ports, state, action)
    if isinstance(cleared, Text):
        await _append(ports, state.number, Phase.APPROVED, run.Refused(cleared))
        return
    executor = uuid.uuid4().hex
    claimed = await _append(ports, state.number, Phase.APPROVED, run.Started(executor))
    if claimed.executor != executor:
        return
    outcome = await _change(ports, state.number, action, cleared.preview)
    await _report_outcome(ports, state.number, outcome)


async def _cleared(ports: Ports, state: Run, action: Action) -> Cleared | Text:
    """Whether it may still start: nothing stops it, what it requires still holds, and nothing has drifted."""
    system = ports.catalog.of(state.system)
    if reason := await safety.stopped(ports, system, action):
        return reason
    required = [system.checks[name] for name in action.requires]
    findings = list(await asyncio.gather(*(ports.findings.of(check) for check in required)))
    if failing := remediate.unmet(action, findings):
        return say("What it requires no longer holds: {reason}", reason=failing)
    try:
        fresh = await remediate.read_preview(ports, action, state.proposal.preview.arguments)
    except TargetError as error:
        return error.text
    return _compared(state.proposal.preview, fresh)


def _compared(approved: Preview, fresh: Preview) -> Cleared | Text:
    if fresh.fingerprint == approved.fingerprint:
        return Cleared(fresh)
    now = {**fresh.arguments, **fresh.state}
    then = {**approved.arguments, **approved.state}
    changed = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    difference = "; ".join(f"{name}: {then.get(name, '—')} → {now.get(name, '—')}" for name in sorted(changed))
    return say("The target changed after this was shown ({difference}). Propose it again.", difference=difference)


async def _change(ports: Ports, number: str, action: Action, preview: Preview) -> Finished | Failed:
    """Call the provider once and put whatever happens into words."""
    limit = action.limit.total_seconds() if action.limit else EXECUTION_LIMIT
    changing = asyncio.create_task(
        ports.targets.execute(action, preview.arguments, preview, _progress(ports, number)), name=f"execute:{number}"
    )
    watching = asyncio.create_task(_cancelled(ports, number))
    try:
        await asyncio.wait({changing, watching}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        return await _outcome(changing, watching, limit)
    finally:
        watching.cancel()
        changing.cancel()


async def _outcome(changing: asyncio.Task[Text], watching: asyncio.Task[str], limit: float) -> Finished | Failed:
    if changing.done():
        try:
            return Finished(changing.result())
        except TargetError as error:
            return Failed(error.text)
    if watching.done():
        who = Person(watching.result())
        return Failed(say("{who} cancelled it; what was done already stays done.", who=who))
    return Failed(say("It did not finish within {limit} s and may still be going on.", limit=f"{limit:g}"))


async def _cancelled(ports: Ports, number: str) -> str:
    """Who asked to stop, once somebody does."""
    while True:
        await asyncio.sleep(CANCEL_EVERY)
        with suppress(NothingRecorded):
            if who := (await ports.record.load(RUNS, number)).cancelled_by:
                return who


async def _report_outcome(ports: Ports, number: str, outcome: Finished | Failed) -> None:
    for attempt in range(1, OUTCOME_TRIES + 1):
        try:
            await _append(ports, number, Phase.STARTED, outcome)
            return
        except NothingRecorded:
            if attempt == OUTCOME_TRIES:
                raise
            await asyncio.sleep(1)


async def verify(ports: Ports, number: str, action: Action) -> None:
    """Run the named checks until all hold or the time is over, then say which."""
    system = ports.catalog.of(action.system)
    wanted = Wanted(system, number, tuple(system.checks[name] for name in action.verify))
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
    kept = await ports.record.change(RUNS, number, lambda now: fact if now.phase in VERIFIABLE else None, WORKER)
    await _settle_undone(ports, kept.state)


async def _settle_undone(ports: Ports, state: Run) -> None:
    """A verified undo is noted in the run that it took back."""
    if state.proposal.undo_of and state.phase is Phase.VERIFIED:
        fact = run.Undone(state.number)
        await ports.record.change(
            RUNS, state.proposal.undo_of, lambda now: fact if now.phase in run.CHANGED else None, WORKER
        )


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
