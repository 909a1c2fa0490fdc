"""Two systems whose targets nobody has connected yet: what is refused, left to people or merely looked up works."""

import json
from pathlib import Path
from typing import Final

from bot.catalog.load import load_system
from bot.catalog.system import System
from bot.core.family import RUNS
from bot.core.run import Phase
from tests.house import House, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER

CATALOG: Final = Path(__file__).resolve().parents[2] / "catalog"
SYSTEMS: Final = ("railway-chroma", "harven")
GATES: Final = ("testes", "PR aprovado", "scan de segurança", "backup recente", "baixo tráfego", "plantão avisado")


def catalog_of(system: str) -> System:
    return load_system(CATALOG / system)


async def test_what_is_dangerous_is_refused_with_its_reason_and_the_safe_way(house: House) -> None:
    actions = [one for system in SYSTEMS for one in catalog_of(system).actions.values() if one.refused is not None]
    assert len(actions) == 14
    for action in actions:
        assert action.refused
        said = await house.command(ON_CALL, f"/run {action.name}", channel=action.system)
        assert action.refused.pt.split("`")[0][:30] in said
        assert f"`/run {action.instead}`" in said or not action.instead
    assert await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=5) == []


async def test_a_step_by_hand_says_what_to_do_and_waits_for_a_person(house: House) -> None:
    names = {"railway-chroma": ("compact-chroma", "plan-upgrade")}
    names["harven"] = ("add-index", "check-refresh", "change-row-policy")
    actions = [catalog_of(system).actions[name] for system in SYSTEMS for name in names[system]]
    for action in actions:
        await house.command(ON_CALL, f"/run {action.name}", channel=action.system)
    cards = [await house.headline(f"RUN-{number}") for number in range(1, len(actions) + 1)]
    shown = "\n".join(map(house.words, cards))
    assert [one.name for one in actions if not one.by_hand or one.by_hand.pt[:40] not in shown] == []
    assert {tuple(buttons(card)) for card in cards} == {("run:done", "run:deny")}


async def test_only_somebody_with_the_role_ticks_a_step_off(house: House) -> None:
    await house.command(ON_CALL, "/run plan-upgrade", channel="railway-chroma")
    card = await house.headline("RUN-1")
    for who in (OUTSIDER, NEXT_ON_CALL):
        await house.click(who, card, "run:done")
        await house.told(who, "tech lead")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase is Phase.PROPOSED
    await house.click(APPROVER, card, "run:done")
    await house.replied("RUN-1", "@bruno")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase in (Phase.FINISHED, Phase.VERIFIED)


async def test_the_gates_of_a_deploy_are_ticked_off_by_whoever_is_on_call_and_the_record_says_who(house: House) -> None:
    await house.command(ON_CALL, "/run deploy-checklist", channel="harven")
    card = await house.headline("RUN-1")
    assert [gate for gate in GATES if gate not in house.words(card)] == []
    await house.click(ON_CALL, card, "run:done")
    await house.replied("RUN-1", "@ana")
    assert (await house.demo.bot.ports.record.load(RUNS, "RUN-1")).phase in (Phase.FINISHED, Phase.VERIFIED)


async def test_severities_contacts_and_documents_are_those_of_the_system_of_the_channel(house: House) -> None:
    for number, (system, title) in enumerate(
        {"railway-chroma": "P1 com o serviço totalmente fora", "harven": "função importante afetada"}.items(), 1
    ):
        await house.command(ON_CALL, "/incident declare", channel=system)
        assert title in json.dumps((await house.views(ON_CALL))[-1], ensure_ascii=False)
        assert f"INC-{number}" in await house.command(ON_CALL, "/incident declare P1 parou", channel=system)
        await house.command(ON_CALL, "/handoff", channel=system)
        form = house.words((await house.views(ON_CALL))[-1])
        profile = catalog_of(system).profile
        assert len(profile.contacts) >= 3
        assert [one.to for one in (*profile.contacts, *profile.links) if one.to not in form] == []


async def test_a_runbook_and_an_alert_are_words_that_diagnose(house: House) -> None:
    for system, word, check in (
        ("railway-chroma", "backend-down", "backend-port"),
        ("railway-chroma", "chroma-refused", "chroma-heartbeat"),
        ("harven", "errors-5xx", "services"),
        ("harven", "openai-429", "openai-quota"),
    ):
        asked = catalog_of(system).checks[check].title.pt
        assert asked not in "\n".join(await house.private(ON_CALL))
        await house.command(ON_CALL, f"/diag {word}", channel=system)
        assert await house.told(ON_CALL, asked)
