"""Containers that fall ill: found by a diagnosis, restarted, made again or taken back with approval, and verified."""

from typing import Any

import pytest

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from sandbox.world.docker.container import Container
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL

API, BACKEND = "customer-support-api", "harven-backend"
SUPPORT, HARVEN = "customer-support", "harven"
VERIFIED = "verify: [api-health, error-rate, container-lines]"


async def test_a_container_killed_for_memory_is_found_and_restarted_once_after_approval(house: House) -> None:
    await house.demo.world.control({"docker": {API: "killed"}})
    await house.command(NEXT_ON_CALL, "/diag all", SUPPORT)
    report = await house.told(NEXT_ON_CALL, "[Show more]")
    assert report.startswith("🔴 *Critical*")
    assert "*API health* — answers 502" in report
    assert f"{API} was killed because its memory ran out" in report
    assert "[Propose: Restart the API container]" in report
    before = container(house, API).started
    await house.click(NEXT_ON_CALL, await shown_to(house, "[Show more]"), "run:propose")
    card = await house.headline("RUN-1")
    assert f"{API} ({container(house, API).id[:12]})" in house.words(card)
    assert container(house, API).started == before
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.VERIFIED
    await house.quiet()
    after = container(house, API)
    assert (after.is_running, after.is_oom, after.started == before) == (True, False, False)
    facts = [event.fact for event in await house.demo.bot.ports.record.events("RUN-1")]
    assert sum(isinstance(fact, run.Started) for fact in facts) == 1
    assert sum("Application startup complete" in line.text for line in after.lines) == 2


async def test_a_backend_whose_health_check_fails_is_restarted_in_its_own_language(house: House) -> None:
    await house.demo.world.control({"docker": {BACKEND: "unhealthy"}})
    await house.command(ON_CALL, "/diag backend", HARVEN)
    report = await house.told(ON_CALL, "[Mostrar mais]")
    assert "*Serviços do projeto Compose* — de 2 serviços, parados: —; com problema de saúde: backend" in report
    assert "[Propor: Reiniciar o backend]" in report
    await house.command(ON_CALL, "/run restart-backend", HARVEN)
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    assert (await settled(house)).phase is Phase.VERIFIED
    assert not container(house, BACKEND).is_stuck


# The rate of errors is read from AWS, which the demo has not: nobody could say that all is well.
@pytest.mark.catalog("catalog", {"customer-support/actions.yml": (VERIFIED, "verify: [api-health]")})
async def test_a_release_is_kept_under_the_day_and_one_that_does_not_stay_up_is_taken_back(house: House) -> None:
    await house.command(ON_CALL, "/run tag-image", SUPPORT)
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    assert (await settled(house)).phase is Phase.VERIFIED
    latest = container(house, API).image
    kept = next(one for one in engine(house).images if one is not latest and "backup-" in one.tags[0])
    tag = kept.tags[0].partition(":")[2]
    await house.demo.world.control({"docker": {API: "restarting"}})
    await house.command(ON_CALL, "/rollback api-container", SUPPORT)
    assert f"{kept.tags[0]}  {kept.id[7:19]}" in await house.told(ON_CALL, "Nada foi proposto")
    await house.command(ON_CALL, f"/rollback api-container {tag}", SUPPORT)
    card = await house.headline("RUN-2")
    assert f"`customer-support:latest` → `{kept.tags[0]}`" in house.words(card)
    before = container(house, API)
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house, "RUN-2")).phase is Phase.VERIFIED
    after = container(house, API)
    assert (after.image.id, after.env["APP_VERSION"], after.is_running) == (kept.id, "1.8.1", True)
    assert {**after.env, "APP_VERSION": ""} == {**before.env, "APP_VERSION": ""}
    assert after.mounts == before.mounts
    assert [one.name for one in engine(house).containers if one.name.startswith(API)] == [API]


async def test_secrets_of_a_container_that_is_made_again_are_kept_and_never_shown(house: House) -> None:
    before = container(house, API).env
    await house.command(ON_CALL, "/run relax-escalation", SUPPORT)
    card = await house.headline("RUN-1")
    assert "ESCALATION_MIN_CONFIDENCE: `0.6` → `0.5`" in house.words(card)
    await house.click(APPROVER, card, "run:approve")
    assert (await settled(house)).phase is Phase.VERIFIED
    changed = {"ESCALATION_MIN_CONFIDENCE": "0.5", "ESCALATION_MAX_INTERACTIONS": "3"}
    assert container(house, API).env == {**before, **changed}
    seen = repr(await house.state()) + repr(await house.demo.bot.ports.record.events("RUN-1"))
    assert [name for name, value in before.items() if len(value) > 20 and value in seen] == []


def engine(house: House, system: str = SUPPORT) -> Any:
    return house.demo.world.neighbours.docker[system]


def container(house: House, name: str) -> Container:
    found = house.demo.world.neighbours.container(name)
    assert found is not None
    return found


async def shown_to(house: House, words: str) -> dict[str, Any]:
    """The private message to the next on call that has these words."""
    shown = (await house.state())["ephemerals"][NEXT_ON_CALL.id]
    return {"channel": SUPPORT, **next(one for one in shown if words in house.words(one))}


async def settled(house: House, number: str = "RUN-1") -> Run:
    async def ended() -> Run | None:
        found = await house.demo.bot.ports.record.load(RUNS, number)
        return found if found.phase in {Phase.VERIFIED, Phase.UNVERIFIED, Phase.FAILED} else None

    found: Run = await house.until(ended)
    return found
