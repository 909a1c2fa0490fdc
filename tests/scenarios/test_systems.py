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
    r" \w+_(HOST|REGION|DATABASE\w*_URL|RESTORED_URL|STORE_URL|CHROMA_URL) is not set"
)


# Checks and what they look at share one process here: on a busy machine answers are measured as slow, or come too late.
BUSY = re.compile(r"latency\w* is [\d.]+ ms|gave no whole answer within|did not answer within|the bot itself was busy")


async def everything(house: House, channel: str, word: str = "all") -> str:
    """The whole answer to `/diag all` here."""
    await house.command(NEXT_ON_CALL, f"/diag {word}", channel)
    return await house.told(NEXT_ON_CALL, "[Show more]")


@pytest.mark.parametrize(("system", "channel"), CHANNELS.items())
async def test_a_healthy_system_is_normal_or_honestly_unknown_in_its_channel(
    house: House, system: str, channel: str
) -> None:
    report = await everything(house, channel)
    profile = house.demo.bot.ports.catalog.systems[system]
    assert f"{profile.profile.name} · " in report
    assert f" of {len(profile.checks_named('all'))} checks ok" in report
    findings = findings_of(report)
    assert [one for one in findings if one[0] in "🔴🟡" and not BUSY.search(one)] == []
    assert [one for one in findings if one[0] == "⚪" and not (NOT_IN_THE_DEMO.search(one) or BUSY.search(one))] == []
    assert any(one[0] == "🟢" for one in findings)


def findings_of(report: str) -> list[str]:
    """What follows the verdict, each with the lines that belong to it."""
    return re.split(r"\n(?=[🔴🟡⚪🟢])", report)[1:]


@dataclass(frozen=True)
class Sick:
    """One illness, and what the person on call must read of it."""

    channel: str
    change: dict[str, Any]
    check: str
    limit: str
    runbook: str
    proposal: str
    word: str = "all"


SICK = {
    "agente-ia": Sick(
        "incidents",
        {"service": {"db": "down"}},
        "API health",
        "status is 503, expected 200",
        "",
        "agente-ia:rollback-agente-api:",
        word="api",  # beside a hundred others, a busy machine is too slow for its limit
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
    report = await everything(house, case.channel, case.word)
    assert report.startswith("🔴 *Critical*: ")
    assert findings_of(report)[0].startswith("🔴")
    [found] = [one for one in findings_of(report) if one.startswith("🔴") and f"*{case.check}*" in one]
    assert case.limit in found
    assert case.runbook in found
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


async def test_when_a_signing_secret_changed_is_told_without_its_value(house: House) -> None:
    secret = house.demo.world.neighbours.coolify.variables["JWT_SECRET"]
    await house.command(NEXT_ON_CALL, "/diag harven jwt-changed")
    said = await house.told(NEXT_ON_CALL, "*When the signing secret was changed*")
    assert "JWT_SECRET is set; last changed " in said
    await house.command(NEXT_ON_CALL, "/diag harven jwt-secret")
    await house.told(NEXT_ON_CALL, "JWT_SECRET is the same on both sides")
    assert secret not in str(await house.state())


async def test_a_watched_neighbour_tells_that_it_fell_ill_until_the_watch_is_stopped(house: House) -> None:
    assert "*WT-1* watches The API answers" in await house.command(
        NEXT_ON_CALL, "/diag watch api-root 5m", channel="harven"
    )
    await house.replied("WT-1", "🟢")
    await house.demo.world.control({"applications": {"harven": "down"}})
    await house.post("clock", advance=30)  # two turns: the job of the next one waits for the wall clock
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
