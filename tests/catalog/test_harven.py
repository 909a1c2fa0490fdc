"""The folder catalog/harven against the inventory: nothing left out, every threshold as the document has it."""

import pytest
from choosing import Samples, let_through, refused_choices, rules
from every_system import (
    test_a_runbook_names_only_what_the_bot_knows_and_would_do,
    test_a_value_is_worth_what_the_document_says,
    test_every_item_of_the_inventory_has_its_entry,
    test_every_reference_has_the_prefix_of_this_system,
    test_every_threshold_of_the_file_is_put_to_the_test,
    test_the_folder_fits_the_operations_and_holds_no_secret,
    test_where_the_document_gives_no_limit_there_is_none,
)
from proving import documents, ids, rows, system

from bot.core.findings import Level

NAME = "harven"
ITEMS = ids("002", D=26, A=17, L=5, R=6)
PREFIX = "HARVEN_"
OK, WARN, CRIT = Level.OK, Level.WARN, Level.CRIT

JUDGED = rows(
    ("latency", "value", {0.4: OK, 3: OK, 3.01: CRIT}),
    ("error-rate", "value", {0: OK, 5: OK, 5.1: CRIT}),
    ("api-root", "status", {200: OK, 502: CRIT}),
    ("api-root", "header.content-type", {"application/json": OK, "text/html": CRIT}),
    ("services", "down", {0: OK, 1: CRIT}),
    ("services", "unhealthy", {0: OK, 1: CRIT}),
    ("services", "restarting", {0: OK, 1: CRIT}),
    ("backend-container", "oom_killed", {False: OK, True: CRIT}),
    ("auth-service", "status", {200: OK, 503: CRIT}),
    ("login-works", "status", {200: OK, 400: CRIT}),
    ("login-works", "has_token", {True: OK, False: CRIT}),
    ("jwt-secret", "equal", {True: OK, False: CRIT}),
    ("jwt-in-coolify", "equal", {True: OK, False: CRIT}),
    ("jwt-changed", "set", {True: OK, False: CRIT}),
    ("data-api", "status", {200: OK, 503: CRIT}),
    ("openai-status", "indicator", {"none": OK, "minor": WARN, "critical": WARN}),
    ("supabase-status", "indicator", {"none": OK, "major": WARN}),
    ("migrations", "after", {0: OK, 1: CRIT}),
    ("openai-quota", "quota_exhausted", {False: OK, True: CRIT}),
)

# The document gives these no limit: the value is shown, whatever it is.
WITHOUT_VERDICT = {
    "ai-cache": "002-D16",
    "api-overview": "002-D01",
    "auth-errors": "002-D13",
    "backend-errors": "002-D07",
    "backend-memory": "002-D26",
    "db-connections": "002-D18",
    "deployments": "002-D23",
    "jwt-errors": "002-D13",
    "limited-subjects": "002-D12",
    "memory-trend": "002-D26",
    "missing-indexes": "002-D21",
    "openai-calls": "002-A13",
    "openai-errors": "002-D15",
    "openai-usage": "002-D14",
    "redis-memory": "002-D05",
    "redis-ping": "002-D04",
    "row-policies": "002-D22",
    "sentry-issues": "002-D06",
    "sentry-release": "002-D06",
    "slow-queries": "002-D21",
    "supabase-errors": "002-D19",
    "traffic": "002-D25",
}

