"""Whatever is typed gets a clear sentence, and nothing that was typed can harm anybody."""

import pytest

from bot.core.family import INCIDENTS
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER

HOSTILE = [
    "<!channel> help",
    "<!here> & <@U0BRUNO>",
    "<https://evil.example|innocent> link",
    "@channel @here plain words",
    "*bold* _under_ `code` ~strike~",
    "🔥🔥 emoji 日本語",
    "\u202eright to left override مرحبا",
    "{name} %s %(x)s {0}",
    "“typographic quotes” and ‘single’",
    '"; DROP TABLE incidents; --',
]


@pytest.mark.parametrize("title", HOSTILE)
async def test_a_hostile_title_is_shown_as_text_and_notifies_nobody(house: House, title: str) -> None:
    await house.command(NEXT_ON_CALL, f"/incident declare P2 {title}")
    await house.headline("INC-1")
    await house.command(NEXT_ON_CALL, f"/incident update INC-1 {title}")
    await house.replied("INC-1", "clara")
    await house.quiet()
    state = await house.state()
    pinged = {user for note in state["notified"] for user in note["user_ids"]} - {NEXT_ON_CALL.id}
    assert pinged == set()
    assert not any(note["broadcast"] for note in state["notified"])
    links = [str(message["blocks"]) for message in await house.messages()]
    assert not any("<https://evil" in blocks for blocks in links)


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/incident declare P9 x", "I do not know the severity “p9”"),
        ("/incident declare SEV7 x", "P0, P1, P2 or P3"),
        ("/incident explode", "I do not know `/incident explode`"),
        ("/incident update INC-99 hello", "There is no incident INC-99"),
        ("/incident resolve INC-0 x", "is not an incident number"),
        ("/incident update banana x", "“banana” is not an incident number"),
        ("/incident timeline", "is not an incident number"),
        ("/incident resolve INC-99999999999999 x", "is not an incident number"),
        ("/diag nonsense", "I cannot diagnose “nonsense” in Agente de IA. I know the groups redis, api, kubernetes"),
        ("/diag redis INC-99", "There is no incident INC-99"),
        ("/rollback nonsense", "I know no rollback for “nonsense”. I know: agente-api"),
        ("/rollback agente-api banana", "“banana” cannot be used as to_revision"),
        ("/handoff banana", "I do not know `/handoff banana`"),
        ("/handoff note", "Say what the next person should know"),
    ],
)
async def test_a_wrong_command_gets_a_sentence_that_helps(house: House, typed: str, answer: str) -> None:
    assert answer in await house.command(NEXT_ON_CALL, typed)
    assert await house.demo.bot.store.xlen(f"{house.demo.bot.settings.prefix}:feed") == 0


async def test_four_thousand_characters_are_refused_with_the_limit(house: House) -> None:
    long = "x" * 4000
    assert "keep it under 200" in await house.command(NEXT_ON_CALL, f"/incident declare P1 {long}")
    await house.command(NEXT_ON_CALL, "/incident declare P1 short")
    assert "3000" in await house.command(NEXT_ON_CALL, f"/incident update INC-1 {long}")
    assert len(await house.demo.bot.ports.record.events("INC-1")) == 1


async def test_the_longest_allowed_words_reach_slack(house: House) -> None:
    await house.command(NEXT_ON_CALL, f"/incident declare P1 {'&' * 200}")
    await house.command(NEXT_ON_CALL, f"/incident update INC-1 {'<&>' * 1000}")
    await house.quiet()
    assert len(await house.thread("INC-1")) == 1
    assert not [call for call in (await house.state())["calls"] if not call["ok"]]


async def test_quotes_around_a_title_are_not_part_of_it(house: House) -> None:
    assert "P1 · checkout errors" in await house.command(NEXT_ON_CALL, "/incident declare P1 “checkout errors”")


async def test_empty_text_in_a_form_keeps_the_form_open(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 x")
    await house.click(ON_CALL, await house.headline("INC-1"), "incident:update")
    answer = await house.client.post(
        "/control/submit",
        json={"user": "ana", "view_id": (await house.views(ON_CALL))[-1]["id"], "values": {"words": ""}},
    )
    assert answer.status_code == 400
    await house.submit(ON_CALL, words="   ")
    assert (await house.views(ON_CALL))[-1]["callback_id"] == "incident:update"
    assert len(await house.demo.bot.ports.record.events("INC-1")) == 1


async def test_a_resolved_incident_takes_no_more_updates(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 x")
    head = await house.headline("INC-1")
    await house.command(NEXT_ON_CALL, "/incident resolve INC-1 done")
    assert "was already resolved by @clara" in await house.command(NEXT_ON_CALL, "/incident update INC-1 late")
    await house.click(ON_CALL, head, "incident:acknowledge", stale=True)
    assert "INC-1" in await house.told(ON_CALL, "clara")
    assert (await house.demo.bot.ports.record.load(INCIDENTS, "INC-1")).acknowledged_by == ""


async def test_an_outsider_may_declare_but_not_change(house: House) -> None:
    await house.command(OUTSIDER, "/incident declare P2 I cannot pay")
    head = await house.headline("INC-1")
    for typed in ("/incident ack INC-1", "/incident update INC-1 x", "/incident resolve INC-1 x", "/diag redis"):
        assert "You may not" in await house.command(OUTSIDER, typed)
    assert "You may not" in await house.command(OUTSIDER, "/rollback agente-api")
    assert "You may not" in await house.command(OUTSIDER, "/handoff")
    await house.click(OUTSIDER, head, "incident:acknowledge")
    assert "You may not" in await house.told(OUTSIDER, "You may not")
    assert len(await house.demo.bot.ports.record.events("INC-1")) == 1
