"""A step that is only to wait: the card says until when, and when that is over the checks are run by themselves."""

import pytest

from bot.core import run
from bot.core.run import Phase
from bot.flows import reactions
from tests.house import House, buttons
from tests.people import NEXT_ON_CALL, OUTSIDER
from tests.runs.steps import facts_of, proposed, reached, settled, state_of, verified

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")
WAIT = "wait-for-vendor"
PATIENT = {"shop/actions.yml": ("    verify_within: 1s\n  wait-a-second:", "  wait-a-second:")}


async def test_who_is_on_call_begins_the_wait_and_its_end_is_told_with_what_the_checks_say(
    house: House, transport: str
) -> None:
    card = await proposed(house, WAIT)
    assert buttons(card) == ["run:done", "run:deny"]
    assert "Begin to wait" in str(card["blocks"])
    await house.click(OUTSIDER, card, "run:done")
    await house.told(OUTSIDER, "You may not approve")
    await house.click(NEXT_ON_CALL, card, "run:done")
    await house.told(NEXT_ON_CALL, "its thread tells what the checks say then")
    await house.shows("RUN-1", "waiting until")
    assert "@clara lets it wait until" in await house.replied("RUN-1", "⏲️")
    await advance(house, 119)
    assert (await state_of(house)).phase is Phase.FINISHED
    assert not [said for said in await house.thread("RUN-1") if "The wait is over" in said]
    await advance(house, 2)
    await verified(house)
    await house.replied("RUN-1", "The wait is over; looking now.")
    assert "The shop answers" in await house.replied("RUN-1", "✅ Verified")
    assert len(await house.thread("RUN-1")) == 3


async def test_what_is_still_not_well_after_the_wait_is_said(house: House) -> None:
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(NEXT_ON_CALL, await proposed(house, WAIT), "run:done")
    await reached(house, Phase.FINISHED)
    await advance(house, 121)
    assert (await settled(house)).phase is Phase.UNVERIFIED
    await house.replied("RUN-1", "🔴 Not verified")


@pytest.mark.catalog("tests/catalogs/approvals", PATIENT)
async def test_that_a_wait_is_over_is_said_once_however_long_the_checks_take(house: House) -> None:
    await house.demo.world.control({"service": {"db": "down"}})
    await house.click(NEXT_ON_CALL, await proposed(house, WAIT), "run:done")
    await reached(house, Phase.FINISHED)
    await house.post("clock", advance=121)
    await house.replied("RUN-1", "The wait is over; looking now.")
    await reactions.JOBS["end_wait"](house.demo.bot.ports, "RUN-1", 2)  # as a sweep starts it
    await house.demo.world.control({"service": {"db": "up"}})
    await verified(house)
    assert len(await facts_of(house, run.Progressed)) == 1


async def test_a_wait_whose_timer_was_lost_ends_all_the_same(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, WAIT), "run:done")
    await reached(house, Phase.FINISHED)
    await house.quiet()
    await house.demo.bot.ports.timers.cancel("wait:RUN-1")
    await advance(house, 121)
    assert (await settled(house)).phase is Phase.VERIFIED


async def test_the_end_of_a_wait_comes_by_its_own_timer(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, "wait-a-second"), "run:done")
    await verified(house)
    assert await house.replied("RUN-1", "The wait is over; looking now.")


async def test_a_job_of_the_proposal_that_comes_late_does_not_look_too_early(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, WAIT), "run:done")
    await reached(house, Phase.FINISHED)
    await reactions.JOBS["execute"](house.demo.bot.ports, "RUN-1", 1)
    assert (await state_of(house)).phase is Phase.FINISHED


async def test_a_wait_that_nobody_wants_is_not_begun(house: House) -> None:
    await house.click(NEXT_ON_CALL, await proposed(house, WAIT), "run:deny")
    assert (await settled(house)).phase is Phase.WITHDRAWN
    await advance(house, 121)
    assert (await state_of(house)).phase is Phase.WITHDRAWN


async def advance(house: House, seconds: int) -> None:
    await house.post("clock", advance=seconds)
    await house.quiet()
