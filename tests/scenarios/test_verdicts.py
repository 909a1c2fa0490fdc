"""The thresholds of the catalog, seen from Slack: good, bad and unreachable, with the limits of the runbook."""

import pytest
from redis.asyncio import Redis

from tests.house import House
from tests.people import NEXT_ON_CALL


async def test_redis_that_answers_is_ok_and_a_dead_one_critical(house: House) -> None:
    assert "🟢 *Redis answers* — answers in" in await _diagnosed(house, "redis-ping")
    await house.demo.world.control({"redis": "kill"})
    assert "🔴 *Redis answers*" in await _diagnosed(house, "redis-ping", times=2)


async def test_a_hit_rate_below_sixty_percent_is_a_warning(house: House) -> None:
    async with Redis.from_url(house.demo.world.redis_url) as patient:
        await patient.config_resetstat()
        assert "⚪ *Redis hit rate*" in await _diagnosed(house, "redis-hit-rate"), "no traffic is no verdict"
        await patient.set("there", "1")
        for key in ("there", "missing", "missing"):
            await patient.get(key)
    said = await _diagnosed(house, "redis-hit-rate", times=2)
    assert "🟡 *Redis hit rate*" in said
    assert "warn < 60" in said


@pytest.mark.parametrize(("part", "title"), [("db", "API reaches its database"), ("llm", "API reaches the LLM")])
async def test_a_dependency_that_the_api_cannot_reach_is_critical(house: House, part: str, title: str) -> None:
    assert f"🟢 *{title}*" in await _diagnosed(house, "api")
    await house.demo.world.control({"service": {part: "down"}})
    said = await _diagnosed(house, "api", times=2)
    assert f"🔴 *{title}*" in said
    assert "expected 200" in said


async def test_redis_behind_the_api_is_degraded_not_down(house: House) -> None:
    await house.demo.world.control({"redis": "kill"})
    assert "🟡 *API reaches Redis*" in await _diagnosed(house, "api-redis")


async def test_an_api_that_hangs_is_critical_within_its_limit(house: House) -> None:
    await house.demo.world.control({"service": "hang"})
    assert "🔴" in await _diagnosed(house, "api-database")


async def test_pods_are_ok_when_all_are_ready_and_a_warning_when_one_is_not(house: House) -> None:
    assert "🟢 *Pods of agente-api*" in await _diagnosed(house, "pods")
    await house.demo.world.control({"deploy": {"deployment": "agente-api", "image": "agente-api:2.4.1-broken"}})

    async def crashing() -> bool:
        return any(pod["reason"] == "CrashLoopBackOff" for pod in house.demo.world.state()["pods"])

    await house.until(crashing)
    said = await _diagnosed(house, "pods", times=2)
    assert "🟡 *Pods of agente-api*" in said
    assert "CrashLoopBackOff" in said


async def test_the_revisions_are_listed_with_the_current_one(house: House) -> None:
    said = await _diagnosed(house, "revisions")
    assert "revision 3" in said.lower()
    assert "agente-api:2.4.0" in said
    assert "agente-api:2.3.1" in said


async def _diagnosed(house: House, word: str, times: int = 1) -> str:
    await house.command(NEXT_ON_CALL, f"/diag {word}")

    async def reported() -> str | None:
        reports = [said for said in await house.private(NEXT_ON_CALL) if "checks ok" in said]
        return reports[-1] if len(reports) == times else None

    report: str = await house.until(reported)
    return report
