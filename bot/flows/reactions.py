"""What follows from a recorded fact: a literal table from its kind to the jobs it starts.

Jobs may run twice, late, or after a crash; each re-reads the record before it acts.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from bot.core import incident, run
from bot.core.events import Recorded
from bot.core.family import INCIDENTS, RUNS, WATCHES
from bot.core.incident import Incident
from bot.core.run import Phase, Run
from bot.core.standing import deadline, phase_of, waits_until
from bot.core.text import Text, say
from bot.flows import afterwards, decide, incidents, live, turns, undo, watch
from bot.flows import execute as executing
from bot.flows.ports import Ports

Job: TypeAlias = Callable[[Ports, str, int], Awaitable[None]]

SWEPT = 100


async def tell(ports: Ports, stream: str, version: int) -> None:
    """Bring Slack up to date with the stream; a later event has a job of its own, which tells this one too.

    While Slack takes nothing, only the newest event's job goes on knocking, however many wait for one channel.
    """
    if version >= len(await ports.record.events(stream)):
        await ports.teller.tell(stream)


async def link(ports: Ports, stream: str, version: int) -> None:
    """Note a run's new state in the timeline of its incident."""
    events = await ports.record.events(stream)
    state = _run_at(events, version)
    if state.proposal.incident and (await ports.record.load(INCIDENTS, state.proposal.incident)).is_open:
        key = f"link:{stream}:{version}"
        await incidents.link_run(ports, state.proposal.incident, stream, run_line(state), key)


async def set_clock(ports: Ports, stream: str, version: int) -> None:
    """Set the acknowledge clock of an incident."""
    due = incidents.acknowledge_by(ports, await ports.record.load(INCIDENTS, stream))
    await ports.timers.ensure(f"acknowledge:{stream}", due, "ring", stream, str(version))


async def drop_clock(ports: Ports, stream: str, version: int) -> None:
    """Somebody has it."""
    await ports.timers.cancel(f"acknowledge:{stream}")


async def set_end(ports: Ports, stream: str, version: int) -> None:
    """Set the clock of a diagnosis that goes on."""
    for one in (await ports.record.load(INCIDENTS, stream)).diagnosing:
        await ports.timers.ensure(f"diagnosis:{stream}:{one.live}", one.until, "settle", stream, str(version))


async def settle(ports: Ports, stream: str, version: int) -> None:
    """The clock of a diagnosis rang."""
    await live.settle(ports, stream)


async def ring(ports: Ports, stream: str, version: int) -> None:
    """The acknowledge clock rang."""
    await incidents.ring(ports, stream)


async def set_expiry(ports: Ports, stream: str, version: int) -> None:
    """Set the clock of a proposal, or of a step by hand that may be done."""
    state = await ports.record.load(RUNS, stream)
    if when := deadline(state):
        key = f"approval:{stream}" if state.phase is Phase.PROPOSED else f"approval:{stream}:done"
        await ports.timers.ensure(key, when, "expire", stream, str(version))


async def drop_expiry(ports: Ports, stream: str, version: int) -> None:
    """A decided proposal no longer expires; one that lacks an approval still does, and what is left to a person."""
    if (await ports.record.load(RUNS, stream)).phase is not Phase.PROPOSED:
        await ports.timers.cancel(f"approval:{stream}")
        await set_expiry(ports, stream, version)


async def expire(ports: Ports, stream: str, version: int) -> None:
    """The clock of a proposal, or of a step by hand, rang."""
    await decide.expire(ports, stream)


async def look(ports: Ports, stream: str, version: int) -> None:
    """Look at what is watched, and set the clock for the next time."""
    if state := await watch.look(ports, stream):
        # The key is that of the next turn: the engine ignores one whose job is still running, as this one is,
        # and two chains of looks, of which a sweep may have started one, become one again.
        turn, when = watch.next_turn(ports, state)
        await ports.timers.ensure(f"watch:{stream}:{turn}", when, "look", stream, str(version))


