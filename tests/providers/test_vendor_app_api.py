"""The application's own admin API: its figures, who holds keys, a customer's settings, what cases have in common."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError
from readings import measured, missing, read, refusal, summary
from vendor_changes import granted, said

from bot.core.errors import Denied
from bot.providers import operation
from sandbox.world.vendors import AppApi, open_vendors

FIELDS = {"messages": "today.messages", "escalated": "today.escalated", "waiting": "waiting"}


@pytest.fixture
async def app() -> AsyncIterator[AppApi]:
    async with open_vendors() as vendors:
        vendors.app.keys["key-admin"]["permissions"] = set(
            granted("The application's own API")["checks"]["permissions"]
        )
        yield vendors.app


def of(app: AppApi, **other: object) -> dict[str, object]:
    return {"url": app.url, "token": app.token} | other


def ago(days: int) -> str:
    return (datetime.now(UTC) - timedelta(days=days, minutes=5)).isoformat()


async def test_figures_are_measured_by_their_paths_and_lists_by_their_length(app: AppApi) -> None:
    reading = await read("app_api.figures", of(app), path="/api/metrics", fields=FIELDS, units={"waiting": " tickets"})
    assert measured(reading) == {"messages": 200, "escalated": 30, "waiting": 2}
    assert summary(reading) == "messages 200, escalated 30, waiting 2 tickets"


async def test_a_rate_is_computed_from_two_figures(app: AppApi) -> None:
    rate = {"escalation_percent": ["escalated", "messages"]}
    reading = await read("app_api.figures", of(app), path="/api/metrics", fields=FIELDS, percent=rate)
    assert measured(reading)["escalation_percent"] == 15.0
    app.figures["today"]["escalated"] = 70
    worse = await read("app_api.figures", of(app), path="/api/metrics", fields=FIELDS, percent=rate)
    assert measured(worse)["escalation_percent"] == 35.0


async def test_a_figure_that_is_not_there_is_unknown_and_so_is_its_rate(app: AppApi) -> None:
    fields, rate = {"messages": "today.messages", "lost": "today.nothing"}, {"rate": ["lost", "messages"]}
    reading = await read("app_api.figures", of(app), path="/api/metrics", fields=fields, percent=rate)
    assert missing(reading, "lost") == "the answer has no figure at `today.nothing`"
    assert missing(reading, "rate") == "`lost` or `messages` is not known"
    app.figures = {"today": {"messages": 0, "nothing": 0}}
    idle = await read("app_api.figures", of(app), path="/api/metrics", fields=fields, percent=rate)
    assert missing(idle, "rate") == "`messages` is 0: nothing to compare with"


async def test_keys_are_listed_by_id_company_and_last_use_and_never_by_value(app: AppApi) -> None:
    app.add_key("key-1", "acme", "sk_emulated_customer_0001", used=ago(3))
    app.add_key("key-2", "globex", "sk_emulated_customer_0002", used=ago(90))
    app.add_key("key-3", "globex", "sk_emulated_customer_0003", used=ago(400))
    app.keys["key-3"]["active"] = False
    reading = await read("app_api.keys", of(app))
    assert measured(reading) == {"keys": 3, "unused_days": 90, "never_used": 1}
    assert reading.evidence[0].startswith("key-2  globex  last used ")
    assert reading.evidence[-1] == "key-admin  plantao  last used never"
    assert "sk_emulated" not in repr(reading)


async def test_a_key_s_value_where_its_id_should_be_is_masked(app: AppApi) -> None:
    app.add_key("sk_live_0123456789abcdef0123", "acme", "other")
    assert "0123456789" not in repr((await read("app_api.keys", of(app))).evidence)


async def test_a_customer_s_settings_are_shown_masked(app: AppApi) -> None:
    reading = await read("app_api.company", of(app), company="acme", expects=["custom_instructions", "knowledge_base"])
    assert measured(reading)["missing_settings"] == 0
    assert "custom_instructions: Always answer in English." in reading.evidence
    assert "integrations.telegram_token: ***" in reading.evidence
    assert "contact: ***@example.com" in reading.evidence
    assert "crm_dsn: ***" in reading.evidence
    assert "knowledge_base: (2)" in reading.evidence


async def test_settings_that_a_customer_lacks_are_named(app: AppApi) -> None:
    app.companies["acme"]["knowledge_base"] = []
    wanted = ["custom_instructions", "knowledge_base", "integrations.slack"]
    reading = await read("app_api.company", of(app), company="acme", expects=wanted)
    assert measured(reading)["missing_settings"] == 2
    assert summary(reading) == "acme lacks knowledge_base, integrations.slack"


async def test_a_customer_that_does_not_exist_is_said(app: AppApi) -> None:
    error = await refusal("app_api.company", of(app), company="nobody")
    assert said(error.text) == "the application answered 404: Company not found"


async def test_what_escalated_tickets_have_in_common_is_told(app: AppApi) -> None:
    for number in range(10):
        company = "acme" if number < 7 else "globex"
        confidence = 0.4 if number < 9 else 0.9
        ticket = {"company_id": company, "kind": f"kind {number % 3}", "confidence": confidence, "status": "escalated"}
        app.tickets.append(ticket)
    app.tickets.append({"company_id": "other", "kind": "x", "confidence": 0.1, "status": "closed"})
    reading = await read(
        "app_api.pattern",
        of(app),
        path="/api/tickets",
        query={"status": "escalated"},
        by=["company_id", "kind"],
        low={"confidence": 0.6},
    )
    expected = {"total": 10, "company_id_percent": 70.0, "kind_percent": 40.0, "confidence_low_percent": 90.0}
    assert measured(reading) == expected
    assert summary(reading) == "7 of 10 cases have company_id = acme"
    assert reading.evidence[:2] == ("×7  company_id = acme", "×3  company_id = globex")


async def test_no_cases_have_nothing_in_common(app: AppApi) -> None:
    reading = await read("app_api.pattern", of(app), path="/api/tickets", by=["company_id"])
    assert measured(reading)["total"] == 0
    assert missing(reading, "company_id_percent") == "there are no cases to compare"


async def test_personal_data_in_a_case_is_masked(app: AppApi) -> None:
    app.tickets.append({"customer": "maria@example.com"})
    reading = await read("app_api.pattern", of(app), path="/api/tickets", by=["customer"])
    assert "maria" not in repr(reading)


async def test_a_key_without_the_right_to_read_is_denied(app: AppApi) -> None:
    app.keys["key-admin"]["permissions"] = set()
    error = await refusal("app_api.keys", of(app))
    assert isinstance(error, Denied)
    assert "lacks the permission" in said(error.text)


async def test_another_header_may_carry_the_key(app: AppApi) -> None:
    await read("app_api.keys", of(app, header="x-api-key"))
    error = await refusal("app_api.keys", of(app, header="Authorization"))
    assert isinstance(error, Denied)


@pytest.mark.parametrize("company", ["../keys", "a/b", "a?b", "..", "", "a b", "acme\n"])
def test_a_company_s_id_cannot_lead_elsewhere(company: str) -> None:
    with pytest.raises(ValidationError):
        operation("app_api.company").parameters.model_validate({"company": company})
