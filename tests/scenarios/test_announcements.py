"""Announcements: a sentence of the catalog, shown word for word, posted once in its channel when it is confirmed."""

from typing import Any

import pytest

from bot.core import run
from bot.core.errors import ChatError
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from bot.flows import turns
from tests.house import House, buttons
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER

DONE = "↩️ Rollback de agente-api concluído: voltou para 2.3.1."
TYPED = "/run announce what=rollback-done version=2.3.1"


async def test_the_card_shows_the_message_and_its_channel_and_nothing_is_posted_yet(house: House) -> None:
    card = await _proposed(house, TYPED)
    assert f"`{DONE}`" in house.words(card)
    assert "`#deploys`" in house.words(card)
    assert buttons(card) == ["run:approve", "run:deny"]
    await house.click(OUTSIDER, card, "run:approve")
    await house.told(OUTSIDER, "You may not approve")
    await house.quiet()
    assert await _in_channel(house, "deploys") == []


async def test_who_is_on_call_confirms_and_it_is_posted_once_and_on_the_record(house: House, transport: str) -> None:
    card = await _proposed(house, TYPED)
    await house.click(ON_CALL, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    await house.quiet()
    assert await _in_channel(house, "deploys") == [DONE]
    assert "#deploys" in await house.replied("RUN-1", "✔️ Exec")
    await house.click(ON_CALL, card, "run:approve", stale=True)
    await house.quiet()
    assert await _in_channel(house, "deploys") == [DONE]


async def test_each_kind_has_its_words_and_what_it_needs_is_asked_for(house: House) -> None:
    for typed, words in (
        ("what=deploy-done service=agente-worker version=v2.5.0", "✅ Deploy de agente-worker v2.5.0 concluído."),
        ("what=service-restored minutes=40", "🟢 agente-api voltou ao normal depois de 40 min."),
        ("what=shift-over", "🔁 Turno encerrado; as notas estão na passagem de plantão."),
    ):
        await house.command(NEXT_ON_CALL, f"/run announce {typed}")
        await house.headline(words)
    await house.command(NEXT_ON_CALL, "/run announce what=deploy-done")
    await house.told(NEXT_ON_CALL, "this sentence needs version.")
    for typed in ("what=party", "what=shift-over text=hello", "what=deploy-done version=<!channel>"):
        said = await house.command(NEXT_ON_CALL, f"/run announce {typed}")
        assert "cannot be" in said or "I do not understand" in said
    assert len(await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=9)) == 3


