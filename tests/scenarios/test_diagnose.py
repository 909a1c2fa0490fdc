"""`/diag`: real targets, judged against the catalog; a dead or slow one is a finding."""

import time

import pytest

from bot.core.family import INCIDENTS
from bot.core.incident import Diagnosed
from tests.house import House
from tests.people import NEXT_ON_CALL


async def test_diag_alone_lists_what_can_be_diagnosed(house: House, transport: str) -> None:
    said = await house.command(NEXT_ON_CALL, "/diag")
    for group in ("/diag redis", "/diag api", "/diag kubernetes"):
        assert group in said
    assert "redis-hit-rate" in said


async def test_diag_redis_reports_each_measurement_of_the_patient(house: House, transport: str) -> None:
    assert "redis-slowlog, redis-replication. The answer follows" in await house.command(NEXT_ON_CALL, "/diag redis")
    report = await house.told(NEXT_ON_CALL, "*Redis memory*")
    for title in ("answers", "memory", "hit rate", "evictions", "clients", "slow log", "replication"):
        assert f"*Redis {title}*" in report
    assert "redis" in report.splitlines()[0]


async def test_a_full_redis_is_critical_and_comes_first(house: House) -> None:
    await house.demo.world.control({"redis": {"fill": 95}})
    await house.command(NEXT_ON_CALL, "/diag redis")
    report = await house.told(NEXT_ON_CALL, "*Redis memory*")
    assert "🔴 *Critical*: redis" in report
    findings = [line for line in report.splitlines() if "*Redis " in line]
    assert "🔴 *Redis memory*" in findings[0]
    assert "crit > 90" in report


async def test_a_dead_target_is_a_finding_not_a_failure(house: House) -> None:
    await house.demo.world.control({"redis": "kill"})
    await house.command(NEXT_ON_CALL, "/diag redis")
    report = await house.told(NEXT_ON_CALL, "*Critical*: redis")
    [finding] = [line for line in report.splitlines() if "*Redis answers*" in line]
    assert finding.startswith("🔴")
    assert "*Redis memory*" in finding, "what is the same for all checks is said once"
    assert "Traceback" not in report


async def test_a_hanging_target_answers_within_its_limit(house: House) -> None:
    await house.demo.world.control({"redis": "pause"})
    began = time.monotonic()
    try:
        await house.command(NEXT_ON_CALL, "/diag redis")
        report = await house.told(NEXT_ON_CALL, "*Critical*: redis")
    finally:
        await house.demo.world.control({"redis": "resume"})
    assert time.monotonic() - began < 15, "the limit of each of the seven checks is 3 s and all run at once"
    assert "0 of 7 checks ok" in report


async def test_a_target_that_the_bot_was_too_busy_to_hear_is_unknown_and_not_critical(house: House) -> None:
    await house.demo.world.control({"redis": "pause"})
    try:
        await house.command(NEXT_ON_CALL, "/diag redis-ping")
        await house.until(lambda: is_looked_at(house, "redis-ping"))
        hog(2.0)  # the bot runs in this very process
        report = await house.told(NEXT_ON_CALL, "0 of 1 checks ok")
    finally:
        await house.demo.world.control({"redis": "resume"})
    assert "⚪ *Redis answers*" in report
    assert "the bot itself was busy for" in report


async def is_looked_at(house: House, check: str) -> bool:
    return bool([key async for key in house.demo.bot.store.scan_iter(f"*:look:*{check}*")])


def hog(seconds: float) -> None:
    """Keep the loop from everything else, as reading a huge answer would."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


async def test_diag_api_judges_status_and_json(house: House) -> None:
    await house.demo.world.control({"redis": "kill"})
    await house.command(NEXT_ON_CALL, "/diag api")
    report = await house.told(NEXT_ON_CALL, "*Not normal*: api")
    assert "🟡 *API reaches Redis*" in report
    assert "json.status is degraded, expected healthy" in report


async def test_diag_kubernetes_shows_deployment_pods_and_events(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag kubernetes")
    report = await house.told(NEXT_ON_CALL, "*Pods of agente-api*")
    assert "🟢 *Normal*: kubernetes" in report
    for title in ("Deployment agente-api", "Pods of agente-api", "Recent events", "Revisions of agente-api"):
        assert f"*{title}*" in report


async def test_diag_all_runs_everything_at_once(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag all")
    report = await house.told(NEXT_ON_CALL, "*: everything")
    asked = [one for one in house.demo.bot.ports.catalog.home.checks.values() if not one.by_name_only]
    assert f"{len(asked)} checks" in report


async def test_one_check_can_be_asked_for_by_name(house: House) -> None:
    assert "Checking *redis-ping*: redis-ping." in await house.command(NEXT_ON_CALL, "/diag redis-ping")
    report = await house.told(NEXT_ON_CALL, "*Redis answers*")
    assert "*: redis-ping" in report
    assert "1 of 1 checks ok" in report


async def test_with_an_incident_number_the_report_is_kept_in_its_timeline(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 checkout errors")
    await house.command(NEXT_ON_CALL, "/diag redis INC-1")
    await house.replied("INC-1", "O Redis responde")
    events = await house.demo.bot.ports.record.events("INC-1")
    assert isinstance(events[-1].fact, Diagnosed)
    assert len(events[-1].fact.lines) == 7
    assert (await house.demo.bot.ports.record.load(INCIDENTS, "INC-1")).version == 2


@pytest.mark.environ(AGENTE_REDIS_URL="")
async def test_an_unset_reference_is_named_and_never_a_failure(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag redis")
    report = await house.told(NEXT_ON_CALL, "*Redis memory*")
    assert "AGENTE_REDIS_URL is not set" in report
    assert "*Not everything could be seen*: redis" in report
