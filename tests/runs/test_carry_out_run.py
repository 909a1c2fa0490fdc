"""Carrying out: one at a time on a target, bounded, cancellable, verified, taken back; or done by a person."""

from datetime import timedelta
from itertools import pairwise

import pytest

from bot.core import run
from bot.core.run import Phase
from tests.house import House, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER
from tests.runs.steps import (
    WORKER,
    facts_of,
    forged_click,
    patches,
    proposed,
    proposed_only,
    reached,
    readable,
    replicas,
    runs_there_are,
    settled,
    state_of,
    stuck,
    verified,
)

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")
NEVER_ENDS = "restart-worker-slowly"


async def test_two_runs_on_one_target_follow_each_other_and_the_second_says_for_whom_it_waits(house: House) -> None:
    await stuck(house)
    await house.click(NEXT_ON_CALL, await proposed(house, NEVER_ENDS), "run:approve")
    await reached(house, Phase.STARTED)
    second = await proposed(house, "scale-api replicas=5", ON_CALL, "RUN-2")
    held = "RUN-1 (Restart the worker patiently), proposed by @clara, is at work on this target since "
    assert held in house.words(second)
    await house.click(ON_CALL, second, "run:approve")
    assert " at most. This one begins when that has ended." in await house.replied("RUN-2", held)
    assert buttons(await house.shows("RUN-2", "This one begins when that has ended")) == ["run:cancel"]
    await house.command(NEXT_ON_CALL, "/run cancel RUN-1")
    await settled(house)
    await verified(house, "RUN-2")
    [first_end], [second_start] = await facts_of(house, run.Failed), await facts_of(house, run.Started, "RUN-2")
    assert second_start.at >= first_end.at
    assert len(await facts_of(house, run.Delayed, "RUN-2")) == 1
    assert replicas(house) == 5


async def test_a_run_that_waits_for_its_turn_can_be_cancelled_before_it_begins(house: House) -> None:
    await stuck(house)
    await house.click(NEXT_ON_CALL, await proposed(house, NEVER_ENDS), "run:approve")
    await reached(house, Phase.STARTED)
    await house.click(ON_CALL, await proposed(house, "scale-api replicas=5", ON_CALL, "RUN-2"), "run:approve")
    waiting = await house.shows("RUN-2", "This one begins when that has ended")
    await house.click(OUTSIDER, waiting, "run:cancel")
    await house.told(OUTSIDER, "You may not propose")
    await house.click(NEXT_ON_CALL, waiting, "run:cancel")
    await house.told(NEXT_ON_CALL, "is cancelled; it had not begun. Nothing was changed.")
    assert (await settled(house, "RUN-2")).phase is Phase.REFUSED
    await house.shows("RUN-2", "@clara cancelled it before it began.")
    await house.command(NEXT_ON_CALL, "/run cancel RUN-1")
    await settled(house)
    await house.quiet()
    assert replicas(house) == 3


async def test_an_approved_run_that_could_not_begin_in_time_does_not_begin_at_all(house: House) -> None:
    await stuck(house)
    await house.click(NEXT_ON_CALL, await proposed(house, NEVER_ENDS), "run:approve")
    await reached(house, Phase.STARTED)
    await house.click(ON_CALL, await proposed(house, "scale-api replicas=5", ON_CALL, "RUN-2"), "run:approve")
    await house.shows("RUN-2", "This one begins when that has ended")
    await house.post("clock", advance=5 * 60 + 1)
    assert (await settled(house, "RUN-2")).phase is Phase.REFUSED
    assert "It was approved but could not begin within 5 min. Propose it again." in await house.replied(
        "RUN-2", "Not executed"
    )
    await house.command(NEXT_ON_CALL, "/run cancel RUN-1")
    await settled(house)
    assert replicas(house) == 3