ONCALL = "responder/approver"
RULES = {
    "use-smaller-model": f"medium {ONCALL}",
    "edit-default-model": "refused, use-smaller-model",
    "cache-longer": f"medium {ONCALL}",
    "ask-finance": "low approver",
    "retry-in-code": "low approver by hand",
    "vendor-ticket": f"low {ONCALL}",
    "add-index": "high approver by hand",
    "flushall": "refused, clear-ai-cache",
    "clear-ai-cache": f"destructive {ONCALL} one approver 2 people",
    "raise-redis-memory": "high approver",
    "scale-backend": f"medium {ONCALL}",
    "compose-scale": "refused, scale-backend",
    "restart-backend": f"medium {ONCALL}",
    "rollback-harven": "high approver",
    "down-and-checkout": "refused, rollback-harven",
    "checkout-commit": "refused, rollback-harven",
    "clear-rate-limit": f"medium {ONCALL}",
    "del-rate-limits": "refused, clear-rate-limit",
    "correct-jwt-secret": "high approver",
    "print-jwt-secret": "refused",
    "check-refresh": "low approver by hand",
    "set-pooling": "medium approver",
    "change-row-policy": "high security by hand",
    "incident-checklist": f"low {ONCALL} by hand",
    "deploy-checklist": f"low {ONCALL} by hand",
}
SAMPLES: Samples = {
    ("rollback-harven", "deployment"): "k8s0wc4ck0ogs4w0gs8sw8ks",
    ("clear-rate-limit", "pattern"): "rate_limit:user:42:*",
}
NEVER_CHOSEN = [
    ("clear-rate-limit", "pattern", "rate_limit:*"),
    ("clear-rate-limit", "pattern", "rate_limit:user:*"),
    ("clear-rate-limit", "pattern", "rate_limit:user:4*"),
    ("clear-rate-limit", "pattern", "session:42"),
    ("rollback-harven", "deployment", "HEAD~1"),
    ("scale-backend", "count", "4"),
    ("set-pooling", "name", "DATABASE_URL"),
    ("set-pooling", "value", "500"),
    ("set-pooling", "value", "0"),
    ("cache-longer", "value", "0"),
    ("raise-redis-memory", "maxmemory_mb", "4096"),
]
SEVERITIES = {
    "high-latency": ("002-L01", "P2"),
    "high-error-rate": ("002-L02", "P1"),
    "logins-refused": ("002-L03", "P1"),
    "openai-429": ("002-L04", "P2"),
    "supabase-failing": ("002-L05", "P1"),
}


def test_the_share_of_errors_is_divided_by_all_requests() -> None:
    query = system(NAME).checks["error-rate"].parameters["query"]
    assert query.startswith("100 *")
    assert query.endswith("/ sum(rate(http_requests_total[5m]))")


def test_every_action_is_refused_or_wants_the_people_that_the_inventory_names() -> None:
    assert rules(system(NAME)) == RULES


def test_a_safe_way_is_an_operation_of_the_bot() -> None:
    found = system(NAME).actions
    ways = [found[one.instead] for one in found.values() if one.instead]
    assert len(ways) == 6
    assert [way.name for way in ways if not way.operation] == []


def test_whatever_a_person_may_choose_is_taken_by_the_operation() -> None:
    assert refused_choices(system(NAME), SAMPLES) == []


@pytest.mark.parametrize(("action", "ask", "value"), NEVER_CHOSEN)
def test_what_is_too_wide_or_odd_cannot_be_chosen(action: str, ask: str, value: str) -> None:
    assert not let_through(system(NAME), action, ask, value)


def test_deleting_cached_answers_is_bounded_to_them() -> None:
    found = system(NAME).actions["clear-ai-cache"]
    assert found.parameters["prefixes"] == ["ai:"]
    assert found.parameters["cap"] == 10000


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    found = system(NAME).actions
    assert found["use-smaller-model"].parameters["value"] == "gpt-3.5-turbo"
    assert found["clear-rate-limit"].parameters["needs_subject"] is True
    assert {name: list(one.asks) for name, one in found.items() if one.asks} == {
        "ask-finance": ["what", "tokens", "cost_usd", "limit_usd", "by"],
        "vendor-ticket": ["what", "vendor", "symptom", "since", "percent", "request", "incident"],
        "cache-longer": ["value"],
        "raise-redis-memory": ["maxmemory_mb"],
        "scale-backend": ["count"],
        "rollback-harven": ["deployment"],
        "clear-rate-limit": ["pattern"],
        "set-pooling": ["name", "value"],
    }


@pytest.mark.parametrize("name", SEVERITIES)
def test_an_alert_has_its_proposed_severity(name: str) -> None:
    found = system(NAME).alerts[name]
    assert (found.source, found.severity.value) == SEVERITIES[name]
    assert found.proposed


def test_vendors_and_levels_are_at_hand() -> None:
    contacts = " ".join(one.to for one in system(NAME).profile.contacts)
    assert all(
        one in contacts for one in ("devops@harven.ai", "techlead@harven.ai", "cto@harven.ai", "support@sentry.io")
    )


def test_severities_are_those_of_the_product() -> None:
    profile = system(NAME).profile
    titles = {severity.value: one.title.en for severity, one in profile.severities.items()}
    wanted = {"P0": "down", "P1": "important function hit", "P2": "minor with workaround", "P3": "cosmetic"}
    assert titles == wanted


def test_every_runbook_carries_the_version_and_date_of_the_document() -> None:
    texts = documents(system(NAME))
    assert len(texts) == 7
    assert [name for name, text in texts.items() if "(versão 1.0 de 28/01/2026)" not in text] == []
