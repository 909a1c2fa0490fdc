"""A report of an incident that takes a while grows in one message of its thread, which ends as what was recorded."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from bot.core.errors import NothingRecorded
from bot.core.family import INCIDENTS
from bot.core.incident import Diagnosed, Diagnosing, DiagnosisLost
from bot.core.report import Report
from bot.flows import diagnose
from bot.flows.findings import limit_of
from bot.flows.live import Live
from bot.flows.ports import Caller
from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL

pytestmark = pytest.mark.strict_rates
ASK = "all-down"  # a runbook: its check of the API asks three times, those of the cluster once


@pytest.fixture
async def slow(house: House) -> Any:
    """An open incident, and an API that takes its time."""
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.demo.world.control({"service": {"latency_ms": 1400}})
    yield house
    await house.demo.world.control({"service": {"latency_ms": 0}})


async def test_a_slow_report_grows_in_one_message_that_ends_as_what_was_recorded(slow: House, transport: str) -> None:
    await slow.command(NEXT_ON_CALL, f"/diag {ASK} INC-1")
    growing = await slow.until(lambda: reply(slow, "⏳", "🟢", "Saúde da API"))
    ended = await slow.until(lambda: reply(slow, "🩺", "Saúde da API"))
    assert ended["ts"] == growing["ts"]
    assert "⏳" not in slow.words(ended)
    await slow.quiet()
    assert [said for said in await slow.thread("INC-1") if ASK in said] == [slow.words(ended)]
    edits = [call["at"] for call in await slow.calls("chat.update") if call["args"]["ts"] == growing["ts"]]
    assert len(edits) >= 3
    assert min(later - sooner for sooner, later in pairwise(edits[:-1])) > 0.9, "one a second, but for the end"
    assert await facts(slow) == [Diagnosing, Diagnosed]


async def test_a_quick_report_is_one_fact_and_one_message(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/diag redis-ping INC-1")
    await house.replied("INC-1", "🩺")
    assert await facts(house) == [Diagnosed]


async def test_a_report_whose_process_died_does_not_look_as_if_it_grew_for_ever(slow: House) -> None:
    await slow.demo.world.control({"service": {"latency_ms": 8000}})
    await slow.command(NEXT_ON_CALL, f"/diag {ASK} INC-1")
    growing = await slow.until(lambda: reply(slow, "⏳"))
    await slow.demo.bot.desk.errands.drain(0)  # as a stop that waits for nothing
    await slow.post("clock", advance=120)
    ended = await slow.until(lambda: reply(slow, "⚠️"))
    assert ended["ts"] == growing["ts"]
    assert await facts(slow) == [Diagnosing, DiagnosisLost]


async def test_a_report_that_ends_after_its_incident_says_that_it_is_not_recorded(slow: House) -> None:
    await slow.command(NEXT_ON_CALL, f"/diag {ASK} INC-1")
    growing = await slow.until(lambda: reply(slow, "⏳"))
    await slow.command(ON_CALL, "/incident resolve INC-1 rolled back")
    await slow.told(NEXT_ON_CALL, "already resolved")
    ended = await slow.until(lambda: reply(slow, "⚠️"))
    assert ended["ts"] == growing["ts"]
    assert (await slow.demo.bot.ports.record.load(INCIDENTS, "INC-1")).diagnosing == ()


async def test_a_report_that_may_still_come_is_not_given_up(slow: House) -> None:
    checks = slow.demo.bot.ports.catalog.of("agente-ia").checks_named(ASK)
    await slow.command(NEXT_ON_CALL, f"/diag {ASK} INC-1")
    await slow.until(lambda: reply(slow, "⏳"))
    # A run that somebody else began is waited for as long as it may take; if that one has died, another begins then.
    await slow.post("clock", advance=2 * max(map(limit_of, checks)) + 25)
    await slow.until(lambda: reply(slow, "🩺", "Saúde da API"))
    await slow.quiet()
    assert await facts(slow) == [Diagnosing, Diagnosed]


async def test_a_beginning_that_was_stored_though_its_answer_got_lost_is_ended_by_its_report(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    ports = house.demo.bot.ports
    caller = Caller(NEXT_ON_CALL.id, "C0INCIDENTS", "command", "one")
    live = Live(replace(ports, record=Silent(ports.record)), caller, 5.0)
    report = Report(ASK, (), ports.clock.now(), 1.0, system="agente-ia", incident="INC-1")
    await live.grow(report)
    assert (await ports.record.load(INCIDENTS, "INC-1")).diagnosing
    await diagnose.attach(ports, caller, report, live.name)
    assert (await ports.record.load(INCIDENTS, "INC-1")).diagnosing == ()


class Silent:
    """Stores, and does not say so."""

    def __init__(self, record: Any) -> None:
        self._record = record

    async def change(self, *arguments: Any) -> None:
        await self._record.change(*arguments)
        raise NothingRecorded("the record did not answer in time")


async def reply(house: House, *words: str) -> dict[str, Any] | None:
    """The reply in the thread of INC-1 that contains these words."""
    head = await house.headline("INC-1")
    replies = (m for m in await house.messages() if m.get("thread_ts") == head["ts"] != m["ts"])
    return next((m for m in replies if all(word in house.words(m) for word in words)), None)


async def facts(house: House) -> list[type]:
    """What the record holds of diagnoses."""
    kinds = (Diagnosing, Diagnosed, DiagnosisLost)
    events = await house.demo.bot.ports.record.events("INC-1")
    return [type(event.fact) for event in events if isinstance(event.fact, kinds)]
