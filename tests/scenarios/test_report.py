"""What can be done with a report: look behind it, share it, run it again, watch a check; and who shares a run."""

import asyncio
from typing import Any

import pytest
from redis.asyncio import Redis

from tests.house import House, button_value, buttons
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER, Somebody

LEAKING = "login failed for maria.teste@example.com password=s3same-hunter2"


async def test_show_more_opens_every_measurement_and_the_evidence(house: House, transport: str) -> None:
    report = await _report(house, NEXT_ON_CALL, "redis")
    await house.click(NEXT_ON_CALL, report, "report:more")
    [view] = await house.views(NEXT_ON_CALL)
    words = house.words(view)
    assert "Redis memory" in words
    assert "used_percent" in words
    assert "limit > 85" in words


async def test_a_report_is_shared_once_with_its_evidence_as_a_file(house: House, transport: str) -> None:
    report = await _report(house, NEXT_ON_CALL, "redis")
    await house.click(NEXT_ON_CALL, report, "report:share")
    shared = await house.headline("*Normal*: redis")
    assert "report:share" not in buttons(shared)
    assert "report:more" in buttons(shared)

    async def file_in_thread() -> dict[str, Any] | None:
        replies = (m for m in await house.messages() if m.get("thread_ts") == shared["ts"] != m["ts"])
        return next((m for m in replies if m.get("files")), None)

    filed = await house.until(file_in_thread)
    assert filed["files"][0]["name"] == "evidence.txt"
    await house.click(NEXT_ON_CALL, report, "report:share")
    await house.told(NEXT_ON_CALL, "This report was shared before.")
    assert len([m for m in await house.messages() if "*Normal*: redis" in house.words(m)]) == 1


async def test_the_logs_of_the_last_hour_are_shared_as_a_masked_file(house: House) -> None:
    await house.demo.world.control({"logs": {"agente-api": [LEAKING]}})
    await house.click(NEXT_ON_CALL, await _report(house, NEXT_ON_CALL, "log-hour"), "report:share")
    assert _faults(await _log_in_thread(house)) == []


async def test_the_logs_of_the_last_hour_stand_in_the_thread_of_the_incident_that_they_were_asked_for(
    house: House,
) -> None:
    await house.demo.world.control({"logs": {"agente-api": [LEAKING]}})
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.headline("INC-1")
    await house.command(NEXT_ON_CALL, "/diag log-hour INC-1")
    assert _faults(await _log_in_thread(house)) == []


async def test_a_file_waits_for_the_headline_of_an_incident_that_slack_takes_its_time_to_show(house: House) -> None:
    await house.post("faults", method="chat.postMessage", kind="latency", seconds=4)
    await house.demo.world.control({"logs": {"agente-api": [LEAKING]}})
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/diag log-hour INC-1")
    assert _faults(await _log_in_thread(house)) == []


async def _log_in_thread(house: House) -> str:
    async def found() -> bytes | None:
        filed = (file for m in await house.messages() if m.get("thread_ts") for file in m.get("files") or ())
        id = next((file["id"] for file in filed if file["name"] == "log-hour.log"), "")
        return house.demo.slack.workspace.uploads[id].content if id else None

    log: bytes = await house.until(found)
    return log.decode()


def _faults(log: str) -> list[str]:
    """What a whole and masked log must not be; a report itself shows three of its lines, and keeps twenty."""
    rows = log.splitlines()
    faults = {
        "cut": len(rows) <= 20,
        "not the oldest first": rows != sorted(rows, key=lambda row: row[:19]),
        "not told": "login failed for ***@example.com password=***" not in log,
        "not masked": "maria" in log,
    }
    return [fault for fault, is_so in faults.items() if is_so]


async def test_a_report_is_private_until_it_is_shared(house: House) -> None:
    await _report(house, NEXT_ON_CALL, "redis")
    assert not [m for m in await house.messages() if "Redis" in house.words(m)]
    assert not await house.private(ON_CALL)


async def test_an_outsider_can_neither_look_behind_a_shared_report_nor_run_it_again(house: House) -> None:
    await house.click(NEXT_ON_CALL, await _report(house, NEXT_ON_CALL, "redis"), "report:share")
    shared = await house.headline("*Normal*: redis")
    for action in ("report:more", "diag:run"):
        await house.click(OUTSIDER, shared, action)
    refusals = [said for said in await _at_least(house, OUTSIDER, 2) if "You may not run diagnostics" in said]
    assert len(refusals) == 2
    assert not await house.views(OUTSIDER)


async def test_run_again_measures_anew(house: House) -> None:
    report = await _report(house, NEXT_ON_CALL, "redis-ping")
    await house.demo.world.control({"redis": "kill"})
    await house.click(NEXT_ON_CALL, report, "diag:run")
    assert "🔴 *Redis answers*" in await house.told(NEXT_ON_CALL, "*Critical*: redis-ping")


