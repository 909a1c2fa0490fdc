"""Checks that a person, or the run that they verify, tells what to expect or what to look at."""

import asyncio

import pytest

from bot.core import run
from bot.core.family import RUNS, WATCHES
from bot.core.incident import Diagnosed
from bot.core.run import Phase, Run
from tests.house import House
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER


async def test_the_running_release_is_compared_with_the_one_that_is_expected(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag api-version expected=2.4.0")
    said = await house.told(NEXT_ON_CALL, "api-version expected=2.4.0")
    assert "🟢 *Normal*" in said
    assert "Expected release: 2.4.0, and so it is" in said
    await house.command(NEXT_ON_CALL, "/diag api-version expected=2.3.0")
    said = await house.told(NEXT_ON_CALL, "api-version expected=2.3.0")
    assert "🔴 *Critical*" in said
    assert "Expected release: 2.3.0, but it is 2.4.0" in said
    assert "Propose: Roll back agente-api" in said


async def test_two_people_who_expect_different_releases_do_not_share_one_answer(house: House) -> None:
    await asyncio.gather(
        house.command(NEXT_ON_CALL, "/diag api-version expected=2.4.0"),
        house.command(ON_CALL, "/diag api-version expected=2.3.0"),
    )
    assert "🟢" in await house.told(NEXT_ON_CALL, "Expected release: 2.4.0, ")
    assert "🔴" in await house.told(ON_CALL, "Versão esperada: 2.3.0, ")


async def test_without_anything_to_compare_with_the_release_is_only_told(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag api")
    said = await house.told(NEXT_ON_CALL, "*API version*")
    assert "Expected release: none was given, it is 2.4.0" in said
    assert "and so it is" not in said


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/diag api-version expected=<!channel>", "cannot be used as expected (Expected release)"),
        ("/diag api-version version=2.4.0", "“version” cannot be chosen here. You may choose: expected."),
        ("/diag redis-ping key=a", "cannot be chosen here"),
        ("/diag api expected=2.4.0", "“api” means several checks"),
        ("/diag session key=leads:scores", "cannot be used as key (Key)"),
        ("/diag session key=conversation:*", "cannot be used as key (Key)"),
        ("/diag watch api-version expected=?", "cannot be used as expected"),
    ],
)
async def test_what_cannot_be_said_is_refused_before_anything_is_asked(house: House, typed: str, answer: str) -> None:
    assert answer in await house.command(NEXT_ON_CALL, typed)


async def test_the_list_of_checks_says_what_can_be_said_with_them(house: House) -> None:
    said = await house.command(NEXT_ON_CALL, "/diag")
    assert "`api-version expected=…`" in said
    assert "`session key=…`" in said


async def test_who_may_not_diagnose_may_not_with_a_value_either(house: House) -> None:
    for typed in ("/diag api-version expected=2.4.0", "/diag session", "/diag watch api-version expected=2.4.0"):
        await house.command(OUTSIDER, typed)
        await house.told(OUTSIDER, "may not")
    assert await house.views(OUTSIDER) == []


async def test_one_key_is_told_by_type_age_and_size_and_a_form_asks_which(house: House, transport: str) -> None:
    await house.command(NEXT_ON_CALL, "/diag session")
    await house.submit(NEXT_ON_CALL, key="session:0007")

    async def told() -> str:
        shown = house.words((await house.views(NEXT_ON_CALL))[-1])
        return shown if "ttl_s" in shown else ""

    said = await house.until(told)
    assert "session:0007 is a hash of" in said
    assert "lead-7" not in said
    assert "whatsapp" not in said


async def test_a_refused_answer_keeps_the_form_open(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag session")
    answer = await house.submit(NEXT_ON_CALL, key="leads:scores")
    assert "cannot be used as key" in str(answer)
    assert [view["callback_id"] for view in await house.views(NEXT_ON_CALL)] == ["diag:run"]


async def test_a_mention_says_what_the_form_would_ask(house: House) -> None:
    await house.post("message", user=NEXT_ON_CALL.name, channel="incidents", text="<@U0PLANTAO> diag session")
    assert "`@plantao diag session key=…`" in await house.told(NEXT_ON_CALL, "That needs more")


async def test_what_was_said_stands_in_the_timeline_and_the_button_says_it_again(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/incident declare P1 wrong release")
    await house.command(NEXT_ON_CALL, "/diag api-version expected=2.3.0 INC-1")
    await house.replied("INC-1", "Versão esperada: 2.3.0, ")
    fact = (await house.demo.bot.ports.record.events("INC-1"))[-1].fact
    assert isinstance(fact, Diagnosed)
    assert fact.what == "api-version expected=2.3.0"
    [shown] = [
        message
        for message in (await house.state())["ephemerals"][NEXT_ON_CALL.id]
        if "but it is 2.4.0" in house.words(message)
    ]
    await house.demo.world.control({"service": {"version": "2.9.9"}})
    await house.click(NEXT_ON_CALL, shown, "diag:run")
    assert "Expected release: 2.3.0, " in await house.told(NEXT_ON_CALL, "2.9.9")


async def test_a_watch_compares_each_time_it_looks(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag watch api-version expected=2.3.0 5m")
    state = await house.demo.bot.ports.record.load(WATCHES, "WT-1")
    assert state.begun.given == {"expected": "2.3.0"}
    await house.shows("WT-1", "expected=2.3.0")
    await house.replied("WT-1", "Versão esperada: 2.3.0, ")


async def test_a_rollback_is_verified_by_the_release_that_was_approved(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/rollback agente-api 1")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    state = await _settled(house, "RUN-1")
    assert state.phase is Phase.VERIFIED
    [compared] = [summary for _, _, summary in state.lines if "compared" in summary.values]
    assert compared.values["compared"].values["value"] == "2.3.0"
    assert compared.values["compared"].msgid == "{title}: {value}, and so it is"
    assert len(state.lines) == 7


@pytest.mark.catalog("catalog", {"agente-ia/actions.yml": ("verify_within: 6m", "verify_within: 1s")})
async def test_a_rollback_after_which_another_release_answers_is_not_verified(house: House) -> None:
    await house.demo.world.control({"service": {"version": "2.4.0"}})
    await house.command(NEXT_ON_CALL, "/rollback agente-api 1")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    assert (await _settled(house, "RUN-1")).phase is Phase.UNVERIFIED
    assert "2.4.0" in await house.replied("RUN-1", "Versão esperada: 2.3.0, ")


async def test_the_critical_addresses_are_asked_with_the_test_tenant(house: House) -> None:
    await house.command(NEXT_ON_CALL, "/diag smoke-test")
    assert "all 5 addresses answer 200" in await house.told(NEXT_ON_CALL, "*The critical addresses answer*")


async def _settled(house: House, number: str) -> Run:
    async def ended() -> Run | None:
        state: Run = await house.demo.bot.ports.record.load(RUNS, number)
        return state if state.phase in run.SETTLED else None

    found: Run = await house.until(ended)
    return found