async def test_a_running_one_is_cancelled_by_whoever_may_propose(house: House, transport: str) -> None:
    await stuck(house)
    await house.click(NEXT_ON_CALL, await proposed(house, NEVER_ENDS), "run:approve")
    await reached(house, Phase.STARTED)
    running = await house.shows("RUN-1", "running")
    assert buttons(running) == ["run:cancel"]
    await house.click(OUTSIDER, running, "run:cancel")
    await house.told(OUTSIDER, "You may not propose")
    await house.click(ON_CALL, running, "run:cancel")
    assert (await settled(house)).phase is Phase.FAILED
    await house.replied("RUN-1", "✋ @ana asks it to stop.")
    assert "@ana cancelled it; what was done already stays done." in await house.replied("RUN-1", "🔴 Failed")
    await house.quiet()
    assert len(await facts_of(house, run.CancelAsked)) == 1
    assert patches(house, WORKER) == 1


async def test_a_run_ends_at_its_time_limit_and_says_that_it_may_go_on(house: House) -> None:
    await stuck(house)
    await house.click(NEXT_ON_CALL, await proposed(house, "restart-briefly"), "run:approve")
    state = await settled(house)
    assert state.phase is Phase.FAILED
    assert "It did not finish within 2 s and may still be going on." in await house.replied("RUN-1", "🔴 Failed")
    assert state.ended_at is not None
    assert state.started_at is not None
    assert timedelta(seconds=2) <= state.ended_at - state.started_at < timedelta(seconds=30)


@pytest.mark.strict_rates
async def test_progress_is_one_reply_and_is_edited_at_most_once_a_second(house: House) -> None:
    card = await proposed(house, "drop-cache")
    for who in (ON_CALL, APPROVER):
        await house.click(who, card, "run:typed")
        await house.submit(who, typed="redis")
    await verified(house)
    await house.click(NEXT_ON_CALL, await proposed(house, "scale-api replicas=6", number="RUN-2"), "run:approve")
    await verified(house, "RUN-2")
    await house.quiet()
    for number, words in (("RUN-1", "keys deleted so far"), ("RUN-2", "pods of agente-api")):
        told = [event.at for event in await facts_of(house, run.Progressed, number)]
        assert told, "the provider said something on its way"
        assert all(later - earlier >= timedelta(seconds=0.5) for earlier, later in pairwise(told))
        assert sum(words in reply and reply.startswith("⏳") for reply in await house.thread(number)) == 1


async def test_a_change_that_cannot_be_verified_proposes_its_undo_which_needs_its_own_approval(house: House) -> None:
    card = await proposed(house, "set-pool value=40")
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.UNVERIFIED
    assert "🔴 The shop answers" in readable(await house.replied("RUN-1", "🔴 Not verified"))
    offered = await house.headline("Take back RUN-1: Set the size of the pool")
    shown = readable(house.words(offered))
    assert "DB_POOL_SIZE: 40 → 20" in shown
    assert "Proposed by Plantão" in shown
    await proposed_only(house, "RUN-2")
    await house.click(NEXT_ON_CALL, offered, "run:approve")
    await house.told(NEXT_ON_CALL, "You may not approve")
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.told(NEXT_ON_CALL, "RUN-2 takes back RUN-1 already: see its card.")
    await house.demo.world.control({"service": {"db": "up"}})
    await house.click(APPROVER, offered, "run:approve")
    await verified(house, "RUN-2")
    assert (await reached(house, Phase.UNDONE)).undone_by == "RUN-2"
    await house.shows("RUN-1", "Taken back by RUN-2")
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.told(NEXT_ON_CALL, "RUN-1 was already taken back by RUN-2.")
    assert await runs_there_are(house) == ["RUN-2", "RUN-1"]


async def test_who_proposed_a_change_cannot_approve_the_undo_that_the_bot_proposes(house: House) -> None:
    card = await proposed(house, "set-pool value=40", APPROVER)
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(SECOND_APPROVER, card, "run:approve")
    offered = await house.headline("Take back RUN-1")
    assert "(somebody else than @bruno, who proposed RUN-1)" in house.words(offered)
    await house.click(APPROVER, offered, "run:approve")
    await house.told(APPROVER, "RUN-1")
    await proposed_only(house, "RUN-2")
    await house.demo.world.control({"service": {"db": "up"}})
    await house.click(SECOND_APPROVER, offered, "run:approve")
    await verified(house, "RUN-2")


