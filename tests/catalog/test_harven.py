"""The folder catalog/harven against the inventory: nothing left out, every threshold as the document has it."""

import pytest
from proving import (
    ROOT,
    Row,
    dead_commands,
    documents,
    ids,
    inventory,
    judged,
    limits_of,
    named,
    refused_in_runbooks,
    rows,
    system,
)

from bot.check.catalog import system_complaints
from bot.core.findings import Level

NAME = "harven"
OK, WARN, CRIT = Level.OK, Level.WARN, Level.CRIT

JUDGED = rows(
    ("latency", "value", {0.4: OK, 3: OK, 3.01: CRIT}),
    ("error-rate", "value", {0: OK, 5: OK, 5.1: CRIT}),
    ("api-root", "status", {200: OK, 502: CRIT}),
    ("api-root", "header.content-type", {"application/json": OK, "text/html": CRIT}),
    ("services", "down", {0: OK, 1: CRIT}),
    ("services", "unhealthy", {0: OK, 1: CRIT}),
    ("services", "restarting", {0: OK, 1: CRIT}),
    ("auth-service", "status", {200: OK, 503: CRIT}),
    ("login-works", "status", {200: OK, 400: CRIT}),
    ("login-works", "has_token", {True: OK, False: CRIT}),
    ("jwt-secret", "equal", {True: OK, False: CRIT}),
    ("data-api", "status", {200: OK, 503: CRIT}),
    ("openai-status", "indicator", {"none": OK, "minor": WARN, "critical": WARN}),
    ("supabase-status", "indicator", {"none": OK, "major": WARN}),
    ("openai-quota", "quota_exhausted", {False: OK, True: CRIT}),
)

# The document gives these no limit: the value is shown, whatever it is.
WITHOUT_VERDICT = {
    "api-overview": "002-D01",
    "redis-memory": "002-D05",
    "sentry-issues": "002-D06",
    "backend-errors": "002-D07",
    "limited-subjects": "002-D12",
    "auth-errors": "002-D13",
    "jwt-errors": "002-D13",
    "openai-errors": "002-D15",
    "ai-cache": "002-D16",
    "db-connections": "002-D18",
    "supabase-errors": "002-D19",
    "slow-queries": "002-D21",
    "row-policies": "002-D22",
    "deployments": "002-D23",
    "traffic": "002-D25",
    "backend-memory": "002-D26",
    "memory-trend": "002-D26",
}

RISKS = {
    "002-A01": "medium",
    "002-A02": "high",
    "002-A04": "medium",
    "002-A05": "medium",
    "002-A06": "high",
    "002-A07": "high",
    "002-A08": "high",
    "002-A09": "medium",
    "002-A10": "high",
    "002-A11": "low",
    "002-A12": "low",
    "002-A13": "medium",
    "002-A14": "low",
    "002-A15": "medium",
    "002-A16": "high",
    "002-A17": "low",
}
SEVERITIES = {
    "high-latency": ("002-L01", "P2"),
    "high-error-rate": ("002-L02", "P1"),
    "logins-refused": ("002-L03", "P1"),
    "openai-429": ("002-L04", "P2"),
    "supabase-failing": ("002-L05", "P1"),
}
NEEDS_THE_LEAD = {"002-A02", "002-A03", "002-A08", "002-A10", "002-A14", "002-A15"}


def test_every_item_of_the_inventory_has_its_entry() -> None:
    found = system(NAME)
    wanted = ids("002", D=26, A=17, L=5, R=6)
    in_files = {
        "D": named(check.source for check in found.checks.values()),
        "A": named(action.source for action in found.actions.values()),
        "L": named(alert.source for alert in found.alerts.values()),
        "R": named(documents(found).values()),
    }
    assert [id_ for id_ in sorted(wanted) if id_ not in in_files[id_[4]]] == []
    assert inventory("002-") in (set(), wanted)


def test_the_folder_fits_the_operations_and_holds_no_secret() -> None:
    assert system_complaints(system(NAME), ROOT / "catalog" / NAME) == []


