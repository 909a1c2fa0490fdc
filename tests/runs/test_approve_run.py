"""Approving: who may, how many, who among them, bound to what was shown, for a limited time."""

import pytest

from bot.core import run
from bot.core.run import Phase
from tests.house import House, button_value, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER
from tests.runs.steps import (
    cached_answers,
    facts_of,
    fingerprint,
    forged_click,
    joined,
    memory_limit,
    patches,
    proposed,
    proposed_only,
    readable,
    replicas,
    settled,
    state_of,
    verified,
)

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")


async def test_low_risk_needs_only_the_proposers_own_confirmation(house: House, transport: str) -> None:
    card = await proposed(house, "scale-api replicas=5")
    assert "somebody else than the proposer" not in house.words(card)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    await verified(house)
    assert replicas(house) == 5
    assert "It runs now" in await house.told(NEXT_ON_CALL, "You approved RUN-1")


async def test_medium_risk_needs_a_second_person_who_holds_the_role(house: House) -> None:
    card = await proposed(house, "set-pool value=30")
    assert "may approve: tech lead (somebody else than the proposer)" in house.words(card)
    for who, refusal in (
        (NEXT_ON_CALL, "You may not approve or deny this. Who may: tech lead."),
        (OUTSIDER, "You may not approve or deny this. Who may: tech lead."),
    ):
        await house.click(who, card, "run:approve")
        await house.told(who, refusal)
    await house.click(ON_CALL, card, "run:approve")
    await house.told(ON_CALL, "líder técnico")
    await proposed_only(house)
    assert patches(house) == 0
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert patches(house) == 1


async def test_an_approver_who_proposes_still_needs_somebody_else(house: House) -> None:
    card = await proposed(house, "set-pool value=30", APPROVER)
    await house.click(APPROVER, card, "run:approve")
    await house.told(APPROVER, "RUN-1")
    await proposed_only(house)
    await house.click(SECOND_APPROVER, card, "run:approve")
    assert (await verified(house)).approvals == ((SECOND_APPROVER.id, ("approver",)),)


async def test_what_destroys_needs_two_people_who_type_its_name(house: House, transport: str) -> None:
    card = await proposed(house, "drop-cache")
    assert "2 people" in house.words(card)
    assert buttons(card) == ["run:typed", "run:deny"]
    await house.click(ON_CALL, card, "run:typed")
    wrong = await house.submit(ON_CALL, typed="cluster")
    assert "“redis”" in wrong["ack"]["errors"]["typed"]
    await house.submit(ON_CALL, typed="redis")
    shown = house.words(await house.shows("RUN-1", "1 of 2 have approved: @ana. Still missing: somebody else."))
    assert "waiting for approval" in shown
    await house.post("close", user="ana", view_id=(await house.views(ON_CALL))[-1]["id"])
    await house.click(ON_CALL, card, "run:typed")
    twice = await house.submit(ON_CALL, typed="redis")
    assert "RUN-1" in twice["ack"]["errors"]["typed"]
    await house.click(NEXT_ON_CALL, card, "run:typed")
    own = await house.submit(NEXT_ON_CALL, typed="redis")
    assert own["ack"]["errors"]["typed"] == "You proposed RUN-1; somebody else has to approve it. Nothing was changed."
    await proposed_only(house)
    assert await cached_answers(house) == 120
    await house.click(APPROVER, card, "run:typed")
    await house.submit(APPROVER, typed="redis")
    state = await verified(house)
    assert [person for person, _ in state.approvals] == [ON_CALL.id, APPROVER.id]
    assert await cached_answers(house) == 0
    await house.shows("RUN-1", "Approved by @ana, @bruno")


async def test_a_typed_form_cannot_be_got_around(house: House, signed_http: None) -> None:
    card = await proposed(house, "drop-cache")
    for who in (ON_CALL, APPROVER, SECOND_APPROVER):
        assert await forged_click(house, who, "run:approve", button_value(card, "run:typed")) == 200
    await proposed_only(house)
    assert (await state_of(house)).approvals == ()


async def test_one_of_the_approvers_has_to_be_of_security(house: House) -> None:
    card = await proposed(house, "more-memory maxmemory_mb=128")
    assert "may approve: on-call, tech lead (somebody else than the proposer) · one of them security" in house.words(
        card
    )
    await house.click(APPROVER, card, "run:approve")
    await house.shows("RUN-1", "1 of 2 have approved: @bruno. Still missing: somebody else, one of them security.")
    await house.click(ON_CALL, card, "run:approve")
    await house.shows("RUN-1", "2 of 3 have approved: @bruno, @ana. Still missing")
    assert await memory_limit(house) == 64
    await house.click(SECOND_APPROVER, card, "run:approve")
    await verified(house)
    assert await memory_limit(house) == 128


async def test_one_of_security_alone_is_enough_where_one_approval_is(house: House) -> None:
    await house.click(SECOND_APPROVER, await proposed(house, "more-memory maxmemory_mb=128"), "run:approve")
    assert (await verified(house)).approvals == ((SECOND_APPROVER.id, ("approver", "security")),)
    assert await memory_limit(house) == 128


async def test_a_role_may_be_a_person_by_name(house: House) -> None:
    card = await proposed(house, "restart-worker")
    await house.click(APPROVER, card, "run:approve")
    await house.told(APPROVER, "responsável pelo worker")
    await proposed_only(house)
    await house.click(SECOND_APPROVER, card, "run:approve")
    await verified(house)
    assert patches(house, "agente-worker") == 1