async def test_an_undo_that_cannot_be_verified_is_not_undone_in_turn(house: House) -> None:
    card = await proposed(house, "set-pool value=40")
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(APPROVER, card, "run:approve")
    await house.click(APPROVER, await house.headline("Take back RUN-1"), "run:approve")
    assert (await settled(house, "RUN-2")).phase is Phase.UNVERIFIED
    assert "the cause lies elsewhere too" in await house.replied("RUN-2", "🔴")
    await house.quiet()
    assert await runs_there_are(house) == ["RUN-2", "RUN-1"]
    assert (await state_of(house)).phase is Phase.UNVERIFIED


async def test_undo_brings_back_the_recorded_value_and_warns_when_it_is_the_bad_one(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, "scale-api replicas=6"), "run:approve")
    await verified(house)
    await house.click(NEXT_ON_CALL, await proposed(house, "scale-api replicas=4", number="RUN-2"), "run:approve")
    await verified(house, "RUN-2")
    done = await house.shows("RUN-1", "executed and verified")
    await house.click(NEXT_ON_CALL, done, "run:undo")
    back = await house.headline("Take back RUN-1")
    assert "pods: 4 → 3" in readable(house.words(back)), "what was there before RUN-1, not before RUN-2"
    assert "this brings back" not in house.words(back)
    await house.click(NEXT_ON_CALL, back, "run:approve")
    await verified(house, "RUN-3")
    assert replicas(house) == 3
    await house.command(NEXT_ON_CALL, "/run undo RUN-3")
    again = house.words(await house.headline("Take back RUN-3"))
    assert "RUN-3 put things right again after RUN-1: this brings back what RUN-1 had set." in again


async def test_what_is_required_before_a_change_does_not_stand_in_the_way_of_its_undo(house: House) -> None:
    card = await proposed(house, "scale-when-well replicas=5")
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    await house.demo.world.control({"redis": {"fill": 95}})
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    back = await house.headline("Take back RUN-1")
    assert "Redis has room" in house.words(back), "it is shown all the same"
    await house.click(APPROVER, back, "run:approve")
    await settled(house, "RUN-2")
    assert replicas(house) == 3


async def test_a_step_by_hand_is_ticked_off_by_whoever_did_it(house: House, transport: str) -> None:
    card = await proposed(house, "call-vendor")
    shown = house.words(card)
    for words in (
        "Call the vendor* — waiting for somebody to do it",
        "✍️ Call the vendor and put the ticket's number into the thread.",
        "may tick it off: on-call, tech lead · expires",
        "Verified by: nothing measures it",
    ):
        assert words in shown
    assert buttons(card) == ["run:done", "run:deny"]
    await house.click(OUTSIDER, card, "run:done")
    await house.told(OUTSIDER, "You may not approve")
    await proposed_only(house)
    await house.click(NEXT_ON_CALL, card, "run:done")
    await verified(house)
    await house.shows("RUN-1", "done by hand by @clara")
    assert "No check measures it" in await house.replied("RUN-1", "✔️ Done.")


async def test_a_step_by_hand_is_verified_by_its_checks_or_said_not_to_be_done(house: House) -> None:
    await house.click(APPROVER, await proposed(house, "correct-secret"), "run:done")
    await verified(house)
    assert "🟢 The shop answers" in readable(await house.replied("RUN-1", "✅ Verified"))
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(APPROVER, await proposed(house, "correct-secret", number="RUN-2"), "run:done")
    assert (await settled(house, "RUN-2")).phase is Phase.UNVERIFIED
    assert "Way back: the earlier version in the store" in await house.replied("RUN-2", "🔴 Not verified")
    card = await proposed(house, "correct-secret", number="RUN-3")
    await house.click(APPROVER, card, "run:deny")
    await settled(house, "RUN-3")
    await house.shows("RUN-3", "Not done, says @bruno")


async def test_a_step_by_hand_is_never_carried_out_by_the_bot(house: House, signed_http: None) -> None:
    await proposed(house, "call-vendor")
    shown = (await state_of(house)).proposal.preview.fingerprint
    assert await forged_click(house, APPROVER, "run:approve", f"RUN-1:{shown}") == 200
    await proposed(house, "restart-api", number="RUN-2")
    assert await forged_click(house, APPROVER, "run:done", "RUN-2") == 200
    await proposed_only(house)
    await proposed_only(house, "RUN-2")
