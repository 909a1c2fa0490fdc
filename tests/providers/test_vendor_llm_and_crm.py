"""LLM vendors and the CRM: reachable or not, our key or theirs, a limit or an outage, and what it costs."""

from collections.abc import AsyncIterator

import pytest
from readings import measured, missing, read, refusal, spoken, summary
from vendor_changes import granted

from bot.core.errors import Denied
from sandbox.world.vendors import Crm, Llm, Vendors, open_vendors

VENDORS = ["openai", "groq", "anthropic"]


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with open_vendors() as vendors:
        vendors.openai.key_scopes = set(granted("LLM vendors")["key"]["openai"])
        vendors.openai.admin_scopes = set(granted("LLM vendors")["admin_key"]["openai"])
        vendors.crm.permissions = set(granted("CRM")["user"]["permissions"])
        yield vendors


def of(vendors: Vendors, kind: str, **other: object) -> tuple[Llm, dict[str, object]]:
    vendor: Llm = getattr(vendors, kind)
    return vendor, {"vendor": kind, "url": vendor.url, "key": vendor.key} | other


def crm(vendor: Crm) -> dict[str, object]:
    return {"url": vendor.url, "token": vendor.token}


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_vendor_that_answers_401_without_a_key_is_reachable(vendors: Vendors, kind: str) -> None:
    vendor, address = of(vendors, kind)
    reading = await read("llm.reach", address)
    assert measured(reading)["reachable"] is True
    assert measured(reading)["status"] == 401
    assert summary(reading).startswith(f"{ {'openai': 'OpenAI', 'groq': 'Groq'}.get(kind, 'Anthropic') } answers (401)")
    assert vendor.trouble.written == 0


async def test_any_path_and_any_answer_will_do_to_be_reachable(vendors: Vendors) -> None:
    vendor, address = of(vendors, "groq")
    assert measured(await read("llm.reach", address, path="/health"))["status"] == 404
    vendor.trouble.status = 503
    assert measured(await read("llm.reach", address))["reachable"] is True


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_good_key_is_accepted_and_limits_stay_unknown_without_a_completion(vendors: Vendors, kind: str) -> None:
    _, address = of(vendors, kind)
    reading = await read("llm.probe", address)
    assert measured(reading)["ok"] is True
    assert measured(reading)["status"] == 200
    assert "give this check a `model`" in missing(reading, "remaining_requests")
    assert "give this check a `model`" in missing(reading, "used_tokens_percent")
    assert missing(reading, "retry_after_s") == "nobody asks us to wait"


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_completion_tells_what_is_left_of_the_limits(vendors: Vendors, kind: str) -> None:
    vendor, address = of(vendors, kind)
    vendor.remaining_requests, vendor.remaining_tokens = 51, 4_000
    values = measured(await read("llm.probe", address, model="emulated-1"))
    assert (values["limit_requests"], values["remaining_requests"], values["used_requests_percent"]) == (500, 50, 90.0)
    assert (values["limit_tokens"], values["remaining_tokens"], values["used_tokens_percent"]) == (40_000, 4_000, 90.0)
    assert vendor.trouble.written == 1


@pytest.mark.parametrize("kind", VENDORS)
async def test_a_key_that_was_rotated_away_is_our_fault(vendors: Vendors, kind: str) -> None:
    vendor, address = of(vendors, kind)
    vendor.rotate("sk-another-0123456789abcdef")
    reading = await read("llm.probe", address)
    assert measured(reading)["ok"] is False
    assert measured(reading)["status"] == 401
    assert summary(reading).endswith("refuses our key (401): it is wrong, revoked or expired")
    assert str(address["key"]) not in repr(reading)
    assert "***" in reading.evidence[0]


async def test_an_outage_or_a_refused_key_tells_nothing_about_the_quota(vendors: Vendors) -> None:
    vendor, address = of(vendors, "openai")
    for status in (401, 503):
        vendor.trouble.status = status
        reading = await read("llm.probe", address, model="emulated-1")
        assert missing(reading, "quota_exhausted") == f"OpenAI answered {status}, which tells nothing about our quota"


async def test_a_quota_used_up_is_told_from_a_rate_limit(vendors: Vendors) -> None:
    vendor, address = of(vendors, "openai")
    vendor.remaining_requests = 0
    limited = await read("llm.probe", address, model="emulated-1")
    assert measured(limited)["quota_exhausted"] is False
    assert measured(limited)["retry_after_s"] == 20
    assert measured(limited)["used_requests_percent"] == 100.0
    assert summary(limited) == "OpenAI limits our rate (429), for 20 s more"
    vendor.is_out_of_quota = True
    empty = await read("llm.probe", address, model="emulated-1")
    assert measured(empty)["quota_exhausted"] is True
    assert summary(empty) == "our quota with OpenAI is used up (429): look at billing"


