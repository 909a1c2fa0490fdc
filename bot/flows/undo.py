"""The way back from a change: proposed like any other action, with what was there before."""

from contextlib import suppress
from dataclasses import replace

from bot.core import run
from bot.core.errors import TooLate, UserError
from bot.core.family import INCIDENTS, RUNS
from bot.core.policy import Right
from bot.core.run import CHANGED, SETTLED, WORKER, Phase, Run
from bot.flows.decide import still_there
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.remediate import Request, propose
from bot.flows.rights import demand

LOOKED_AT = 1000


async def take_back(ports: Ports, caller: Caller, number: str) -> Kept[Run]:
    """Propose to put back what a run changed: the recorded earlier value, whatever came before or after."""
    state = await ports.record.load(RUNS, number)
    system = ports.catalog.of(state.system)
    await demand(ports, caller, system, Right.PROPOSE)
    if state.phase is Phase.UNDONE:
        raise TooLate("{run} was already taken back by {other}.", run=number, other=state.undone_by)
    if state.phase not in CHANGED:
        raise TooLate("{run} changed nothing that could be taken back.", run=number)
    if not state.proposal.preview.undo:
        raise UserError("{run} cannot be taken back: {reason}", run=number, reason=state.proposal.undo)
    if other := await under_way(ports, number):
        raise UserError("{other} takes back {run} already: see its card.", other=other, run=number)
    return await propose(ports, caller, await request(ports, state))


async def offer(ports: Ports, number: str) -> None:
    """Propose the way back from a run that could not be verified, if there is one; the same run is offered it once."""
    state = await ports.record.load(RUNS, number)
    is_known = state.proposal.action in ports.catalog.of(state.system).actions
    if state.phase is not Phase.UNVERIFIED or not state.proposal.preview.undo or state.proposal.undo_of or not is_known:
        return
    if await under_way(ports, number):
        return
    # The reason why nothing was proposed matters to nobody: the card of the run still has the button.
    with suppress(UserError):
        wanted = replace(await request(ports, state), on_behalf_of=state.proposer)
        await propose(ports, Caller("", "", WORKER.via, f"undo:{number}"), wanted)


async def settle(ports: Ports, number: str) -> None:
    """Note in a run that another one took it back, once that is verified; what an interrupted one did, nobody knows."""
    state = await ports.record.load(RUNS, number)
    if state.proposal.undo_of and state.phase is Phase.VERIFIED and not state.interrupted:
        fact = run.Undone(number)
        await ports.record.change(
            RUNS, state.proposal.undo_of, lambda now: fact if now.phase in CHANGED else None, WORKER
        )


async def request(ports: Ports, state: Run, covered_by: str = "") -> Request:
    """The same action with the recorded earlier values; for the incident of the run while that is open."""
    action = still_there(ports.catalog.of(state.system), state)
    number = state.proposal.incident
    if number and not (await ports.record.load(INCIDENTS, number)).is_open:
        number = ""
    return Request(action, state.proposal.preview.undo, number, state.number, covered_by)


async def under_way(ports: Ports, number: str) -> str:
    """The run that takes back this one and is not settled yet."""
    for state in await ports.record.listing(RUNS, only_open=True, limit=LOOKED_AT):
        if state.proposal.undo_of == number and state.phase not in SETTLED:
            return state.number
    return ""
