"""Whose turn it is: one run at a time on a target, the others wait for a while and know for whom."""

from datetime import UTC, datetime, timedelta
from typing import Final

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core import run
from bot.core.family import RUNS
from bot.core.run import WORKER, Phase, Run
from bot.core.text import Person, Text, say
from bot.flows.ports import Ports

EXECUTION_LIMIT: Final = timedelta(minutes=5)  # where the catalog gives none
BEGIN_WITHIN: Final = timedelta(minutes=5)  # after the last approval: what was approved must still be wanted
EVERY: Final = timedelta(seconds=2)


def target_of(system: System, action: Action) -> str:
    """The name of what is changed."""
    return f"{system.profile.name} · {action.target or action.service or action.name}"


def lease_of(ports: Ports, state: Run) -> str:
    """The name of the lease that keeps different actions on one target apart.

    By address where there is one: two names in the catalog, or in two systems, may lead to the same place.
    """
    system = ports.catalog.of(state.system)
    action = system.actions.get(state.proposal.action)
    return _lease(system, action) if action else f"target:{state.proposal.target}"


def _lease(system: System, action: Action) -> str:
    target = system.profile.targets.get(action.target)
    if target is None:
        return f"target:{target_of(system, action)}"
    return " ".join(
        (f"target:{target.provider}", *(f"{name}={value}" for name, value in sorted(target.address.items())))
    )


def limit_of(action: Action) -> timedelta:
    """How long an action may take."""
    return action.limit or EXECUTION_LIMIT


def is_over(ports: Ports, state: Run) -> bool:
    """Whether an approved run has waited so long that it must not begin any more."""
    return state.decided_at is not None and ports.clock.now() > state.decided_at + BEGIN_WITHIN


def over(state: Run) -> Text:
    """Why a run that waited too long is not begun."""
    minutes = int(BEGIN_WITHIN.total_seconds() // 60)
    return say("It was approved but could not begin within {minutes} min. Propose it again.", minutes=minutes)


async def at_work(ports: Ports, system: System, action: Action) -> list[Text]:
    """Which run holds the target of this action now, whose it is, and how long it may take at most."""
    return await _held(ports, _lease(system, action))


async def wait(ports: Ports, number: str) -> None:
    """An approved run found its target held: say for whom it waits, once, or give up when it has waited too long."""
    state = await ports.record.load(RUNS, number)
    if state.phase is not Phase.APPROVED:
        return
    held = await _held(ports, lease_of(ports, state), but=number)
    reason = held[0] if held else say("Another run is at work on this target.")
    fact: object = run.Delayed(say("{reason} This one begins when that has ended.", reason=reason))
    if is_over(ports, state):
        fact = run.Refused(say("{reason} {over}", reason=reason, over=over(state)))

    def decide(now: Run) -> object | None:
        is_told = now.outcome is not None and isinstance(fact, run.Delayed)
        return None if now.phase is not Phase.APPROVED or is_told else fact

    await ports.record.change(RUNS, number, decide, WORKER)


def next_turn(ports: Ports) -> tuple[int, datetime]:
    """The number of the next turn and when it comes, for those that found their target held."""
    turn = int(ports.clock.now().timestamp() // EVERY.total_seconds()) + 1
    return turn, datetime.fromtimestamp(turn * EVERY.total_seconds(), UTC)


async def _held(ports: Ports, lease: str, but: str = "") -> list[Text]:
    """Who holds a target now: by name, since the approver set it going; the time is that of change and verification.

    A run may find its own lease, left by a worker that died: that is told nobody.
    """
    number = await ports.leases.holder(lease)
    if number in ("", but):
        return []
    state = await ports.record.load(RUNS, number)
    action = ports.catalog.of(state.system).actions.get(state.proposal.action)
    since = state.started_at or state.decided_at or state.proposed_at
    lasting = limit_of(action) + action.verify_within if action else EXECUTION_LIMIT
    return [
        say(
            "{run} ({title}), proposed by {who}, is at work on this target since {since}, until {until} at most.",
            run=state.number,
            title=state.proposal.title,
            who=Person(state.proposed_by),
            since=since,
            until=since + lasting,
        )
    ]
