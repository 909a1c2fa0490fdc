"""A person puts a secret into the team's store, and a card takes it from there: nobody in Slack ever sees a value."""

import json
import re
from typing import Any, Final

import pytest

from sandbox.world.railway import Service
from tests.house import House, buttons
from tests.people import APPROVER, ON_CALL
from tests.runs.steps import settled, verified
from tests.scenarios.test_masking import record, slack

KEYS: Final = {
    "railway-chroma": ("rotate-groq-key", "GROQ_API_KEY"),
    "etp-express": ("rotate-openai-key", "OPENAI_API_KEY"),
}


def backend(house: House, system: str) -> Service:
    return house.demo.world.neighbours.railway[system].platform.named("backend")


def loaded(house: House, system: str) -> dict[str, str]:
    """The variables of what serves."""
    live = backend(house, system).live
    assert live is not None
    return live.variables


async def with_the_way_back(house: House) -> dict[str, Any] | None:
    card = await house.headline("RUN-1")
    return card if "run:undo" in buttons(card) else None


async def in_the_form(house: House, words: str) -> bool:
    return any(words in json.dumps(view, ensure_ascii=False) for view in await house.views(ON_CALL))


async def nowhere(house: House, capfd: pytest.CaptureFixture[str], *values: str) -> None:
    """None of these stands in Slack, in the record or in the log."""
    await house.quiet()
    places = {"Slack": await slack(house), "the record": await record(house), "the log": "".join(capfd.readouterr())}
    assert [place for place, words in places.items() for value in values if value in words] == []


@pytest.mark.parametrize("system", KEYS)
async def test_a_new_key_of_a_vendor_goes_from_the_store_to_the_service_even_in_a_breach_and_back(
    house: House, capfd: pytest.CaptureFixture[str], system: str
) -> None:
    action, name = KEYS[system]
    vendors = house.demo.world.neighbours.vendors
    new = {"GROQ_API_KEY": vendors.groq.key, "OPENAI_API_KEY": vendors.openai.key}[name]
    earlier = loaded(house, system)[name]
    await house.command(ON_CALL, "/incident declare P1 acesso estranho", channel=system)
    await house.command(ON_CALL, "/incident breach INC-1", channel=system)
    await house.command(ON_CALL, f"/run {action} INC-1", channel=system)
    card = await house.headline("RUN-1")
    assert name in house.words(card)
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    assert loaded(house, system)[name] == new
    await house.command(ON_CALL, f"/run {action}", channel=system)
    await house.told(ON_CALL, name)
    card = await house.until(lambda: with_the_way_back(house))
    await house.click(ON_CALL, card, "run:undo")
    await house.click(APPROVER, await house.headline("RUN-2"), "run:approve")
    await settled(house, "RUN-2")
    assert loaded(house, system)[name] == earlier
    await nowhere(house, capfd, new, earlier)


async def test_a_key_that_its_vendor_refuses_is_not_taken_from_the_store(house: House) -> None:
    house.demo.world.neighbours.vendors.openai.key = "rotated-away"
    earlier = loaded(house, "etp-express")["OPENAI_API_KEY"]
    await house.command(ON_CALL, "/run rotate-openai-key", channel="etp-express")
    await house.told(ON_CALL, "OpenAI aceita")
    assert await house.find("RUN-1") is None
    assert loaded(house, "etp-express")["OPENAI_API_KEY"] == earlier


async def test_the_earlier_signing_secret_comes_back_unless_it_leaked(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    newer = loaded(house, "etp-express")["JWT_SECRET"]
    await house.command(ON_CALL, "/run jwt-secret-back", channel="etp-express")
    await house.submit(ON_CALL, leaked="yes")
    await house.until(lambda: in_the_form(house, "Nada foi proposto"))
    await house.command(ON_CALL, "/run jwt-secret-back", channel="etp-express")
    await house.submit(ON_CALL, leaked="no")
    card = await house.headline("RUN-1")
    newer_mark, earlier_mark = re.findall(r"#[0-9a-f]{8}", house.words(card))[:2]
    assert newer_mark != earlier_mark
    await house.click(APPROVER, card, "run:approve")
    await verified(house)
    earlier = loaded(house, "etp-express")["JWT_SECRET"]
    assert earlier != newer
    await nowhere(house, capfd, newer, earlier)


async def test_a_wrong_signing_secret_in_coolify_is_found_and_corrected_out_of_the_store(
    house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    coolify = house.demo.world.neighbours.coolify
    right = coolify.variables["JWT_SECRET"]
    await house.demo.world.control({"coolify": "wrong_secret"})
    wrong = coolify.running_with["JWT_SECRET"]
    assert wrong != right
    await house.command(ON_CALL, "/diag jwt-in-coolify", channel="harven")
    await house.told(ON_CALL, "JWT_SECRET")
    await house.command(ON_CALL, "/run correct-jwt-secret", channel="harven")
    await house.click(APPROVER, await house.headline("RUN-1"), "run:approve")
    await verified(house)
    assert coolify.running_with["JWT_SECRET"] == right
    assert await house.until(lambda: with_the_way_back(house))
    await nowhere(house, capfd, right, wrong)
