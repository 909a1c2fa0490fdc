"""Each of the five systems in its own channel: everything is measured, and what cannot be is named."""

import re
from dataclasses import dataclass
from typing import Any

import pytest

from tests.house import House
from tests.people import NEXT_ON_CALL, ON_CALL, Somebody

CHANNELS = {
    "agente-ia": "incidents",
    "railway-chroma": "railway-chroma",
    "harven": "harven",
    "customer-support": "customer-support",
    "etp-express": "etp-express",
}
NOT_IN_THE_DEMO = re.compile(
    r"this cluster has no metrics API|not configured: the variable"
    r" \w+_(DOCKER_SOCKET|HOST|REGION|DATABASE\w*_URL|RESTORED_URL|STORE_URL|CHROMA_URL) is not set"
)


async def everything(house: House, channel: str) -> str:
    """The whole answer to `/diag all` here."""
    await house.command(NEXT_ON_CALL, "/diag all", channel)
    return await house.told(NEXT_ON_CALL, "[Show more]")


@pytest.mark.parametrize(("system", "channel"), CHANNELS.items())
async def test_a_healthy_system_is_normal_or_honestly_unknown_in_its_channel(
    house: House, system: str, channel: str
) -> None:
    report = await everything(house, channel)
    profile = house.demo.bot.ports.catalog.systems[system]
    assert f"{profile.profile.name} · " in report
    assert f" of {len(profile.checks)} checks ok" in report
    assert "🔴" not in report
    lines = report.splitlines()
    # All checks of all emulators share one process: on a busy machine an answer may be measured as slow.
    slow = [line for line in lines if " (warn > " in line]
    assert all("latency" in line for line in slow), slow
    assert sum(line.startswith("🟡") for line in lines[1:]) == len(slow)
    unseen = [line for line in lines if line.startswith("⚪ *") and "—" in line]
    assert all(NOT_IN_THE_DEMO.search(line) for line in unseen), unseen


@dataclass(frozen=True)
class Sick:
    """One illness, and what the person on call must read of it."""

    channel: str
    change: dict[str, Any]
    check: str
    limit: str
    runbook: str
    proposal: str


SICK = {
    "agente-ia": Sick(
        "incidents",
        {"service": {"db": "down"}},
        "API health",
        "status is 503, expected 200",
        "",
        "agente-ia:rollback-agente-api:",
    ),
    "railway-chroma": Sick(
        "railway-chroma",
        {"railway": {"railway-chroma": "crashed"}},
        "Backend service on Railway",
        "running is False, expected True",
        "backend-down",
        "railway-chroma:redeploy-backend:",
    ),
    "harven": Sick(
        "harven",
        {"figures": {"harven": {"error-rate": 12}}},
        "Share of 5xx answers",
        "value is 12 % (crit > 5)",
        "errors-5xx",
        "harven:rollback-harven:",
    ),
    "customer-support": Sick(
        "customer-support",
        {"mongodb": "full"},
        "MongoDB connections",
        "used_percent is 96 % (crit > 90)",
        "mongodb-pool",
        "customer-support:set-pool-size:",
    ),
    "etp-express": Sick(
        "etp-express",
        {"railway": {"etp-express": "leaking"}},
        "Memory of the backend",
        "memory_percent is 96 % (crit > 90)",
        "out-of-memory",
        "etp-express:rollback-backend:",
    ),
}


@pytest.mark.parametrize("case", SICK.values(), ids=SICK)
async def test_what_is_ill_comes_first_with_its_figure_limit_runbook_and_way_out(house: House, case: Sick) -> None:
    await house.demo.world.control(case.change)
    report = await everything(house, case.channel)
    assert report.startswith("🔴 *Critical*: all")
    first = report.split("🔴 *")[2]
    assert first.startswith(f"{case.check}*")
    assert case.limit in first
    assert case.runbook in first
    [shown] = [one for one in await shown_to(house, NEXT_ON_CALL) if "[Show more]" in house.words(one)]
    assert case.proposal in proposals(shown)


async def test_a_word_that_two_systems_know_asks_which_and_the_choice_answers(house: House) -> None:
    assert "of which system?" in await house.command(NEXT_ON_CALL, "/diag redis", "alerts")
    [question] = await shown_to(house, NEXT_ON_CALL)
    assert "[Agente de IA] [Harven.AI]" in house.words(question)
    [_, choice] = [one for block in question["blocks"] for one in block.get("elements", []) if one["type"] == "button"]
    await house.click(NEXT_ON_CALL, {"channel": "alerts", **question}, choice["action_id"], value=choice["value"])
    assert "Harven.AI · 4 of 4 checks ok" in await house.told(NEXT_ON_CALL, "*Normal*: redis")


@pytest.mark.parametrize(
    ("typed", "heading", "measured"),
    [
        ("/diag harven redis", "*Normal*: redis", "Cached AI answers"),
        ("/diag harven openai-limit", "Runbook: Cota da OpenAI esgotada", "OpenAI quota"),
        ("/diag etp-express crash-loop", "Alert Memory full, the backend restarts: P0", "Pattern of the crashes"),
    ],
)
async def test_another_system_a_runbook_or_an_alert_can_be_asked_for_by_name(
    house: House, typed: str, heading: str, measured: str
) -> None:
    await house.command(NEXT_ON_CALL, typed)
    assert heading in await house.told(NEXT_ON_CALL, measured)


async def test_a_watched_neighbour_tells_that_it_fell_ill_until_the_watch_is_stopped(house: House) -> None:
    assert "*WT-1* watches The API answers" in await house.command(
        NEXT_ON_CALL, "/diag watch api-root 5m", channel="harven"
    )
    await house.replied("WT-1", "🟢")
    await house.demo.world.control({"applications": {"harven": "down"}})
    await house.post("clock", advance=20)
    assert "503" in await house.replied("WT-1", "🔴")
    await house.click(ON_CALL, await house.headline("WT-1"), "watch:stop")
    await house.replied("WT-1", "⏹️")


async def shown_to(house: House, who: Somebody) -> list[dict[str, Any]]:
    """The private messages themselves."""
    found: list[dict[str, Any]] = (await house.state())["ephemerals"].get(who.id, [])
    return found


def proposals(message: dict[str, Any]) -> set[str]:
    """What its buttons would propose."""
    elements = [one for block in message["blocks"] for one in block.get("elements", [])]
    return {one["value"] for one in elements if one.get("action_id", "").startswith("run:propose")}
