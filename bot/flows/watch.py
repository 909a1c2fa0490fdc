"""Watch one check: look every quarter of a minute, tell what changes, end by itself; a long watch looks less often."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.catalog.entries import Check
from bot.core import watch
from bot.core.errors import UserError
from bot.core.events import Author
from bot.core.family import WATCHES
from bot.core.policy import Right
from bot.core.watch import Begun, Watch
from bot.flows import diagnose
from bot.flows.diagnose import Wanted, Which
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.rights import demand

EVERY: Final = timedelta(seconds=15)
OF_A_LONG_ONE: Final = timedelta(minutes=15)
AT_ONCE: Final = 10
WORKER: Final = Author("", "worker")


async def begin(
    ports: Ports, caller: Caller, word: str, lasting: timedelta, number: str = "", *, given: Mapping[str, str]
) -> Kept[Watch]:
    """Watch the one check that a word means here; raises UserError when it means several."""
    wanted = await diagnose.choose(ports, caller, word, number)
    if isinstance(wanted, Which) or len(wanted.checks) != 1:
        raise UserError("A watch is for one check; “{word}” means several. `/diag` lists the checks.", word=word)
    if len(await ports.record.listing(WATCHES, only_open=True, limit=AT_ONCE)) >= AT_ONCE:
        raise UserError("{count} watches are running already; stop one of them first.", count=AT_ONCE)
    check = wanted.told(given).checks[0]
    if check.kept != check.given:
        raise UserError(
            "A watch would have to keep whom you ask about. Ask once, with `/diag {check}`.", check=check.name
        )
    now = ports.clock.now()
    fact = Begun(check.name, check.title.text(), now + lasting, wanted.number, check.system, check.given)
    return await ports.record.open(WATCHES, watch.begin(fact, now), caller.author, caller.key)


async def follow(ports: Ports, check: Check, until: datetime, run: str) -> None:
    """Watch a check of a run that has just been verified; once, however often it is asked."""
    fact = Begun(check.name, check.title.text(), until, system=check.system, given=check.given, run=run)
    await ports.record.open(WATCHES, fact, WORKER, f"watch:{run}:{check.name}")


async def look(ports: Ports, number: str) -> Watch | None:
    """Run the check once a turn and record what changed, or what there is at last; None when there is no next time."""
    state = await ports.record.load(WATCHES, number)
    if not state.is_open:
        return None
    is_over, turn = ports.clock.now() >= state.begun.until, str(next_turn(ports, state)[0])
    if not is_over and (await ports.marks.get(number)).get("looked") == turn:
        return state  # a sweep asks in each turn, since a timer may be lost
    system = ports.catalog.of(state.system)
    check = system.checks.get(state.begun.check)
    if check is None:
        await ports.record.change(WATCHES, number, watch.over, WORKER)
        return None
    move = watch.over if is_over else watch.seen
    report = await diagnose.run(ports, Wanted(system, check.name, (check.told(state.begun.given),)))
    [finding] = report.findings
    kept = await ports.record.change(WATCHES, number, lambda now: move(now, finding.level, finding.summary), WORKER)
    await ports.marks.set(number, looked=turn)
    return kept.state if kept.state.is_open else None


def next_turn(ports: Ports, state: Watch) -> tuple[int, datetime]:
    """The number of the next turn and when it comes; all watches look at the same moments, a long one at fewer."""
    is_long = state.begun.until - state.at > watch.LONGEST
    every = (OF_A_LONG_ONE if is_long else EVERY).total_seconds()
    turn = int(ports.clock.now().timestamp() // every) + 1
    return turn, datetime.fromtimestamp(turn * every, UTC)


async def stop(ports: Ports, caller: Caller, number: str) -> Kept[Watch]:
    """End a watch before its time."""
    state = await ports.record.load(WATCHES, number)
    await demand(ports, caller, ports.catalog.of(state.system), Right.DIAGNOSE)
    return await ports.record.change(WATCHES, number, watch.stop, caller.author, caller.key)