async def test_a_vendor_in_trouble_is_not_our_key(vendors: Vendors) -> None:
    vendor, address = of(vendors, "openai")
    vendor.trouble.status = 503
    reading = await read("llm.probe", address)
    assert measured(reading)["ok"] is False
    assert summary(reading) == "OpenAI is in trouble (503); it is not our key"


async def test_a_model_that_does_not_exist_is_said(vendors: Vendors) -> None:
    _, address = of(vendors, "openai")
    reading = await read("llm.probe", address, model="gpt-0")
    assert summary(reading) == "OpenAI answered 404: The model `gpt-0` does not exist"


async def test_a_probe_without_a_key_says_what_is_not_configured(vendors: Vendors) -> None:
    _, address = of(vendors, "openai", key=None)
    assert spoken(await refusal("llm.probe", address)) == "not configured: this target has no `key` to try."


@pytest.mark.parametrize("kind", ["openai", "anthropic"])
async def test_costs_of_the_month_are_summed_and_compared_with_the_budget(vendors: Vendors, kind: str) -> None:
    vendor, address = of(vendors, kind)
    reading = await read("llm.usage", address | {"admin_key": vendor.admin_key}, budget_usd=5)
    assert measured(reading) == {"spend_usd": 3.75, "used_percent": 75.0}
    assert reading.trend == (1.5, 2.25)
    unbounded = await read("llm.usage", address | {"admin_key": vendor.admin_key})
    assert missing(unbounded, "used_percent") == "this check has no `budget_usd`"


@pytest.mark.parametrize(("kind", "words"), [("openai", "add an `admin_key` of OpenAI"), ("groq", "console.groq.com")])
async def test_costs_that_cannot_be_read_are_unknown_with_the_reason(vendors: Vendors, kind: str, words: str) -> None:
    _, address = of(vendors, kind)
    assert words in missing(await read("llm.usage", address), "spend_usd")


async def test_calls_are_those_of_the_last_whole_hour_and_an_hour_without_any_is_none(vendors: Vendors) -> None:
    vendor, address = of(vendors, "openai")
    reading = await read("llm.calls", address | {"admin_key": vendor.admin_key})
    assert measured(reading) == {"calls": 402}
    assert reading.trend == (410, 386, 402)
    vendor.calls = [410, 0]
    assert measured(await read("llm.calls", address | {"admin_key": vendor.admin_key})) == {"calls": 0}
    assert "add an `admin_key` of OpenAI" in missing(await read("llm.calls", address), "calls")
    other, address = of(vendors, "anthropic")
    unread = await read("llm.calls", address | {"admin_key": other.admin_key})
    assert missing(unread, "calls") == "Anthropic does not tell how many calls there were"


async def test_costs_with_a_key_that_may_not_read_them_are_denied(vendors: Vendors) -> None:
    vendor, address = of(vendors, "openai")
    vendor.admin_scopes = set()
    error = await refusal("llm.usage", address | {"admin_key": vendor.admin_key})
    assert isinstance(error, Denied)
    assert "admin key" in repr(error.text)


async def test_the_crm_accepts_our_token_and_tells_how_much_of_its_limit_is_used(vendors: Vendors) -> None:
    vendors.crm.used = 3999
    values = measured(await read("crm.probe", crm(vendors.crm)))
    assert values["ok"] is True
    assert (values["used"], values["limit"], values["used_percent"]) == (4000, 5000, 80.0)
    assert values["limited"] is False


async def test_the_crm_s_refusals_tell_token_limit_permission_and_outage_apart(vendors: Vendors) -> None:
    vendors.crm.used = vendors.crm.limit
    limited = await read("crm.probe", crm(vendors.crm))
    assert (measured(limited)["status"], measured(limited)["limited"]) == (403, True)
    assert summary(limited) == "the CRM refuses more calls (403): our limit for 24 hours is used up"
    vendors.crm.permissions = set()
    forbidden = await read("crm.probe", crm(vendors.crm))
    assert "the user needs the permission “API Enabled”" in summary(forbidden)
    revoked = await read("crm.probe", crm(vendors.crm) | {"token": "00D-another"})
    assert (measured(revoked)["status"], measured(revoked)["ok"]) == (401, False)
    assert "Sforce-Limit-Info" in missing(revoked, "used_percent")
    vendors.crm.trouble.status = 503
    assert summary(await read("crm.probe", crm(vendors.crm))) == "the CRM is in trouble (503); it is not our token"
    vendors.crm.trouble.status = 429
    assert measured(await read("crm.probe", crm(vendors.crm)))["limited"] is True
