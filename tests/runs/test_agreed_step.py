"""A step by hand that takes several people: they agree to it as to any change, then somebody does it and says so."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.core import run
from bot.core.run import Phase
from bot.flows import reactions, turns
from tests.house import House, button_value, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER, Somebody
from tests.runs.steps import (
    facts_of,
    fingerprint,
    forged_click,
    proposed,
    proposed_only,
    readable,
    settled,
    state_of,
    verified,
)

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")
DESTROYS, MOVES = "delete-orders", "move-traffic"
HOUR = 3600


async def typed(house: House, *people: Somebody, name: str = DESTROYS) -> None:
    """These people approve it, one after the other."""
    for who in people:
        await house.click(who, await house.headline("RUN-1"), "run:typed")
        await house.submit(who, typed=name)


async def agreed(house: House, words: str = MOVES) -> None:
    """Clara, who proposed it at low risk, and Ana have approved it."""
    card = await proposed(house, words)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await house.click(ON_CALL, await house.shows("RUN-1", "1 of 2 have approved"), "run:approve")
    await house.shows("RUN-1", "approved, waiting for somebody to do it")


async def advance(house: House, seconds: int) -> None:
    await house.post("clock", advance=seconds)
    await house.quiet()


async def test_it_collects_approvals_like_a_change_and_only_then_offers_to_tick_it_off(
    house: House, transport: str
) -> None:
    card = await proposed(house, DESTROYS)
    shown = house.words(card)
    for words in ("waiting for approval", "✍️ Run the script as a dry run", "2 people · one of them security"):
        assert words in shown
    assert buttons(card) == ["run:typed", "run:deny"]
    await typed(house, ON_CALL, name="orders")
    assert (await state_of(house)).approvals == ()
    await house.submit(ON_CALL, typed=DESTROYS)
    await typed(house, NEXT_ON_CALL)
    assert len((await state_of(house)).approvals) == 1, "who proposed it does not approve it"
    await house.shows("RUN-1", "1 of 2 have approved: @ana. Still missing: somebody else, one of them security.")
    await typed(house, SECOND_APPROVER)
    open_card = await house.shows("RUN-1", "approved, waiting for somebody to do it")
    assert buttons(open_card) == ["run:done", "run:deny"]
    assert "may tick it off: security · expires" in house.words(open_card)
    assert "Approved by @ana, @davi" in house.words(open_card)
    assert "Whoever did it ticks it off with Done by hand" in readable(
        await house.replied("RUN-1", "It may be done now")
    )
    await house.click(NEXT_ON_CALL, open_card, "run:done")
    await house.told(NEXT_ON_CALL, "You may not approve")
    assert (await state_of(house)).phase is Phase.APPROVED
    await house.click(SECOND_APPROVER, open_card, "run:done")
    state = await verified(house)
    assert "🟢 The shop answers" in readable(await house.replied("RUN-1", "✅ Verified"))
    done = house.words(await house.shows("RUN-1", "done by hand by @davi"))
    assert "Approved by @ana, @davi" in done
    [_, last] = await facts_of(house, run.Approved)
    assert state.decided_at == last.at, "ticking off does not move the time of the approval"
    assert not await facts_of(house, run.Started)


async def test_before_enough_have_agreed_no_click_ticks_it_off_and_it_says_how_many_are_missing(
    house: House, signed_http: None
) -> None:
    card = await proposed(house, MOVES)
    assert buttons(card) == ["run:approve", "run:deny"]
    assert "A person may do it once enough have approved." in str(card["blocks"])
    for missing in (2, 1):
        before = (await state_of(house)).version
        assert await forged_click(house, NEXT_ON_CALL, "run:done", "RUN-1") == 200
        await house.told(NEXT_ON_CALL, f"it lacks approvals, {missing} at least. Nothing was recorded.")
        assert (await state_of(house)).version == before
        await house.click(NEXT_ON_CALL, card, "run:approve")
    await proposed_only(house)
    assert "Then a person may do it." in str((await house.shows("RUN-1", "1 of 2"))["blocks"])
    assert await forged_click(house, ON_CALL, "run:approve", "RUN-1:000000000000") == 200
    await proposed_only(house)
    assert await forged_click(house, ON_CALL, "run:approve", f"RUN-1:{fingerprint(card)}") == 200
    await house.shows("RUN-1", "approved, waiting for somebody to do it")


async def test_a_typed_name_is_asked_for_and_cannot_be_got_around(house: House, signed_http: None) -> None:
    card = await proposed(house, DESTROYS)
    for who in (ON_CALL, APPROVER, SECOND_APPROVER):
        assert await forged_click(house, who, "run:approve", button_value(card, "run:typed")) == 200
    assert await forged_click(house, SECOND_APPROVER, "run:done", "RUN-1") == 200
    await proposed_only(house)
    assert (await state_of(house)).version == 1


async def test_what_may_be_done_is_never_begun_by_the_bot_and_is_shown_as_what_it_is(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 slow")
    await agreed(house, f"{MOVES} INC-1")
    before = (await state_of(house)).version
    await house.demo.bot.ports.timers.cancel("approval:RUN-1:done")
    for _ in range(2):
        await reactions.sweep(house.demo.bot.ports)
    await reactions.JOBS["execute"](house.demo.bot.ports, "RUN-1", before)
    await advance(house, 6 * 60)
    state = await state_of(house)
    assert (state.phase, state.version) == (Phase.APPROVED, before)
    row = "RUN-1 Move the traffic at the provider · Shop · move-traffic · approved, waiting for somebody to do it"
    assert row in readable(await house.command(NEXT_ON_CALL, "/run list"))
    assert "It may be done now, until" in await house.command(NEXT_ON_CALL, "/run show RUN-1")
    await house.replied("INC-1", "Move the traffic at the provider: approved, waiting for somebody to do it")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:done")
    await verified(house)
    await house.replied("INC-1", "Move the traffic at the provider: done by hand — done by hand by @bruno")


async def test_who_takes_it_back_or_denies_it_before_ends_it_as_with_any_change(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, MOVES), "run:deny")
    assert (await settled(house)).phase is Phase.WITHDRAWN
    card = await proposed(house, MOVES, number="RUN-2")
    await house.click(ON_CALL, card, "run:deny")
    assert (await settled(house, "RUN-2")).phase is Phase.DENIED
    assert "Denied by @ana" in house.words(await house.shows("RUN-2", "— denied"))


async def test_not_done_or_a_cancel_ends_what_might_have_been_done(house: House) -> None:
    await agreed(house)
    await house.click(OUTSIDER, await house.headline("RUN-1"), "run:deny")
    await house.told(OUTSIDER, "You may not approve")
    await house.click(NEXT_ON_CALL, await house.headline("RUN-1"), "run:deny")
    await house.told(NEXT_ON_CALL, "RUN-1* is marked as not done.")
    assert (await settled(house)).phase is Phase.DENIED, "the proposer too says so, and does not withdraw it"
    assert "Not done, says @clara" in house.words(await house.shows("RUN-1", "approved, but not done"))
    assert "Not done, says @clara" in await house.replied("RUN-1", "🚫")
    second = await proposed(house, MOVES, number="RUN-2")
    for who in (NEXT_ON_CALL, ON_CALL):
        await house.click(who, second, "run:approve")
    await house.shows("RUN-2", "approved, waiting for somebody to do it")
    assert "RUN-2* is marked as not done." in await house.command(NEXT_ON_CALL, "/run cancel RUN-2")
    assert (await settled(house, "RUN-2")).phase is Phase.DENIED
    await house.click(APPROVER, second, "run:done", stale=True)
    await house.quiet()
    assert (await state_of(house, "RUN-2")).phase is Phase.DENIED


async def test_half_an_approval_expires_and_is_not_ticked_off_later(house: House, signed_http: None) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, MOVES), "run:approve")
    await advance(house, HOUR + 1)
    assert (await settled(house)).phase is Phase.EXPIRED
    assert buttons(await house.shows("RUN-1", "Not approved in time.")) == []
    assert await forged_click(house, NEXT_ON_CALL, "run:done", "RUN-1") == 200
    await house.told(NEXT_ON_CALL, "RUN-1 expired at")
    assert (await state_of(house)).phase is Phase.EXPIRED


async def test_an_approval_ends_when_nobody_ticks_it_off_but_what_was_done_can_still_be_told(house: House) -> None:
    card = await proposed(house, MOVES)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await advance(house, HOUR - 60)
    await house.click(ON_CALL, card, "run:approve")
    await house.shows("RUN-1", "approved, waiting for somebody to do it")
    await advance(house, HOUR - 60)
    assert (await state_of(house)).phase is Phase.APPROVED, "it has as long again from the last approval"
    await advance(house, 61)
    assert (await settled(house)).phase is Phase.EXPIRED
    late = await house.shows("RUN-1", "approved, but not ticked off in time")
    assert "it must not be begun any more" in house.words(late)
    assert "it must not be begun any more" in await house.replied("RUN-1", "⌛")
    assert buttons(late) == ["run:done"]
    await house.click(ON_CALL, card, "run:approve", stale=True)
    await house.quiet()
    assert (await state_of(house)).phase is Phase.EXPIRED
    await house.click(APPROVER, late, "run:done")
    await verified(house)
    await house.shows("RUN-1", "done by hand by @bruno")


async def test_an_approval_whose_timer_was_lost_ends_all_the_same(house: House) -> None:
    await agreed(house)
    await house.quiet()
    await house.demo.bot.ports.timers.cancel("approval:RUN-1:done")
    await house.post("clock", advance=HOUR + 1)
    assert (await state_of(house)).phase is Phase.APPROVED
    await reactions.sweep(house.demo.bot.ports)
    assert (await settled(house)).phase is Phase.EXPIRED


async def test_what_it_requires_is_looked_at_again_before_it_may_be_done(house: House) -> None:
    card = await proposed(house, MOVES)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await house.demo.world.control({"redis": "kill"})
    await house.click(ON_CALL, await house.shows("RUN-1", "1 of 2 have approved"), "run:approve")
    await house.told(ON_CALL, "O cartão avisa quando puder ser feita")
    assert (await settled(house)).phase is Phase.REFUSED
    shut = await house.shows("RUN-1", "approved, but must not be done")
    assert "What it requires no longer holds: Redis answers" in house.words(shut)
    assert "What it requires no longer holds: Redis answers" in await house.replied("RUN-1", "🚫 It must not be done")
    assert not await facts_of(house, run.Released)
    assert buttons(shut) == ["run:done"]
    await house.click(APPROVER, shut, "run:done")
    await verified(house)
    await house.shows("RUN-1", "done by hand by @bruno")


async def test_a_freeze_between_approval_and_release_keeps_it_shut(house: House) -> None:
    async with another_at_work(house):
        await waits_for_its_turn(house)
        await house.command(APPROVER, "/plantao freeze migration")
    assert (await settled(house)).phase is Phase.REFUSED
    assert "FRZ-1" in await house.replied("RUN-1", "🚫 It must not be done")


async def test_a_release_whose_turn_was_lost_follows_with_the_next_sweep(house: House) -> None:
    ports = house.demo.bot.ports
    async with another_at_work(house):
        await waits_for_its_turn(house)
        turn, _ = turns.next_turn(ports)
        for lost in (turn - 1, turn, turn + 1):
            await ports.timers.cancel(f"execute:RUN-1:{lost}")
        await house.quiet()
    await reactions.sweep(ports)
    await house.shows("RUN-1", "approved, waiting for somebody to do it")


async def test_what_was_done_before_its_release_is_recorded_and_not_released_any_more(
    house: House, signed_http: None
) -> None:
    async with another_at_work(house):
        await waits_for_its_turn(house)
        assert await forged_click(house, APPROVER, "run:done", "RUN-1") == 200
        await house.shows("RUN-1", "done by hand, verifying")
    await verified(house)
    assert not await facts_of(house, run.Released)
    await house.shows("RUN-1", "done by hand by @bruno")


@asynccontextmanager
async def another_at_work(house: House) -> AsyncIterator[None]:
    """The target of a proposed step is held by somebody who does not say who they are."""
    await proposed(house, MOVES)
    ports = house.demo.bot.ports
    async with ports.leases.hold(turns.lease_of(ports, await state_of(house)), by="RUN-1", ttl=60):
        yield


async def waits_for_its_turn(house: House) -> None:
    """Both have approved, and it is not released."""
    for who in (NEXT_ON_CALL, ON_CALL):
        await house.click(who, await house.headline("RUN-1"), "run:approve")
    await house.replied("RUN-1", "⏸️")
    seen = await house.shows("RUN-1", "approved, looking whether it may be done")
    assert buttons(seen) == ["run:cancel"]


async def test_a_freeze_stops_the_approval_and_not_the_record_of_what_was_done(house: House) -> None:
    card = await proposed(house, MOVES)
    await house.command(APPROVER, "/plantao freeze migration")
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await house.told(NEXT_ON_CALL, "FRZ-1")
    assert (await state_of(house)).version == 1
    await house.command(APPROVER, "/plantao unfreeze FRZ-1")
    for who in (NEXT_ON_CALL, ON_CALL):
        await house.click(who, card, "run:approve")
    open_card = await house.shows("RUN-1", "approved, waiting for somebody to do it")
    await house.command(APPROVER, "/plantao freeze again")
    await house.click(NEXT_ON_CALL, open_card, "run:done")
    await verified(house)


async def test_a_breach_stops_it_unless_it_is_safe_for_one(house: House) -> None:
    card = await proposed(house, DESTROYS)
    await house.command(ON_CALL, "/incident declare P1 odd logins")
    await house.command(ON_CALL, "/incident breach INC-1")
    await house.click(ON_CALL, card, "run:typed")
    refused = await house.submit(ON_CALL, typed=DESTROYS)
    assert "INC-1" in refused["ack"]["errors"]["typed"]
    assert (await state_of(house)).version == 1
    safe = await proposed(house, MOVES, number="RUN-2")
    for who in (NEXT_ON_CALL, ON_CALL):
        await house.click(who, safe, "run:approve")
    await house.click(ON_CALL, await house.shows("RUN-2", "approved, waiting"), "run:done")
    await verified(house, "RUN-2")


async def test_a_double_click_and_a_redelivered_one_tick_off_once(house: House, transport: str) -> None:
    await agreed(house)
    card = await house.headline("RUN-1")
    await house.click(APPROVER, card, "run:done")
    await house.click(APPROVER, card, "run:done", stale=True)
    await house.click(ON_CALL, card, "run:deny", stale=True)
    deliveries = [one for one in (await house.state())["deliveries"] if one["kind"] == "action"]
    for one in deliveries:
        await house.post("deliver", again=one["id"], kind="action")
    await verified(house)
    await house.quiet()
    assert [len(await facts_of(house, kind)) for kind in (run.Approved, run.Finished, run.Denied)] == [2, 1, 0]