def test_every_reference_has_the_prefix_of_this_system() -> None:
    found = [one for target in system(NAME).profile.targets.values() for one in target.references()]
    assert len(found) > 20
    assert [one for one in found if not one.startswith("env:HARVEN_")] == []


@pytest.mark.parametrize("row", JUDGED, ids=lambda row: f"{row.check}-{row.measurement}-{row.value}")
def test_a_value_is_worth_what_the_document_says(row: Row) -> None:
    assert judged(system(NAME), row) is row.level


def test_every_threshold_of_the_file_is_put_to_the_test() -> None:
    tried = {(row.check, row.measurement, row.level) for row in JUDGED}
    assert sorted(limits_of(system(NAME)) - tried) == []


def test_where_the_document_gives_no_limit_there_is_none() -> None:
    found = system(NAME).checks
    assert [name for name in WITHOUT_VERDICT if found[name].thresholds] == []
    assert [name for name, id_ in WITHOUT_VERDICT.items() if id_ not in found[name].source] == []


def test_the_share_of_errors_is_divided_by_all_requests() -> None:
    query = system(NAME).checks["error-rate"].parameters["query"]
    assert query.startswith("100 *")
    assert query.endswith("/ sum(rate(http_requests_total[5m]))")


@pytest.mark.parametrize(("id_", "risk"), RISKS.items())
def test_an_action_has_the_risk_of_the_inventory(id_: str, risk: str) -> None:
    found = [one for one in system(NAME).actions.values() if id_ in one.source and one.refused is None]
    assert found
    assert {one.risk for one in found} == {risk}


def test_deleting_cached_answers_is_destructive_and_bounded() -> None:
    found = system(NAME).actions["clear-ai-cache"]
    assert (found.risk, found.quorum_of_risk) == ("destructive", 2)
    assert found.parameters["prefixes"] == ["ai:"]
    assert found.parameters["cap"] == 10000


def test_only_the_lead_lets_through_what_needs_the_lead() -> None:
    found = [one for one in system(NAME).actions.values() if one.approve and named([one.source]) & NEEDS_THE_LEAD]
    assert len(found) >= len(NEEDS_THE_LEAD)
    assert {one.approve.among or one.approve.roles for one in found if one.approve} == {("approver",)}


def test_a_row_policy_is_left_to_security_and_nothing_here_goes_on_in_a_breach() -> None:
    found = system(NAME).actions
    policy = found["change-row-policy"]
    assert policy.approve
    assert policy.approve.roles == ("security",)
    assert [one.name for one in found.values() if one.breach_ok] == []


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("flushall", "clear-ai-cache"),
        ("down-and-checkout", "rollback-harven"),
        ("checkout-commit", "rollback-harven"),
        ("del-rate-limits", "clear-rate-limit"),
        ("edit-default-model", "use-smaller-model"),
    ],
)
def test_what_is_dangerous_is_refused_and_names_the_safe_way(name: str, instead: str) -> None:
    found = system(NAME).actions
    assert found[name].refused is not None
    assert found[name].instead == instead
    assert found[instead].operation


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    found = system(NAME).actions
    assert found["use-smaller-model"].parameters["value"] == "gpt-3.5-turbo"
    assert found["clear-rate-limit"].parameters["needs_subject"] is True
    assert {name: list(one.asks) for name, one in found.items() if one.asks} == {
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


def test_a_runbook_names_only_what_the_bot_knows_and_would_do() -> None:
    found = system(NAME)
    assert dead_commands(found) == []
    assert refused_in_runbooks(found) == []
    assert all(one.diagnosis and one.resolution and one.symptoms for one in found.runbooks.values())
    assert all(15 <= len(text.splitlines()) <= 45 for text in documents(found).values())


def test_vendors_and_levels_are_at_hand() -> None:
    contacts = " ".join(one.to for one in system(NAME).profile.contacts)
    assert all(
        one in contacts for one in ("devops@harven.ai", "techlead@harven.ai", "cto@harven.ai", "support@sentry.io")
    )
