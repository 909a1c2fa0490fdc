"""What stops a run whoever wants it: drift, a check that does not hold, a freeze, a breach, working hours."""

import pytest

from bot.core import run
from bot.core.run import Phase
from tests.house import House, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER
from tests.runs.steps import (
    API,
    WORKER,
    facts_of,
    moved_to,
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


async def test_a_target_that_changed_meanwhile_is_left_alone_and_the_difference_is_said(house: House) -> None:
    card = await proposed(house, "scale-when-well replicas=5")
    other = await proposed(house, "scale-api replicas=4", number="RUN-2")
    await house.click(NEXT_ON_CALL, other, "run:approve")
    await verified(house, "RUN-2")
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.REFUSED
    assert "replicas: 3 → 4" in await house.replied("RUN-1", "The target changed after this was shown")
    assert replicas(house) == 4
    await house.shows("RUN-1", "Propose it again")


async def test_what_an_action_requires_has_to_hold_at_the_proposal_and_again_at_the_start(house: House) -> None:
    card = await proposed(house, "scale-when-well replicas=5")
    await house.demo.world.control({"redis": {"fill": 95}})
    await house.command(NEXT_ON_CALL, "/run scale-when-well replicas=4")
    said = await house.told(NEXT_ON_CALL, "Nothing was proposed, because this has to hold first")
    assert "Redis has room" in said
    assert await runs_there_are(house) == ["RUN-1"]
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.REFUSED
    assert "Redis has room" in await house.replied("RUN-1", "What it requires no longer holds")
    assert replicas(house) == 3


async def test_a_step_that_has_to_come_first_is_named_until_it_was_done_within_the_day(
    house: House, signed_http: None
) -> None:
    await house.command(NEXT_ON_CALL, "/run wipe-traces")
    said = await house.told(NEXT_ON_CALL, "this has to be done first: Call the vendor (`/run call-vendor`)")
    assert "Nothing was proposed" in said
    call = await proposed(house, "call-vendor")
    await house.command(NEXT_ON_CALL, "/run wipe-traces")
    await _heard(house, "this has to be done first", times=2)
    await house.click(NEXT_ON_CALL, call, "run:done")
    await verified(house)
    await proposed(house, "wipe-traces", number="RUN-2")
    await house.post("clock", advance=25 * 3600)
    await house.command(NEXT_ON_CALL, "/run wipe-traces")
    await _heard(house, "this has to be done first", times=3)
    assert await runs_there_are(house) == ["RUN-2", "RUN-1"]


async def _heard(house: House, words: str, times: int) -> None:
    async def told() -> bool:
        return sum(words in one for one in await house.private(NEXT_ON_CALL)) == times

    await house.until(told)


async def test_evidence_that_has_grown_old_is_read_again_before_the_start(house: House) -> None:
    fresh = await proposed(house, "restart-api")
    await house.click(APPROVER, fresh, "run:approve")
    await verified(house)
    assert [event.fact.evidence for event in await facts_of(house, run.Started)] == [()]
    old = await proposed(house, "restart-api", number="RUN-2")
    assert "🟢 Redis has room" in readable(house.words(old))
    await house.demo.world.control({"redis": {"fill": 88}})
    await house.post("clock", advance=10 * 60)
    await house.click(APPROVER, old, "run:approve")
    await verified(house, "RUN-2")
    assert "🟡 Redis has room" in readable(await house.replied("RUN-2", "What the checks say now"))


async def test_a_freeze_stops_proposals_approvals_and_what_has_not_begun_but_no_reading(
    house: House, transport: str
) -> None:
    card = await proposed(house, "set-pool value=30")
    assert "You may not stop or release all changes" in await house.command(NEXT_ON_CALL, "/plantao freeze now")
    assert "Diga o motivo" in await house.command(SECOND_APPROVER, "/plantao freeze")
    await house.command(APPROVER, "/plantao freeze migration until 05:00")
    loud = await house.headline("FRZ-1")
    for words in ("Changes are stopped", "migration until 05:00", "stopped by @bruno"):
        assert words in house.words(loud)
    said = await house.command(NEXT_ON_CALL, "/run restart-api")
    for words in ("All changes are stopped (FRZ-1, by @bruno", "migration until 05:00", "Nothing was changed."):
        assert words in said
    await house.click(APPROVER, card, "run:approve")
    await house.told(APPROVER, "FRZ-1")
    await proposed_only(house)
    await house.command(NEXT_ON_CALL, "/diag redis-answers")
    await house.told(NEXT_ON_CALL, "Normal")
    await house.click(NEXT_ON_CALL, loud, "freeze:lift")
    await house.told(NEXT_ON_CALL, "You may not stop or release all changes")
    await house.click(SECOND_APPROVER, loud, "freeze:lift")
    await house.shows("FRZ-1", "Changes are allowed again")
    await house.click(SECOND_APPROVER, card, "run:approve")
    await verified(house)
    assert "@davi" in await house.command(APPROVER, "/plantao unfreeze FRZ-1"), "who lifted it before"


async def test_of_several_freezes_the_one_to_lift_has_to_be_named(house: House) -> None:
    await house.command(APPROVER, "/plantao freeze first reason")
    await house.command(APPROVER, "/plantao freeze shop second reason")
    assert "FRZ-2, FRZ-1" in await house.command(APPROVER, "/plantao unfreeze")
    await house.command(APPROVER, "/plantao unfreeze FRZ-1")
    assert "second reason" in await house.command(NEXT_ON_CALL, "/run restart-api"), "the other one still holds"
    await house.command(APPROVER, "/plantao unfreeze")
    await proposed(house, "restart-api")


async def test_a_run_that_was_approved_before_a_freeze_does_not_start_during_it(house: House) -> None:
    await stuck(house)
    busy = await proposed(house, "restart-worker-slowly")
    await house.click(NEXT_ON_CALL, busy, "run:approve")
    await reached(house, Phase.STARTED)
    waiting = await proposed(house, "scale-api replicas=5", number="RUN-2")
    await house.click(NEXT_ON_CALL, waiting, "run:approve")
    await house.replied("RUN-2", "This one begins when that has ended")
    await house.command(APPROVER, "/plantao freeze stop everything")
    await house.headline("FRZ-1")
    assert (await state_of(house)).phase is Phase.STARTED, "what had begun goes on"
    await house.command(NEXT_ON_CALL, "/run cancel RUN-1")
    assert (await settled(house, "RUN-2")).phase is Phase.REFUSED
    assert "stop everything" in await house.replied("RUN-2", "Not executed")
    assert replicas(house) == 3


async def test_during_a_breach_only_what_is_safe_for_one_runs_until_security_releases_it(house: House) -> None:
    card = await proposed(house, "set-pool value=30")
    await house.command(ON_CALL, "/incident declare P1 odd logins")
    assert "You may not" in await house.command(OUTSIDER, "/incident breach INC-1")
    await house.command(ON_CALL, "/incident breach INC-1")
    await house.shows("INC-1", "Security incident")
    said = await house.command(NEXT_ON_CALL, "/run restart-api")
    for words in ("INC-1 is a security incident", "may destroy evidence", "/incident clear INC-1"):
        assert words in said
    await house.click(APPROVER, card, "run:approve")
    await house.told(APPROVER, "INC-1")
    await proposed_only(house)
    safe = await proposed(house, "isolate-worker INC-1", number="RUN-2")
    await house.click(NEXT_ON_CALL, safe, "run:approve")
    await verified(house, "RUN-2")
    assert replicas(house, WORKER) == 0
    assert "security releases it" in await house.command(NEXT_ON_CALL, "/incident resolve INC-1 all fine")
    assert "You may not release a security incident. Who may: security." in await house.command(
        NEXT_ON_CALL, "/incident clear INC-1"
    )
    await house.command(SECOND_APPROVER, "/incident clear INC-1")
    await house.click(APPROVER, card, "run:approve")
    await verified(house)


async def test_in_an_emergency_out_of_hours_the_proposer_goes_ahead_alone_and_everybody_hears_it(
    house: House, signed_http: None
) -> None:
    await moved_to(house, 3)
    await house.command(ON_CALL, "/incident declare P0 down")
    card = await proposed(house, "restart-at-night INC-1")
    assert buttons(card) == ["run:approve", "run:deny", "run:emergency"]
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await house.told(NEXT_ON_CALL, "You may not approve")
    await house.click(ON_CALL, card, "run:emergency")
    await house.told(ON_CALL, "@clara")
    await proposed_only(house)
    await house.click(NEXT_ON_CALL, card, "run:emergency")
    state = await verified(house)
    assert (state.emergency, state.approvals) == (True, ((NEXT_ON_CALL.id, ()),))
    await house.quiet()
    loud = [m for m in await house.messages() if m.get("subtype") == "thread_broadcast"]
    assert ["@clara went ahead alone with RUN-1 (Restart the API at night)" in house.words(m) for m in loud] == [True]
    assert "the proposer went ahead alone, as the policy allows" in house.words(await house.headline("RUN-1"))


async def test_there_is_no_emergency_within_hours_without_its_incident_or_where_the_policy_knows_none(
    house: House, signed_http: None
) -> None:
    await moved_to(house, 11)
    await house.command(ON_CALL, "/incident declare P0 down")
    card = await proposed(house, "restart-at-night INC-1")
    await house.click(NEXT_ON_CALL, card, "run:emergency")
    await house.told(NEXT_ON_CALL, "It is within working hours (09:00–18:00): ask somebody to approve RUN-1")
    await moved_to(house, 19)
    await house.command(ON_CALL, "/incident declare P1 slow")
    for number, words in enumerate(("restart-at-night", "restart-at-night INC-2", "restart-api INC-1"), start=2):
        card = await proposed(house, words, number=f"RUN-{number}")
        assert ("run:emergency" in buttons(card)) is (words == "restart-at-night INC-2")
    card = await house.headline("RUN-3")
    await house.click(NEXT_ON_CALL, card, "run:emergency")
    await house.told(NEXT_ON_CALL, "only within an open incident of severity P0")
    await house.command(ON_CALL, "/incident resolve INC-1 over")
    await house.quiet()
    assert patches(house) == 0


async def test_an_emergency_does_not_pass_a_freeze(house: House, signed_http: None) -> None:
    await moved_to(house, 3)
    await house.command(ON_CALL, "/incident declare P0 down")
    card = await proposed(house, "restart-at-night INC-1")
    await house.command(APPROVER, "/plantao freeze evidence first")
    await house.click(NEXT_ON_CALL, card, "run:emergency")
    await house.told(NEXT_ON_CALL, "evidence first")
    await proposed_only(house)
    assert patches(house, API) == 0