async def test_two_people_who_ask_at_the_same_time_share_one_run(house: House) -> None:
    async with Redis.from_url(house.demo.world.redis_url) as patient:
        before = (await patient.info("stats"))["total_connections_received"]
        await asyncio.gather(
            house.command(ON_CALL, "/diag redis-ping"), house.command(NEXT_ON_CALL, "/diag redis-ping")
        )
        await house.told(NEXT_ON_CALL, "Redis answers")
        await house.told(ON_CALL, "O Redis responde")
        assert (await patient.info("stats"))["total_connections_received"] == before + 1


async def test_what_is_known_is_shown_while_a_hanging_check_is_waited_for(house: House) -> None:
    await house.demo.world.control({"redis": "pause"})
    try:
        await house.command(NEXT_ON_CALL, "/diag start-production")
        interim = await house.told(NEXT_ON_CALL, "*So far*: start-production")
        assert "still waiting for 1: Redis answers" in interim
        final = await house.told(NEXT_ON_CALL, "*Critical*: start-production")
    finally:
        await house.demo.world.control({"redis": "resume"})
    assert "still waiting" not in final


async def test_a_critical_finding_offers_its_action_as_a_proposal(house: House) -> None:
    await house.demo.world.control({"deploy": {"deployment": "agente-api", "image": "agente-api:2.4.1-broken"}})
    await house.demo.world.control({"service": {"status": 500}})
    report = await _report(house, NEXT_ON_CALL, "api-health")
    assert button_value(report, "run:propose") == "agente-ia:rollback-agente-api:"
    await house.click(NEXT_ON_CALL, report, "run:propose")
    card = await house.headline("RUN-1")
    assert "run:approve" in buttons(card), "it waits for approval; nothing was executed"


async def test_a_watch_tells_what_changes_until_it_is_stopped(house: House, transport: str) -> None:
    said = await house.command(NEXT_ON_CALL, "/diag watch redis-ping 5m")
    assert "*WT-1* watches Redis answers" in said
    await house.replied("WT-1", "🟢")
    await house.demo.world.control({"redis": "kill"})
    await house.post("clock", advance=30)  # two turns: the job of the next one waits for the wall clock
    await house.replied("WT-1", "🔴")
    await house.click(ON_CALL, await house.headline("WT-1"), "watch:stop")
    await house.replied("WT-1", "⏹️")
    assert "watch:stop" not in buttons(await house.shows("WT-1", "@ana"))


async def test_a_watch_ends_by_itself(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag watch redis-ping 1m")
    await house.replied("WT-1", "🟢")
    await house.post("clock", advance=70)
    assert "terminou" in await house.replied("WT-1", "⏹️")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/diag watch", "Say what to watch"),
        ("/diag watch redis 5m", "means several"),
        ("/diag watch redis-ping 3h", "from one minute to 2 h"),
        ("/diag watch redis-ping banana", "is not an incident number"),
        ("/diag watch nonsense 5m", "I cannot diagnose “nonsense”"),
    ],
)
async def test_a_watch_that_cannot_be_gets_a_sentence(house: House, typed: str, answer: str) -> None:
    assert answer in await house.command(NEXT_ON_CALL, typed)


async def _report(house: House, who: Somebody, word: str) -> dict[str, Any]:
    """The private report itself, to be clicked."""
    await house.command(who, f"/diag {word}")

    async def final() -> dict[str, Any] | None:
        state = await house.state()
        shown = state["ephemerals"].get(who.id, [])
        return next((m for m in shown if "checks ok" in house.words(m) and "So far" not in house.words(m)), None)

    found: dict[str, Any] = await house.until(final)
    return found


async def _at_least(house: House, who: Somebody, count: int) -> list[str]:
    async def heard() -> list[str] | None:
        said = await house.private(who)
        return said if len(said) >= count else None

    found: list[str] = await house.until(heard)
    return found


async def test_a_mention_in_the_thread_of_an_incident_diagnoses_into_it(house: House, transport: str) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    head = await house.headline("INC-1")
    await house.post("message", user="ana", channel="incidents", thread_ts=head["ts"], text="<@U0PLANTAO> diag redis")
    await house.replied("INC-1", "🩺")
    assert "INC-1" in await house.told(ON_CALL, "Normal*: redis")


async def test_a_mention_with_unknown_words_says_what_it_understands(house: House) -> None:
    await house.post("message", user="clara", channel="incidents", text="<@U0PLANTAO> dance")
    assert "diag" in await house.told(NEXT_ON_CALL, "I do not know “dance”")


async def test_a_dashboard_is_linked_where_it_was_asked_for_and_in_the_thread_of_the_incident(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/diag dashboards INC-1")
    private = await house.told(NEXT_ON_CALL, "*: dashboards")
    thread = await house.replied("INC-1", "🩺")
    for board in ("agent-overview", "agent-business", "agent-llm", "agent-resources"):
        for shown in (private, thread):
            assert f"/d/{board}?from=" in shown