async def test_roles_are_those_of_the_moment_of_the_click(house: House) -> None:
    card = await proposed(house, "set-pool value=30")
    await joined(house, "tech-leads", "davi", "otto")
    await house.click(APPROVER, card, "run:approve")
    await house.told(APPROVER, "líder técnico")
    await proposed_only(house)
    await house.click(OUTSIDER, card, "run:approve")
    assert (await verified(house)).decided_by == OUTSIDER.id, "who was an outsider a minute ago holds the role now"


async def test_while_slack_does_not_say_who_holds_which_role_nobody_may(house: House) -> None:
    card = await proposed(house, "set-pool value=30")
    await house.post("faults", method="usergroups.list", kind="error", error="internal_error", times=5)
    await house.click(APPROVER, card, "run:approve")
    assert await house.told(APPROVER, "O Slack não me disse")
    await proposed_only(house)
    assert (await state_of(house)).approvals == ()
    assert patches(house) == 0


async def test_only_the_proposer_withdraws_and_only_approvers_deny(house: House) -> None:
    card = await proposed(house, "set-pool value=30")
    await house.click(OUTSIDER, card, "run:deny")
    await house.told(OUTSIDER, "You may not approve or deny this")
    await house.click(ON_CALL, card, "run:deny")
    await house.told(ON_CALL, "líder técnico")
    await proposed_only(house)
    await house.click(NEXT_ON_CALL, card, "run:deny")
    assert (await settled(house)).phase is Phase.WITHDRAWN
    assert await house.told(NEXT_ON_CALL, "You withdrew RUN-1. Nothing was changed.")
    second = await proposed(house, "more-memory maxmemory_mb=128", number="RUN-2")
    await house.click(ON_CALL, second, "run:approve")
    await house.shows("RUN-2", "1 of 2 have approved")
    await house.click(SECOND_APPROVER, second, "run:deny")
    assert (await settled(house, "RUN-2")).phase is Phase.DENIED, "one no ends it, whoever has said yes"
    await house.click(APPROVER, second, "run:approve", stale=True)
    await house.told(APPROVER, "RUN-2")
    await house.quiet()
    assert await memory_limit(house) == 64
    assert buttons(await house.headline("RUN-2")) == []


async def test_half_an_approval_expires_too(house: House) -> None:
    card = await proposed(house, "drop-cache")
    await house.click(ON_CALL, card, "run:typed")
    await house.submit(ON_CALL, typed="redis")
    await house.shows("RUN-1", "1 of 2 have approved")
    await house.post("clock", advance=15 * 60 + 1)
    assert (await settled(house)).phase is Phase.EXPIRED
    await house.shows("RUN-1", "Not approved in time. Nothing was changed.")
    await house.click(NEXT_ON_CALL, card, "run:deny", stale=True)
    await house.told(NEXT_ON_CALL, "RUN-1 expired at")
    assert await cached_answers(house) == 120


async def test_an_approval_is_for_what_was_shown_and_for_no_other_card(house: House, signed_http: None) -> None:
    first = await proposed(house, "set-pool value=30")
    second = await proposed(house, "restart-api", number="RUN-2")
    for action in ("run:approve", "run:emergency"):
        for value in ("RUN-1:000000000000", "RUN-1:", "RUN-1", f"RUN-1:{fingerprint(second)}", "RUN-77:", "", ":::"):
            assert await forged_click(house, APPROVER, action, value) == 200
    await proposed_only(house)
    await proposed_only(house, "RUN-2")
    assert patches(house) == 0
    assert await forged_click(house, APPROVER, "run:approve", f"RUN-1:{fingerprint(first)}") == 200
    await verified(house)


async def test_a_click_without_a_place_for_an_answer_is_carried_out_and_answered_in_the_channel(
    house: House, signed_http: None
) -> None:
    assert await forged_click(house, NEXT_ON_CALL, "run:propose", "shop:restart-api:") == 200
    await house.headline("RUN-1")
    await house.told(NEXT_ON_CALL, "proposed. The card is in #incidents")
    assert await forged_click(house, OUTSIDER, "run:propose", "shop:restart-api:") == 200
    await house.told(OUTSIDER, "You may not propose changes")


async def test_a_double_click_and_a_redelivered_one_approve_once(house: House, transport: str) -> None:
    card = await proposed(house, "restart-api")
    await house.click(APPROVER, card, "run:approve")
    await house.click(APPROVER, card, "run:approve", stale=True)
    delivery = next(d for d in (await house.state())["deliveries"] if d["kind"] == "action")
    await house.post("deliver", again=delivery["id"], kind="action")
    await verified(house)
    await house.quiet()
    assert [len(await facts_of(house, kind)) for kind in (run.Approved, run.Started)] == [1, 1]
    assert patches(house) == 1


async def test_the_buttons_of_an_ended_run_do_nothing(house: House) -> None:
    card = await proposed(house, "restart-api")
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    await house.quiet()
    before = (await state_of(house)).version
    for action in ("run:approve", "run:deny", "run:cancel"):
        await house.click(ON_CALL, card, action, stale=True)
    for words in ("cancel RUN-1", "cancel 1"):
        assert "RUN-1 is not running" in await house.command(NEXT_ON_CALL, f"/run {words}")
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.told(NEXT_ON_CALL, "RUN-1 cannot be taken back: none")
    await house.quiet()
    assert (await state_of(house)).version == before
    assert patches(house) == 1
    assert "executed and verified" in readable(house.words(await house.headline("RUN-1")))
