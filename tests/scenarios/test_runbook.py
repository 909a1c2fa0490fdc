"""`/runbook`: the team's document where the incident is, with buttons for what it lets the bot run or propose."""

from typing import Any

import pytest

from tests.house import House, button_value, buttons
from tests.people import NEXT_ON_CALL, ON_CALL, OUTSIDER, Somebody


async def test_a_runbook_is_read_with_its_steps_as_buttons(house: House, transport: str) -> None:
    listed = await house.command(NEXT_ON_CALL, "/runbook", "harven")
    assert "`/runbook slow-api` — Alta latência" in listed
    opened = await _opened(house, NEXT_ON_CALL, "/runbook slow-api", "harven")
    words = [block["text"] for block in opened["blocks"] if block["type"] == "markdown"]
    assert [text.splitlines()[0] for text in words if text.startswith("## ")] == [
        "## Sintomas", "## Diagnóstico", "## Resolução", "## Verificação", "## Volta", "## Escalonamento",
    ]  # fmt: skip
    assert buttons(opened)[0] == "runbook:diagnose"
    assert buttons(opened)[1:3] == ["run:propose", "run:propose#2"]

    await house.click(NEXT_ON_CALL, opened, "runbook:diagnose")
    assert "Harven" in await house.told(NEXT_ON_CALL, "checks ok")
    assert await _opened(house, NEXT_ON_CALL, "", "harven"), "the runbook stays where it was"


async def test_a_step_of_a_runbook_proposes_and_never_executes(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 slow answers", "harven")
    opened = await _opened(house, ON_CALL, "/runbook slow-api INC-1", "harven")
    await house.click(ON_CALL, opened, _offers(opened)["harven:add-index:INC-1"])
    card = await house.headline("RUN-1")
    assert "Criar índice" in house.words(card)
    assert buttons(card) == ["run:done", "run:deny"], "by hand, and nothing was done yet"


async def test_a_refused_action_has_no_button(house: House) -> None:
    opened = await _opened(house, NEXT_ON_CALL, "/runbook slow-api", "harven")
    assert "FLUSHALL" in house.words(opened)
    assert _offers(opened)
    assert not [value for value in _offers(opened) if "flushall" in value]


async def test_where_no_system_is_meant_the_bot_asks_which(house: House) -> None:
    asked = await _opened(house, NEXT_ON_CALL, "/runbook slow-api", "alerts", "of which system?")
    assert button_value(asked, "runbook:open") == "customer-support:slow-api:"
    await house.click(NEXT_ON_CALL, asked, _offers(asked)["harven:slow-api:"])
    assert "Harven" in await house.told(NEXT_ON_CALL, "Alta latência")
    assert "Harven" in await house.command(NEXT_ON_CALL, "/runbook harven slow-api", "alerts")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("/runbook make-coffee", "There is no runbook “make-coffee” here. `/runbook` lists them."),
        ("/runbook slow-api now please", "after the name comes at most an INC number"),
        ("/runbook slow-api banana", "banana"),
        ("/runbook help", "`/runbook slow-api INC-1`"),
    ],
)
async def test_wrong_words_get_a_sentence(house: House, typed: str, answer: str) -> None:
    assert answer in await house.command(NEXT_ON_CALL, typed, "harven")


async def test_an_outsider_reads_no_runbook(house: House) -> None:
    for typed in ("/runbook", "/runbook slow-api"):
        assert "You may not run diagnostics" in await house.command(OUTSIDER, typed, "harven")


async def _opened(house: House, who: Somebody, typed: str, channel: str, wanted: str = "## Sintomas") -> dict[str, Any]:
    """The private message that a command was answered with."""
    if typed:
        await house.command(who, typed, channel)

    async def shown() -> dict[str, Any] | None:
        found = (await house.state())["ephemerals"].get(who.id, [])
        return next((message for message in found if wanted in house.words(message)), None)

    message: dict[str, Any] = await house.until(shown)
    return message


def _offers(message: dict[str, Any]) -> dict[str, str]:
    """The buttons by what they carry."""
    rows = [block["elements"] for block in message["blocks"] if block["type"] == "actions"]
    return {element["value"]: element["action_id"] for row in rows for element in row}
