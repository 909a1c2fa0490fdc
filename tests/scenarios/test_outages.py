"""What people read, and what the record says, when Redis or Slack is not there."""

import asyncio
import itertools
import os
import signal

import pytest

from bot.core.errors import ChatError
from bot.core.family import INCIDENTS
from bot.wiring import SLACK_LIMIT
from tests.house import House, buttons
from tests.people import NEXT_ON_CALL, ON_CALL

pytestmark = pytest.mark.strict_rates


async def test_with_redis_down_nothing_is_recorded_and_the_person_is_told_whom_to_call(house: House) -> None:
    pid = _redis_pid(house)
    os.kill(pid, signal.SIGSTOP)
    try:
        said = await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert "Nothing was recorded" in said
    assert "PagerDuty" in said

    async def answers() -> bool:
        return "No open incident" in await house.command(NEXT_ON_CALL, "/incident list")

    await house.until(answers)
    assert await house.messages() == []


async def test_a_killed_redis_comes_back_with_everything_that_was_acknowledged(house: House) -> None:
    assert "INC-1 declared" in await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    os.kill(_redis_pid(house), signal.SIGKILL)

    async def listed() -> bool:
        return "INC-1" in await house.command(NEXT_ON_CALL, "/incident list")

    await house.until(listed)
    await house.until(lambda: house.find("INC-1"), patience=45)  # what a worker was holding is redelivered after 10 s
    assert "INC-2 declared" in await house.command(NEXT_ON_CALL, "/incident declare P1 again")
    await house.headline("INC-2")


async def test_with_slack_down_it_is_recorded_now_and_posted_later(house: House) -> None:
    await house.post("faults", method="chat.postMessage", kind="down")
    assert "INC-1 declared" in await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")

    async def tried() -> bool:
        return bool(await house.calls("chat.postMessage"))

    await house.until(tried)
    assert await house.messages() == []
    await house.post("faults", clear=True)
    await house.headline("INC-1")
    await house.quiet()
    assert len(await house.messages()) == 1


async def test_a_rate_limited_post_waits_as_long_as_slack_says(house: House) -> None:
    await house.post("faults", method="chat.postMessage", kind="ratelimited", retry_after=1, times=2)
    assert "INC-1 declared" in await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    calls = await house.calls("chat.postMessage")
    assert [call["ok"] for call in calls] == [False, False, True]
    assert all(later["at"] - earlier["at"] >= 1 for earlier, later in itertools.pairwise(calls))
    await house.quiet()
    assert len(await house.messages()) == 1


async def test_while_slack_takes_nothing_one_job_waits_for_all_that_happened(house: House) -> None:
    await house.post("faults", method="chat.postMessage", kind="ratelimited", retry_after=1, times=500)
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/incident ack INC-1")
    for words in ("looking", "found it", "the cache was full"):
        await house.command(NEXT_ON_CALL, f"/incident update INC-1 {words}")

    async def waiting() -> list[str]:
        snapshot = await house.demo.bot.docket.snapshot()
        jobs = [job.key for job in (*snapshot.running, *snapshot.future)]
        return [key for key in jobs if key.startswith("tell:")]

    async def newest_only() -> bool:
        return await waiting() == ["tell:INC-1:5"]

    await house.until(newest_only)
    assert await house.messages() == []
    await house.post("faults", clear=True)
    await house.replied("INC-1", "the cache was full")
    assert len(await house.thread("INC-1")) == 4


async def test_a_headline_that_slack_does_not_let_be_changed_at_once_is_right_in_the_end(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.quiet()
    await house.post("faults", method="chat.update", kind="ratelimited", retry_after=1, times=1)
    await house.command(NEXT_ON_CALL, "/incident resolve INC-1 rolled back")
    await house.replied("INC-1", "rolled back")
    await house.quiet()
    assert buttons(await house.headline("INC-1")) == []
    assert len(await house.thread("INC-1")) == 1, "and what was told in its thread is not told again"


async def test_a_silent_slack_keeps_nobody_for_longer_than_a_call_may_take(house: House) -> None:
    await house.post("faults", method="chat.postMessage", kind="latency", seconds=SLACK_LIMIT + 3)
    ports = house.demo.bot.ports
    async with asyncio.timeout(SLACK_LIMIT + 2):
        with pytest.raises(ChatError):
            await ports.teller.announce(ports.catalog.home, "deploys", "done")


async def test_without_slack_nobody_is_let_through_by_an_old_answer(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.post("faults", method="usergroups.list", kind="down")
    assert "did not tell me who holds which role" in await house.command(NEXT_ON_CALL, "/incident ack INC-1")
    assert (await house.demo.bot.ports.record.load(INCIDENTS, "INC-1")).acknowledged_by == ""


async def test_a_replayed_command_declares_once_and_answers_the_same(house: House, transport: str) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    first = (await house.state())["deliveries"][-1]
    await house.post("deliver", again=first["id"], kind="command")
    await house.quiet()
    again = (await house.state())["deliveries"][-1]
    assert again["ack"] == first["ack"]
    assert await house.demo.bot.store.xlen(f"{house.demo.bot.settings.prefix}:feed") == 1


async def test_a_command_that_slack_delivers_twice_is_one_incident(house: House, transport: str) -> None:
    await house.post("faults", delivery="duplicate", times=1)
    assert "INC-1 declared" in await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.quiet()
    assert len(await house.messages()) == 1
    assert await house.demo.bot.store.xlen(f"{house.demo.bot.settings.prefix}:feed") == 1


async def test_two_people_acknowledging_at_once_get_one_yes_and_one_sentence(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    said = await asyncio.gather(*(house.command(who, "/incident ack INC-1") for who in (NEXT_ON_CALL, ON_CALL)))
    won = ["it is yours now" in said[0], "agora é com você" in said[1]]
    assert sorted(won) == [False, True], said
    winner, loser = ("clara", said[1]) if won[0] else ("ana", said[0])
    assert f"@{winner}" in loser
    assert len(await house.demo.bot.ports.record.events("INC-1")) == 2


def _redis_pid(house: House) -> int:
    return int((house.demo.bot.settings.plantao_data / "redis.pid").read_text())


async def test_a_new_incident_is_not_kept_waiting_by_many_cards_in_its_channel(house: House) -> None:
    await asyncio.gather(*(house.command(NEXT_ON_CALL, "/rollback agente-api") for _ in range(40)))
    await house.headline("RUN-1")
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    before = len(await house.messages())
    await house.headline("INC-1")
    assert len(await house.messages()) - before < 10
