"""Customer Support and ETP Express, whose targets nobody has connected yet: what words, cards and forms say there."""

import json
import os
from pathlib import Path
from typing import Final

import pytest

from bot.catalog.load import load_system
from bot.catalog.system import System
from bot.core.family import RUNS
from bot.core.run import Phase
from tests.house import House, buttons
from tests.people import APPROVER, ON_CALL, SECOND_APPROVER

CATALOG: Final = Path(__file__).resolve().parents[2] / "catalog"
SYSTEMS: Final = ("customer-support", "etp-express")


def catalog_of(system: str) -> System:
    return load_system(CATALOG / system)


async def test_what_is_dangerous_is_refused_with_its_reason_and_the_safe_way(house: House) -> None:
    actions = [one for system in SYSTEMS for one in catalog_of(system).actions.values() if one.refused is not None]
    assert len(actions) == 18
    for action in actions:
        assert action.refused
        said = await house.command(ON_CALL, f"/run {action.name}", channel=action.system)
        assert action.refused.pt.split("`")[0][:30] in said
        assert f"`/run {action.instead}`" in said or not action.instead
    assert await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=5) == []


async def test_a_step_by_hand_is_ticked_off_by_those_whom_the_document_trusts_with_it(house: House) -> None:
    await house.command(ON_CALL, "/run heap-snapshots", channel="etp-express")
    snapshots = await house.headline("RUN-1")
    await house.command(ON_CALL, "/run rotate-logs", channel="customer-support")
    logs = await house.headline("RUN-2")
    assert buttons(snapshots) == buttons(logs) == ["run:done", "run:deny"]
    await house.click(ON_CALL, logs, "run:done")
    await house.told(ON_CALL, "líder técnico")
    await house.click(APPROVER, logs, "run:done")
    await house.replied("RUN-2", "@bruno")
    await house.click(ON_CALL, snapshots, "run:done")
    await house.replied("RUN-1", "@ana")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase in (Phase.FINISHED, Phase.VERIFIED)


async def test_what_destroys_by_hand_is_approved_by_two_who_type_its_name_before_anybody_ticks_it_off(
    house: House,
) -> None:
    await house.command(ON_CALL, "/run clean-old-data", channel="customer-support")
    card = await house.headline("RUN-1")
    assert "Antes de alguém aprovar" in house.words(card)
    for who, then in ((APPROVER, "1 de 2"), (SECOND_APPROVER, "Aprovada por @bruno, @davi")):
        assert buttons(await house.headline("RUN-1")) == ["run:typed", "run:deny"]
        await house.click(who, card, "run:typed")
        await house.submit(who, typed="clean-old-data")
        await house.shows("RUN-1", then)
    await house.replied("RUN-1", "Já pode ser feita")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:done")
    await house.replied("RUN-1", "feito manualmente por @bruno")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase in (Phase.FINISHED, Phase.VERIFIED)


async def test_secrets_are_rotated_after_the_evidence_is_kept_with_the_role_of_the_database(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P0 acesso estranho", channel="etp-express")
    await house.command(ON_CALL, "/incident breach INC-1", channel="etp-express")
    await house.command(ON_CALL, "/run rotate-all-secrets INC-1", channel="etp-express")
    await house.told(ON_CALL, "/run capture-evidence")
    await house.command(ON_CALL, "/run capture-evidence INC-1", channel="etp-express")
    await house.click(ON_CALL, await house.headline("RUN-1"), "run:done")
    await house.shows("RUN-1", "@ana")
    platform = house.demo.world.neighbours.railway["etp-express"].platform
    backend = next(one for one in platform.services.values() if one.name == "backend")
    before = dict(backend.variables)
    if not house.demo.world.neighbours.postgres.url:
        assert "CI" not in os.environ, "PostgreSQL is not installed, which CI must not pass over"
        pytest.skip("PostgreSQL is not installed")
    await house.demo.world.neighbours.postgres.warm()
    await house.command(ON_CALL, "/run rotate-all-secrets INC-1", channel="etp-express")
    card = await house.headline("RUN-2")
    assert "JWT_SECRET" in house.words(card)
    await house.click(SECOND_APPROVER, card, "run:approve")
    await house.until(lambda: _verified(house, "RUN-2"))
    assert [name for name, value in before.items() if backend.variables[name] == value] == []
    kept = repr(await house.demo.bot.ports.record.events("RUN-2")) + "".join(await house.thread("RUN-2"))
    assert [value for value in (*before.values(), *backend.variables.values()) if value in kept] == []


async def _verified(house: House, number: str) -> bool:
    return (await house.demo.bot.ports.record.load(RUNS, number)).phase is Phase.VERIFIED


async def test_the_updates_of_the_day_are_a_list_that_the_on_call_ticks_off_and_the_record_keeps(house: House) -> None:
    await house.command(ON_CALL, "/run review-updates", channel="customer-support")
    card = await house.headline("RUN-1")
    shown = house.words(card)
    assert "cada crítica tem raise-package" in shown
    assert "dependencies.yml" in shown
    await house.click(ON_CALL, card, "run:done")
    await house.replied("RUN-1", "@ana")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase in (Phase.FINISHED, Phase.VERIFIED)


async def test_severities_contacts_and_documents_are_those_of_the_system_of_the_channel(house: House) -> None:
    titles = {"customer-support": "crítico e fora do ar", "etp-express": "função crítica degradada"}
    for number, (system, title) in enumerate(titles.items(), 1):
        await house.command(ON_CALL, "/incident declare", channel=system)
        assert title in json.dumps((await house.views(ON_CALL))[-1], ensure_ascii=False)
        assert f"INC-{number}" in await house.command(ON_CALL, "/incident declare P1 parou", channel=system)
        await house.command(ON_CALL, "/handoff", channel=system)
        form = house.words((await house.views(ON_CALL))[-1])
        profile = catalog_of(system).profile
        assert [one.to for one in (*profile.contacts, *profile.links) if one.to not in form] == []


async def test_a_runbook_and_an_alert_are_words_that_diagnose(house: House) -> None:
    for system, word, check in (
        ("customer-support", "morning-checks", "tickets-waiting"),
        ("customer-support", "bot-not-responding", "bot-webhook"),
        ("etp-express", "openai-rate-limit", "rate-limit-lines"),
        ("etp-express", "crash-loop", "crash-pattern"),
    ):
        asked = catalog_of(system).checks[check].title.pt
        assert asked not in "\n".join(await house.private(ON_CALL))
        await house.command(ON_CALL, f"/diag {word}", channel=system)
        assert await house.told(ON_CALL, asked)
