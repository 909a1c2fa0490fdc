"""The actions and runbooks of the demo's own system, typed in Slack: done, refused, held back, stopped by a breach."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL
from tests.scenarios.test_masking import record, slack


async def test_a_setting_is_corrected_after_approval_and_put_back(house: House) -> None:
    await house.command(ON_CALL, "/run set-setting variable=CACHE_TTL value=600")
    await house.click(APPROVER, await house.shows("RUN-1", "CACHE_TTL"), "run:approve")
    done = await _settled(house, "RUN-1")
    assert done.phase is Phase.VERIFIED
    assert done.proposal.preview.arguments["value"] == "600"
    assert done.proposal.verify == ("rollout", "api-health", "redis-memory", "llm-errors")
    assert len(done.lines) == 4
    await house.command(ON_CALL, "/run undo RUN-1")
    await house.click(APPROVER, await house.shows("RUN-2", "600"), "run:approve")
    assert (await _settled(house, "RUN-2")).proposal.preview.arguments["value"] == "1800"


async def test_partial_maintenance_turns_newcomers_away_and_serves_who_is_signed_in(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/run partial-maintenance")
    await house.click(APPROVER, await house.shows("RUN-1", "MAINTENANCE_MODE"), "run:approve")
    assert (await _settled(house, "RUN-1")).phase is Phase.VERIFIED
    await house.replied("RUN-1", "Quem chega recebe o 503 da manutenção")
    await house.command(NEXT_ON_CALL, "/run undo RUN-1")
    await house.click(APPROVER, await house.headline("RUN-2 ·"), "run:approve")
    assert (await _settled(house, "RUN-2")).phase is Phase.VERIFIED
    await house.command(NEXT_ON_CALL, "/diag newcomers-refused")
    assert "401 instead of 503" in await house.told(NEXT_ON_CALL, "401")


async def test_one_pod_profiles_for_half_an_hour_and_goes_by_itself(house: House) -> None:
    before = _pods(house)
    await house.command(ON_CALL, "/run profile-memory")
    await house.click(ON_CALL, await house.shows("RUN-1", "MEMORY_PROFILING"), "run:approve")
    assert (await _settled(house, "RUN-1")).phase is Phase.VERIFIED
    assert _pods(house) - before == {"agente-api-plantao-copy"}
    assert before < _pods(house)
    await house.quiet()
    await house.post("clock", advance=31 * 60)
    assert (await _settled(house, "RUN-2")).phase is Phase.VERIFIED
    assert _pods(house) == before


async def test_what_is_dangerous_is_refused_with_the_safe_way_and_odd_values_are_not_proposed(house: House) -> None:
    for typed, answer in (
        ("/run flush-redis", "`/run clear-cache`"),
        ("/run monitor-redis", "/diag redis-slowlog"),
        ("/run set-any-variable", "`/run set-setting`"),
        ("/run show-crm-key", "`/run rotate-crm-key`"),
    ):
        said = await house.command(NEXT_ON_CALL, typed)
        assert "is refused" in said
        assert answer in said
    assert "cannot be “LD_PRELOAD”" in await house.command(NEXT_ON_CALL, "/run set-setting variable=LD_PRELOAD value=1")
    assert "cannot be “500”" in await house.command(NEXT_ON_CALL, "/run scale-api replicas=500")
    assert "cannot be chosen" in await house.command(NEXT_ON_CALL, "/run cache-longer value=1")


async def test_the_first_llm_provider_comes_back_only_after_it_was_well_for_a_while(house: House) -> None:
    page = house.demo.world.neighbours.pages["openai"]
    page.break_down("API", "Elevated errors")
    await house.command(NEXT_ON_CALL, "/run use-openai")
    assert "an outage goes on: Elevated errors" in await house.told(NEXT_ON_CALL, "Nothing was proposed")
    page.recover(datetime.now(UTC) - timedelta(minutes=20))
    await house.post("clock", advance=120)
    await house.command(NEXT_ON_CALL, "/run use-openai")
    await house.told(NEXT_ON_CALL, "the last outage ended 20 min ago")
    page.past[0]["resolved_at"] = (datetime.now(UTC) - timedelta(minutes=31)).isoformat()
    await house.post("clock", advance=120)
    await house.command(NEXT_ON_CALL, "/run use-openai")
    assert "LLM_PROVIDER" in house.words(await house.headline("RUN-1 ·"))


async def test_an_earlier_key_is_tried_and_neither_it_nor_the_present_one_is_shown(house: House) -> None:
    openai, earlier = house.demo.world.neighbours.vendors.openai, house.demo.environ["AGENTE_EARLIER_OPENAI_KEY"]
    await house.command(NEXT_ON_CALL, "/diag earlier-keys")
    said = await house.told(NEXT_ON_CALL, "🟢 *The earlier CRM key is refused*")
    assert "🟢 *The earlier API key is refused*" in said
    assert "🟢 *The earlier OpenAI key is refused* — OpenAI refuses our key (401)" in said
    present = openai.key
    openai.rotate(earlier)
    await house.command(NEXT_ON_CALL, "/diag old-openai-key")
    assert "OpenAI accepts our key" in await house.told(NEXT_ON_CALL, "🟡 *The earlier OpenAI key is refused*")
    assert [key for key in (earlier, present) if key in await slack(house) + await record(house)] == []


async def test_more_pods_wait_for_a_database_that_can_take_them(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/run scale-api replicas=20")
    said = await house.told(NEXT_ON_CALL, "Whether 20 fits cannot be told")
    assert "Nothing was proposed" in said
    assert await house.find("RUN-1") is None


async def test_in_a_breach_the_rollback_stops_and_messages_go_on(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P0 odd access in the logs")
    await house.command(NEXT_ON_CALL, "/incident breach INC-1")
    for typed in ("/rollback agente-api", "/run restart-api", "/run prune-logs"):
        assert "INC-1 is a security incident" in await house.command(NEXT_ON_CALL, typed)
    await house.command(NEXT_ON_CALL, "/run announce what=service-restored minutes=40")
    assert "#incidents" in house.words(await house.headline("RUN-1"))


async def test_in_a_breach_evidence_is_kept_where_only_the_bot_can_read_it(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P0 odd access in the logs")
    await house.command(NEXT_ON_CALL, "/incident breach INC-1")
    await house.command(NEXT_ON_CALL, "/run capture-evidence selector=app=agente-api")
    await house.click(NEXT_ON_CALL, await house.headline("RUN-1 ·"), "run:approve")
    assert (await _settled(house, "RUN-1")).phase is Phase.VERIFIED
    kept = _kept(Path(house.demo.environ["AGENTE_EVIDENCE_FOLDER"]))
    assert {".json", ".log"} <= {Path(name).suffix for name in kept}
    seal = hashlib.sha256(kept["SHA256SUMS"]).hexdigest()
    assert seal in await house.replied("RUN-1", "✔️"), "the checksum of the list is on the record"


async def test_a_runbook_is_diagnosed_by_its_name(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag all-down")
    await house.told(NEXT_ON_CALL, "🟢 *API health*")
    said = await house.told(NEXT_ON_CALL, "*Normal*")
    assert "🟢 *API health*" in said
    assert "🟢 *Pods of agente-api*" in said


def _kept(place: Path) -> dict[str, bytes]:
    (folder,) = place.iterdir()
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def _pods(house: House) -> set[str]:
    return {pod["name"] for pod in house.demo.world.state()["pods"]}


async def test_words_of_an_attack_are_counted_in_the_store_that_keeps_logs_for_a_week(house: House) -> None:
    await house.demo.world.control({"logs": {"agente-api": ["prompt injection blocked user=maria@example.com"]}})
    await house.command(NEXT_ON_CALL, "/diag security-words-week")
    said = await house.told(NEXT_ON_CALL, "*Words of an attack in 7 days*")
    assert "2 lines in 7 days: injection 1, unauthorized 1, suspicious 0" in said
    assert "maria" not in said


async def _settled(house: House, number: str) -> Run:
    await house.headline(f"{number} ·")

    async def ended() -> Run | None:
        state: Run = await house.demo.bot.ports.record.load(RUNS, number)
        return state if state.phase in run.SETTLED else None

    found: Run = await house.until(ended)
    return found