async def test_asked_to_wait_it_waits_and_posts_once(house: House) -> None:
    card = await _proposed(house, TYPED)
    await house.quiet()
    await house.post("faults", method="chat.postMessage", kind="ratelimited", retry_after=1, times=2)
    await house.click(ON_CALL, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    await house.quiet()
    assert await _in_channel(house, "deploys") == [DONE]


async def test_what_slack_would_take_only_much_later_is_not_posted_and_said_to_be_so(house: House) -> None:
    card = await _proposed(house, TYPED)
    await house.quiet()
    await house.post("faults", method="chat.postMessage", kind="ratelimited", retry_after=90, times=500)
    await house.click(ON_CALL, card, "run:approve")
    failed = await _settled(house)
    await house.post("faults", clear=True)
    assert failed.phase is Phase.FAILED
    assert failed.outcome is not None
    assert "It was not posted." in failed.outcome.msgid
    assert await _in_channel(house, "deploys") == []


async def test_a_channel_that_slack_does_not_take_it_for_is_a_failure_with_its_reason(house: House) -> None:
    card = await _proposed(house, TYPED)
    await house.quiet()
    await house.post("faults", method="chat.postMessage", kind="error", error="is_archived", times=2)
    await house.click(ON_CALL, card, "run:approve")
    failed = await _settled(house)
    assert failed.phase is Phase.FAILED
    assert failed.outcome is not None
    assert failed.outcome.values == {"channel": "deploys", "code": "is_archived"}
    assert await _in_channel(house, "deploys") == []


async def test_a_message_whose_answer_is_lost_is_not_sent_again(house: House) -> None:
    card = await _proposed(house, TYPED)
    await house.quiet()
    await house.post("faults", method="chat.postMessage", kind="down")
    await house.click(ON_CALL, card, "run:approve")
    failed = await _settled(house)
    await house.post("faults", clear=True)
    assert failed.phase is Phase.FAILED
    assert failed.outcome is not None
    assert "Look there before it is said again" in failed.outcome.msgid
    assert await _in_channel(house, "deploys") == []


@pytest.mark.catalog("catalog", {"agente-ia/system.yml": ("language: pt_BR", "language: en")})
async def test_what_no_check_measures_is_never_said_to_be_verified(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.click(ON_CALL, await _proposed(house, f"{TYPED} INC-1"), "run:approve")
    await house.shows("RUN-1 ·", "executed; no check measures it")
    await house.replied("INC-1", "RUN-1 · Announce what was done: executed; no check measures it")


@pytest.mark.catalog("catalog", {"agente-ia/system.yml": ("language: pt_BR", "language: en")})
async def test_one_whose_worker_died_is_said_to_be_interrupted_and_is_not_posted_again(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    card = await _proposed(house, f"{TYPED} INC-1")
    ports = house.demo.bot.ports
    async with ports.leases.hold(turns.lease_of(ports, await ports.record.load(RUNS, "RUN-1")), by="RUN-1"):
        await house.click(ON_CALL, card, "run:approve")
        await ports.record.change(RUNS, "RUN-1", lambda _: run.Started("one that died"), run.WORKER)
    assert (await _settled(house)).interrupted
    await house.replied("RUN-1", "🟡 It was interrupted, and no check measures it")
    await house.replied("INC-1", "RUN-1 · Announce what was done: interrupted")
    await house.quiet()
    for words in (house.words(await house.headline("RUN-1 ·")), *await house.thread("INC-1")):
        assert "verified" not in words
        assert "hold" not in words
    assert await _in_channel(house, "deploys") == []


async def test_a_message_that_arrived_though_its_answer_got_lost_stands_there_once(house: House) -> None:
    ports = house.demo.bot.ports
    await house.post("faults", method="chat.postMessage", kind="lost_answer")
    with pytest.raises(ChatError) as lost:
        await ports.teller.announce(ports.catalog.of("agente-ia"), "deploys", DONE)
    assert not lost.value.is_early
    assert await _in_channel(house, "deploys") == [DONE]


async def test_what_came_from_people_mentions_nobody_and_forges_no_link(house: House) -> None:
    ports = house.demo.bot.ports
    foreign = "v1 <!channel> <@U0BRUNO> <https://evil.example|status> & more"
    await ports.teller.announce(ports.catalog.of("agente-ia"), "deploys", foreign)
    (message,) = [one for one in await house.messages() if "evil" in str(one)]
    for shown in (message["text"], message["blocks"][0]["text"]["text"]):
        assert shown == "v1 &lt;!channel&gt; &lt;@U0BRUNO&gt; &lt;https://evil.example|status&gt; &amp; more"


async def _proposed(house: House, typed: str) -> dict[str, Any]:
    await house.command(ON_CALL, typed)
    card: dict[str, Any] = await house.headline("RUN-1 ·")
    return card


async def _in_channel(house: House, name: str) -> list[str]:
    channels = {channel["name"]: channel["messages"] for channel in (await house.state())["channels"]}
    return [house.words(message) for message in channels[name]]


async def _settled(house: House) -> Run:
    async def ended() -> Run | None:
        state: Run = await house.demo.bot.ports.record.load(RUNS, "RUN-1")
        return state if state.phase in run.SETTLED else None

    found: Run = await house.until(ended)
    return found