async def execute(ports: Ports, stream: str, version: int) -> None:
    """Carry out what was approved, when its target is free; what is not agreed upon yet waits."""
    if not await executing.execute(ports, stream):
        # A new job for the next turn, not a wait in this one: the engine has few slots. All that wait share the key.
        turn, when = turns.next_turn(ports)
        await ports.timers.ensure(f"execute:{stream}:{turn}", when, "execute", stream, str(version))


async def verify_by_hand(ports: Ports, stream: str, version: int) -> None:
    """Verify what a person has done, after its wait; the executor of any other run verifies it itself."""
    state = await ports.record.load(RUNS, stream)
    if when := waits_until(state):
        await ports.timers.ensure(f"wait:{stream}", when, "end_wait", stream, str(version))
    elif state.proposal.by_hand:
        await execute(ports, stream, version)


async def end_wait(ports: Ports, stream: str, version: int) -> None:
    """The wait of a step by hand is over."""
    await afterwards.end_wait(ports, stream)
    await execute(ports, stream, version)


async def offer_undo(ports: Ports, stream: str, version: int) -> None:
    """Propose the way back from a change that could not be verified; it needs an approval of its own."""
    await undo.offer(ports, stream)


async def settle_undo(ports: Ports, stream: str, version: int) -> None:
    """Note in the run that was taken back that it was."""
    await undo.settle(ports, stream)


async def watch_checks(ports: Ports, stream: str, version: int) -> None:
    """Keep an eye on what verified a change."""
    await afterwards.watch_checks(ports, stream)


async def report_watch(ports: Ports, stream: str, version: int) -> None:
    """Note in the run that was watched how it went."""
    await afterwards.report_watch(ports, stream)


async def set_return(ports: Ports, stream: str, version: int) -> None:
    """Set the clock of a change that is for a time."""
    if when := await afterwards.due(ports, stream):
        await ports.timers.ensure(f"return:{stream}", when, "go_back", stream, str(version))


async def go_back(ports: Ports, stream: str, version: int) -> None:
    """The time of a change is over."""
    await afterwards.go_back(ports, stream)


JOBS: Mapping[str, Job] = {
    "tell": tell,
    "link": link,
    "set_clock": set_clock,
    "drop_clock": drop_clock,
    "ring": ring,
    "set_end": set_end,
    "settle": settle,
    "set_expiry": set_expiry,
    "drop_expiry": drop_expiry,
    "expire": expire,
    "execute": execute,
    "look": look,
    "offer_undo": offer_undo,
    "settle_undo": settle_undo,
    "verify_by_hand": verify_by_hand,
    "end_wait": end_wait,
    "watch_checks": watch_checks,
    "report_watch": report_watch,
    "set_return": set_return,
    "go_back": go_back,
}

REACTIONS: Mapping[str, tuple[str, ...]] = {
    "incident.declared": ("tell", "set_clock"),
    "incident.acknowledged": ("tell", "drop_clock"),
    "incident.overdue": ("tell",),
    "incident.updated": ("tell",),
    "incident.diagnosing": ("tell", "set_end"),
    "incident.diagnosed": ("tell",),
    "incident.diagnosis_lost": ("tell",),
    "incident.run_moved": ("tell",),
    "incident.breached": ("tell",),
    "incident.cleared": ("tell",),
    "incident.resolved": ("tell", "drop_clock"),
    "freeze.frozen": ("tell",),
    "freeze.lifted": ("tell",),
    "run.proposed": ("tell", "link", "set_expiry", "execute"),
    "run.approved": ("tell", "link", "drop_expiry", "execute"),
    "run.denied": ("tell", "link", "drop_expiry"),
    "run.withdrawn": ("tell", "link", "drop_expiry"),
    "run.cancel_asked": ("tell",),
    "run.undone": ("tell", "link"),
    "run.expired": ("tell", "link"),
    "run.refused": ("tell", "link"),
    "run.delayed": ("tell",),
    "run.released": ("tell", "link"),
    "run.started": ("tell",),
    "run.progressed": ("tell",),
    "run.finished": ("tell", "verify_by_hand"),
    "run.failed": ("tell", "link"),
    "run.interrupted": ("tell", "link"),
    "run.verified": ("tell", "link", "settle_undo", "watch_checks", "set_return"),
    "run.overstayed": ("tell", "link"),
    "run.watched": ("tell",),
    "run.unverified": ("tell", "link", "offer_undo"),
    "watch.begun": ("tell", "look"),
    "watch.seen": ("tell",),
    "watch.ended": ("tell", "report_watch"),
    "handoff.noted": (),
    "handoff.written": ("tell",),
    "handoff.accepted": ("tell",),
    "reveal.granted": (),
}


