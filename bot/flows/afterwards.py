"""What comes after: a wait is over, the checks of a change are watched for a while, what was for a time goes back."""

from datetime import datetime

from bot.core import run
from bot.core.errors import TargetError, UserError
from bot.core.family import RUNS, WATCHES
from bot.core.run import SETTLED, WORKER, Phase, Run
from bot.core.standing import phase_of, waits_until
from bot.core.text import say
from bot.core.watch import Outcome
from bot.flows import choices, undo, watch
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request, propose, read_preview


def is_waiting(ports: Ports, state: Run) -> bool:
    """Whether it is too early to look at what a wait was for."""
    when = waits_until(state)
    return when is not None and ports.clock.now() < when


async def end_wait(ports: Ports, number: str) -> None:
    """Say that a wait is over, once; the checks follow."""
    state = await ports.record.load(RUNS, number)
    is_said = any(isinstance(event.fact, run.Progressed) for event in await ports.record.events(number))
    if waits_until(state) is None or is_waiting(ports, state) or is_said:
        return
    fact = run.Progressed(say("The wait is over; looking now."))
    await ports.record.change(RUNS, number, lambda now: fact if now.version == state.version else None, WORKER)


async def watch_checks(ports: Ports, number: str) -> None:
    """Watch what shows later, else what verified a change, as long as its action says; a way back is not watched."""
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    action = system.actions.get(state.proposal.action)
    if action is None or action.watched is None or state.proposal.undo_of or state.ended_at is None:
        return
    for name in action.later or state.proposal.verify:
        if name in system.checks:
            check = choices.told_by(system.checks[name], state.proposal)
            await watch.follow(ports, check, state.ended_at + action.watched, number)


async def report_watch(ports: Ports, number: str) -> None:
    """Tell a run how the watch that followed it went, once; one that somebody stopped has nothing to tell."""
    state = await ports.record.load(WATCHES, number)
    if not state.begun.run or state.stopped_by or state.level is None or not (state.first and state.summary):
        return
    fact = Outcome(state.begun.title, state.level, state.first, state.summary)
    await ports.record.change(RUNS, state.begun.run, lambda _: fact, WORKER, f"watched:{number}")


async def due(ports: Ports, number: str) -> datetime | None:
    """When a run is to go back; None when it is not, or no longer."""
    return (await ports.record.load(RUNS, number)).goes_back_at


async def go_back(ports: Ports, number: str) -> None:
    """Take back what was for a time: approved together with the change, so it begins at once.

    What keeps it from beginning, a freeze or a dead target, is said in the run, which a person then has to take back.
    """
    state = await ports.record.load(RUNS, number)
    when = state.goes_back_at
    if when is None or ports.clock.now() < when or await undo.under_way(ports, number):
        return
    caller = Caller("", "", WORKER.via, f"return:{number}")
    try:
        request = await undo.request(ports, state, covered_by=number)
        await _demand_untouched(ports, state, request)
        _demand_under_way((await propose(ports, caller, request)).state)
    except (UserError, TargetError) as error:
        fact = run.Overstayed(error.text)
        await ports.record.change(RUNS, number, lambda now: fact if _is_still_on(now) else None, WORKER)


async def _demand_untouched(ports: Ports, state: Run, request: Request) -> None:
    """Raise UserError unless what is there now is what the run has set: nobody's later change is overwritten."""
    shown = state.proposal.preview
    if not shown.undo:
        raise UserError("{run} cannot be taken back: {reason}", run=state.number, reason=state.proposal.undo)
    now = (await read_preview(ports, request.action, request.given)).undo
    then = shown.arguments
    changed = [f"{name}: {then.get(name, '—')} → {now[name]}" for name in now if now[name] != then.get(name)]
    if changed:
        raise UserError("It was changed since ({difference}).", difference="; ".join(changed))


def _demand_under_way(back: Run) -> None:
    """Raise UserError when the way back has ended without bringing back anything; it is tried once."""
    if back.phase in SETTLED and back.phase is not Phase.VERIFIED:
        raise UserError("{run} ended without doing so: {phase}.", run=back.number, phase=phase_of(back))


def _is_still_on(state: Run) -> bool:
    return state.phase is Phase.VERIFIED and not state.overstayed
