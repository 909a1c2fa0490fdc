"""The end of a shift: a note filled in from the record, accepted by the next person."""

from typing import Any

from bot.core.family import HANDOFFS
from tests.house import House, buttons
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER


async def test_the_form_is_filled_in_from_the_record(house: House, transport: str) -> None:
    await house.command(ON_CALL, "/incident declare P1 slow mails")
    await house.command(ON_CALL, "/incident declare P2 checkout errors")
    await house.command(ON_CALL, "/incident resolve INC-2 cache restarted")
    await house.command(ON_CALL, "/rollback agente-api")
    await house.headline("RUN-1")
    await house.command(NEXT_ON_CALL, "/handoff note watch the queue at 8")
    await house.command(NEXT_ON_CALL, "/handoff")
    shown = house.words((await house.views(NEXT_ON_CALL))[-1])
    for expected in (
        "INC-1 P1 slow mails",
        "INC-2 P2 checkout errors",
        "cache restarted",
        "RUN-1",
        "watch the queue at 8",
    ):
        assert expected in shown
    assert "Overall state: Active incident" in shown


async def test_a_submitted_handoff_is_posted_and_accepted_by_the_next_person(house: House, transport: str) -> None:
    posted = await _hand_over(house)
    assert buttons(posted) == ["handoff:accept"]
    await house.click(NEXT_ON_CALL, posted, "handoff:accept")
    await house.told(NEXT_ON_CALL, "You are on duty now")
    await house.replied("HO-1", "clara")
    state = await house.demo.bot.ports.record.load(HANDOFFS, "HO-1")
    assert state.accepted_at is not None
    await house.quiet()
    assert buttons(await house.headline("HO-1")) == []


async def test_every_field_of_the_note_can_be_filled_in_and_is_posted(house: House) -> None:
    fields = ("incidents", "runs", "alerts", "ongoing", "planned", "remarks", "contacts", "documents")
    await house.command(ON_CALL, "/handoff")
    shown = house.words((await house.views(ON_CALL))[-1])
    assert "PagerDuty, agente-ia" in shown
    assert "catalog/agente-ia" in shown
    await house.submit(ON_CALL, to=NEXT_ON_CALL.id, overall="minor", **{name: f"said of {name}" for name in fields})
    posted = house.words(await house.headline("HO-1"))
    assert all(f"said of {name}" in posted for name in fields)
    assert "Problemas menores" in posted
    assert "@ana → @clara" in posted


async def test_only_the_addressee_can_accept(house: House) -> None:
    posted = await _hand_over(house)
    for who in (OUTSIDER, ON_CALL):
        await house.click(who, posted, "handoff:accept")
        await house.told(who, "HO-1")
    assert (await house.demo.bot.ports.record.load(HANDOFFS, "HO-1")).accepted_at is None


async def test_accepting_twice_gets_a_sentence(house: House) -> None:
    posted = await _hand_over(house)
    await house.click(NEXT_ON_CALL, posted, "handoff:accept")
    await house.told(NEXT_ON_CALL, "You are on duty now")
    accepted = await house.demo.bot.ports.record.load(HANDOFFS, "HO-1")
    await house.click(NEXT_ON_CALL, posted, "handoff:accept", stale=True)
    await house.told(NEXT_ON_CALL, "already accepted")
    assert await house.demo.bot.ports.record.load(HANDOFFS, "HO-1") == accepted


async def test_nobody_hands_over_to_themselves(house: House) -> None:
    await house.command(ON_CALL, "/handoff")
    await house.submit(ON_CALL, to=ON_CALL.id)
    assert (await house.views(ON_CALL))[-1]["callback_id"] == "handoff:write"
    assert await house.demo.bot.ports.record.listing(HANDOFFS, only_open=False, limit=5) == []


async def test_notes_appear_in_the_next_handoff_only(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/handoff note watch the queue")
    await house.command(NEXT_ON_CALL, "/handoff")
    assert "watch the queue" in house.words((await house.views(NEXT_ON_CALL))[-1])
    await house.submit(NEXT_ON_CALL, to=ON_CALL.id)
    await house.headline("HO-1")
    await house.command(ON_CALL, "/handoff")
    assert "watch the queue" not in house.words((await house.views(ON_CALL))[-1])


async def test_a_hostile_note_mentions_nobody(house: House) -> None:
    posted = await _hand_over(house, remarks="<!channel> <@U0OTTO> <https://evil.example|ok>")
    assert "<!channel>" in house.words(posted)
    await house.quiet()
    state = await house.state()
    assert not any(note["broadcast"] for note in state["notified"])
    assert OUTSIDER.id not in {user for note in state["notified"] for user in note["user_ids"]}


async def test_the_whole_day_fits_into_the_form(house: House) -> None:
    for number in range(30):
        await house.command(ON_CALL, f"/incident declare P3 {'long title ' * 15}{number}")
    await house.command(ON_CALL, "/handoff")
    assert (await house.views(ON_CALL))[-1]["callback_id"] == "handoff:write"


async def _hand_over(house: House, **fields: str) -> dict[str, Any]:
    await house.command(ON_CALL, "/handoff")
    await house.submit(ON_CALL, to=NEXT_ON_CALL.id, **{"remarks": "quiet night", **fields})
    posted: dict[str, Any] = await house.headline("HO-1")
    return posted