async def start(ports: Ports, kind: str, stream: str, version: int) -> None:
    """Start the jobs that follow from one entry of the feed."""
    for job in REACTIONS[kind]:
        await ports.timers.soon(f"{job}:{stream}:{version}", job, stream, str(version))


async def sweep(ports: Ports) -> None:
    """Put right what a crash between record and effect may have left: untold events, lost timers, lost executions."""
    for disturbance in await ports.record.listing(INCIDENTS, only_open=True, limit=SWEPT):
        await _sweep_telling(ports, disturbance.number, disturbance.version)
        await _sweep_incident(ports, disturbance)
    for state in await ports.record.listing(RUNS, only_open=True, limit=SWEPT):
        await _sweep_telling(ports, state.number, state.version)
        await _sweep_run(ports, state)
    for watched in await ports.record.listing(WATCHES, only_open=True, limit=SWEPT):
        await _sweep_telling(ports, watched.number, watched.version)
        turn, _ = watch.next_turn(ports, watched)
        await ports.timers.soon(f"watch:{watched.number}:{turn - 1}", "look", watched.number, str(watched.version))


async def _sweep_telling(ports: Ports, stream: str, version: int) -> None:
    told = int((await ports.marks.get(stream)).get("told", "0"))
    if told < version:
        await ports.timers.soon(f"tell:{stream}:{version}", "tell", stream, str(version))


async def _sweep_incident(ports: Ports, state: Incident) -> None:
    if state.diagnosing:
        await set_end(ports, state.number, state.version)
        await live.settle(ports, state.number)
    if state.phase is not incident.Phase.OPEN or state.overdue:
        return
    due = incidents.acknowledge_by(ports, state)
    if ports.clock.now() >= due:
        await incidents.ring(ports, state.number)
    else:
        await ports.timers.ensure(f"acknowledge:{state.number}", due, "ring", state.number, str(state.version))


async def _sweep_run(ports: Ports, state: Run) -> None:
    version = str(state.version)
    if when := state.goes_back_at:
        await ports.timers.ensure(f"return:{state.number}", when, "go_back", state.number, version)
        await afterwards.go_back(ports, state.number)
    elif (when := waits_until(state)) and ports.clock.now() < when:
        await ports.timers.ensure(f"wait:{state.number}", when, "end_wait", state.number, version)
    elif when:
        await ports.timers.soon(f"wait-over:{state.number}", "end_wait", state.number, version)
    elif (when := deadline(state)) is None or executing.is_under_way(state):
        await ports.timers.soon(f"execute:{state.number}", "execute", state.number, version)
    elif ports.clock.now() >= when:
        await decide.expire(ports, state.number)
    else:
        await set_expiry(ports, state.number, state.version)


def run_line(state: Run) -> Text:
    """One line about a run for the timeline of its incident."""
    title, phase = state.proposal.title, phase_of(state)
    if state.outcome is None:
        return say("{run} · {title}: {phase}", run=state.number, title=title, phase=phase)
    return say(
        "{run} · {title}: {phase} — {outcome}", run=state.number, title=title, phase=phase, outcome=state.outcome
    )


def _run_at(events: list[Recorded], version: int) -> Run:
    state: Run | None = None
    for event in events[:version]:
        state = run.apply(state, event)
    if state is None:
        raise ValueError("a feed entry without its event")
    return state
