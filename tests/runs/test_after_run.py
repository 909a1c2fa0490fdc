"""After a verified change: what was for a time goes back by itself, and what verified it is watched."""

import pytest
from redis.asyncio import Redis

from bot.core import run
from bot.core.family import WATCHES
from bot.core.run import Phase
from bot.core.watch import Outcome, Watch
from bot.slack.voice import Voice
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL
from tests.runs.steps import facts_of, proposed, reached, runs_there_are, state_of, verified

pytestmark = pytest.mark.catalog("tests/catalogs/approvals")
FOR_A_WHILE = "more-memory-for-a-while"


async def memory(house: House, set_to: int = 0) -> int:
    """The limit of Redis in MB, as it has it now."""
    async with Redis.from_url(house.demo.world.redis_url) as client:
        if set_to:
            await client.config_set("maxmemory", set_to << 20)
        return int((await client.config_get("maxmemory"))["maxmemory"]) >> 20


async def changed(house: House) -> None:
    card = await proposed(house, FOR_A_WHILE)
    assert "It goes back by itself after 30 min; approving covers that." in house.words(card)
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert await memory(house) == 128


async def test_what_was_for_a_time_goes_back_by_itself_once(house: House, transport: str) -> None:
    await changed(house)
    await advance(house, minutes=29)
    assert await runs_there_are(house) == ["RUN-1"]
    await advance(house, minutes=2)
    await house.headline("RUN-2 ·")
    await verified(house, "RUN-2")
    await reached(house, Phase.UNDONE)
    assert await memory(house) == 64
    assert "Approved together with RUN-1" in house.words(await house.headline("RUN-2 ·"))
    assert "Taken back by RUN-2" in await house.replied("RUN-1", "↩️")
    await advance(house, minutes=60)
    assert await runs_there_are(house) == ["RUN-2", "RUN-1"]


async def test_who_takes_it_back_before_its_time_has_done_it(house: House) -> None:
    await changed(house)
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.click(APPROVER, await house.headline("RUN-2 ·"), "run:approve")
    await verified(house, "RUN-2")
    await reached(house, Phase.UNDONE)
    await advance(house, minutes=31)
    assert await runs_there_are(house) == ["RUN-2", "RUN-1"]
    assert await memory(house) == 64


async def test_a_freeze_keeps_it_and_says_that_a_person_has_to_take_it_back(house: House) -> None:
    await changed(house)
    await house.command(APPROVER, "/plantao freeze migration")
    await advance(house, minutes=31)
    assert "could not be taken back" in await house.replied("RUN-1", "🔴 Its time is over")
    await advance(house, minutes=31)
    assert len(await facts_of(house, run.Overstayed)) == 1
    assert (await state_of(house)).phase is Phase.VERIFIED
    assert await runs_there_are(house) == ["RUN-1"]
    assert await memory(house) == 128


async def test_somebody_elses_change_in_between_is_not_overwritten(house: House) -> None:
    await changed(house)
    await memory(house, set_to=200)
    await advance(house, minutes=31)
    said = await house.replied("RUN-1", "🔴 Its time is over")
    assert "It was changed since (maxmemory_mb: 128.0 → 200.0)." in said
    assert await memory(house) == 200


async def test_a_way_back_that_fails_is_not_tried_for_ever_and_a_person_is_told(house: House) -> None:
    await changed(house)
    async with Redis.from_url(house.demo.world.redis_url) as client:
        await client.execute_command("ACL", "SETUSER", "default", "-config|set")
    await advance(house, minutes=31)
    await house.headline("RUN-2 ·")
    await reached(house, Phase.FAILED, number="RUN-2")
    await advance(house, minutes=1)
    assert "RUN-2 ended without doing so: failed." in await house.replied("RUN-1", "🔴 Its time is over")
    assert not (await state_of(house)).is_open
    assert await memory(house) == 128


async def test_what_verified_it_is_watched_for_as_long_as_the_action_says(house: House) -> None:
    await changed(house)
    assert "Redis answers" in house.words(await house.headline("WT-1"))
    await house.demo.world.control({"redis": "kill"})
    await advance(house, minutes=1)
    assert await house.replied("WT-1", "🔴")
    await advance(house, minutes=10)
    assert await house.shows("WT-1", "ended")


async def test_what_shows_only_later_is_watched_and_the_thread_of_the_run_tells_how_it_went(house: House) -> None:
    await house.click(APPROVER, await proposed(house, "other-memory"), "run:approve")
    await verified(house)
    assert "Redis has room" in house.words(await house.headline("WT-1"))
    assert await house.find("WT-2") is None, "what verified it is not watched where something else shows later"
    first = (await watched(house)).first
    assert first
    await memory(house, set_to=200)
    await advance(house, minutes=5)
    assert await facts_of(house, Outcome) == []
    await advance(house, minutes=181)
    assert await house.shows("WT-1", "ended")
    said = await house.replied("RUN-1", "Watched afterwards")
    assert Voice("en", "UTC").plain(first) in said
    assert "of 200.0 MB" in said
    await advance(house, minutes=60)
    assert len(await facts_of(house, Outcome)) == 1
    assert (await state_of(house)).phase is Phase.VERIFIED


async def test_what_is_watched_for_hours_is_looked_at_every_quarter_of_an_hour_however_often_is_swept(
    house: House,
) -> None:
    await house.click(APPROVER, await proposed(house, "other-memory"), "run:approve")
    await verified(house)
    await house.headline("WT-1")
    begun = await watched(house)
    await memory(house, set_to=1)
    await forgotten(house)
    for _ in range(2):
        await house.demo.bot.sweep()
        await house.quiet()
    assert await watched(house) == begun
    await advance(house, minutes=30)
    assert await house.replied("WT-1", "🔴")


async def watched(house: House) -> Watch:
    async def seen() -> Watch | None:
        state: Watch = await house.demo.bot.ports.record.load(WATCHES, "WT-1")
        return state if state.first else None

    found: Watch = await house.until(seen)
    return found


async def forgotten(house: House) -> None:
    """What was looked at a moment ago is not asked again; here, long ago."""
    async for key in house.demo.bot.store.scan_iter("{plantao}:look:*"):
        await house.demo.bot.store.delete(key)


async def advance(house: House, minutes: int) -> None:
    await house.post("clock", advance=minutes * 60)
    await house.quiet()
