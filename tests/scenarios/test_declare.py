"""Declaring and living through an incident, over both transports."""

from bot.core.family import INCIDENTS
from tests.house import House, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL


async def test_the_acknowledgement_of_declare_is_the_receipt(house: House, transport: str) -> None:
    assert "INC-1 declared*: P1 · checkout errors" in await house.command(
        NEXT_ON_CALL, "/incident declare P1 checkout errors"
    )
    events = await house.demo.bot.ports.record.events("INC-1")
    assert [type(event.fact).__name__ for event in events] == ["Declared"]


async def test_a_headline_with_three_buttons_appears_in_incidents(house: House, transport: str) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    head = await house.headline("INC-1")
    assert head["channel"] == "C0INCIDENTS"
    assert buttons(head) == ["incident:acknowledge", "incident:update", "incident:resolve"]
    await house.quiet()
    assert len(await house.calls("chat.postMessage")) == 1, "declaring costs one call"


async def test_each_later_event_is_one_reply_and_one_edit(house: House, transport: str) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    head = await house.headline("INC-1")
    await house.click(ON_CALL, head, "incident:acknowledge")
    await house.shows("INC-1", "@ana")
    await house.quiet()
    await house.command(ON_CALL, "/incident update INC-1 cache is back")
    await house.shows("INC-1", "cache is back")
    await house.quiet()
    await house.command(ON_CALL, "/incident resolve INC-1 rolled back")
    await house.shows("INC-1", "rolled back")
    await house.quiet()
    assert len(await house.thread("INC-1")) == 3
    edits = await house.calls("chat.update")
    assert len(edits) == 3
    assert buttons(await house.headline("INC-1")) == []


async def test_declare_without_words_opens_a_form_and_the_form_becomes_the_receipt(
    house: House, transport: str
) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare")
    assert (await house.views(NEXT_ON_CALL))[-1]["callback_id"] == "incident:declare"
    await house.submit(NEXT_ON_CALL, severity="P0", title="nothing answers")
    [view] = await house.views(NEXT_ON_CALL)
    assert "INC-1 declared*: P0 · nothing answers" in house.words(view)
    await house.headline("INC-1 · P0 · nothing answers")


async def test_declare_with_a_title_only_asks_for_the_severity(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare checkout errors")
    assert "What is wrong?: checkout errors" in house.words((await house.views(NEXT_ON_CALL))[-1])


async def test_the_shortcut_opens_the_form(house: House) -> None:
    await house.post("shortcut", user="clara", callback_id="declare_incident")
    assert (await house.views(NEXT_ON_CALL))[-1]["callback_id"] == "incident:declare"


async def test_update_and_resolve_buttons_open_forms_that_are_recorded(house: House, transport: str) -> None:
    await house.command(ON_CALL, "/incident declare P2 slow mails")
    head = await house.headline("INC-1")
    await house.click(ON_CALL, head, "incident:update")
    await house.submit(ON_CALL, words="vendor called")
    await house.replied("INC-1", "vendor called")
    await house.click(APPROVER, head, "incident:resolve")
    await house.submit(APPROVER, words="vendor fixed it")
    await house.shows("INC-1", "@bruno")
    assert not (await house.demo.bot.ports.record.load(INCIDENTS, "INC-1")).is_open


async def test_list_shows_the_open_ones_newest_first(house: House) -> None:
    assert "No open incident" in await house.command(NEXT_ON_CALL, "/incident list")
    for title in ("one", "two", "three"):
        await house.command(NEXT_ON_CALL, f"/incident declare P3 {title}")
    await house.command(NEXT_ON_CALL, "/incident resolve INC-2 done")
    listed = await house.command(NEXT_ON_CALL, "/incident list")
    assert "2 open" in listed
    assert listed.index("INC-3") < listed.index("INC-1")
    assert "INC-2" not in listed


async def test_timeline_tells_everything_in_order(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/incident ack INC-1")
    await house.command(NEXT_ON_CALL, "/incident update INC-1 it is the cache")
    told = await house.command(NEXT_ON_CALL, "/incident timeline inc-1")
    steps = ["declared P1", "acknowledged", "it is the cache"]
    assert [told.index(step) for step in steps] == sorted(told.index(step) for step in steps)


async def test_help_lists_every_form(house: House) -> None:
    told = await house.command(NEXT_ON_CALL, "/incident help")
    for form in ("declare", "list", "ack", "update", "resolve", "timeline"):
        assert f"/incident {form}" in told


async def test_an_incident_nobody_acknowledges_in_time_says_so_once(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P0 nothing answers")
    await house.command(NEXT_ON_CALL, "/incident declare P0 somebody has this one")
    await house.headline("INC-2")
    await house.command(ON_CALL, "/incident ack INC-2")
    await house.headline("INC-1")
    await house.post("clock", advance=5 * 60 + 1)
    await house.replied("INC-1", "⏰")
    await house.shows("INC-1", "⏰")
    await house.post("clock", advance=60)
    await house.quiet()
    assert len([said for said in await house.thread("INC-1") if "⏰" in said]) == 1
    assert not [said for said in await house.thread("INC-2") if "⏰" in said]


async def test_an_acknowledge_clock_runs_by_the_severity(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.post("clock", advance=2 * 3600 - 60)
    await house.quiet()
    assert await house.thread("INC-1") == []
    await house.post("clock", advance=61)
    await house.replied("INC-1", "⏰")
