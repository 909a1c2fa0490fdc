"""The folder catalog/railway-chroma against the inventory: nothing left out, every threshold as the document has it."""

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

NAME = "railway-chroma"
OK, WARN, CRIT = Level.OK, Level.WARN, Level.CRIT

JUDGED = rows(
    ("api-health", "status", {200: OK, 500: CRIT, 503: CRIT}),
    ("frontend-up", "status", {200: OK, 502: CRIT}),
    ("login-works", "status", {200: OK, 401: CRIT}),
    ("login-works", "has_token", {True: OK, False: CRIT}),
    ("railway-service", "running", {True: OK, False: CRIT}),
    ("backend-logs-new", "matched", {0: OK, 1: WARN}),
    ("backend-process", "count", {0: CRIT, 1: OK, 4: OK}),
    ("backend-port", "listening", {True: OK, False: CRIT}),
    ("jwt-secret", "missing_names", {0: OK, 1: CRIT}),
    ("jwt-secret", "empty_names", {0: OK, 1: CRIT}),
    ("groq-key-backend", "missing_names", {0: OK, 1: CRIT}),
    ("groq-key-backend", "empty_names", {0: OK, 1: CRIT}),
    ("groq-key-set", "set", {True: OK, False: CRIT}),
    ("blocked-addresses", "overdue", {0: OK, 1: WARN}),
    ("chroma-container", "running", {0: CRIT, 1: OK}),
    ("chroma-container", "restarting", {0: OK, 1: CRIT}),
    ("rag-collections", "status", {200: OK, 503: CRIT}),
    ("chroma-sample", "hits", {0: CRIT, 1: OK}),
    ("chroma-folder", "exists", {True: OK, False: CRIT}),
    ("chroma-folder", "entries", {0: CRIT, 1: OK}),
    ("chroma-backup", "files", {0: CRIT, 1: OK}),
    ("groq-reach", "reachable", {True: OK, False: CRIT}),
    ("openai-reach", "reachable", {True: OK, False: CRIT}),
    ("groq-key", "ok", {True: OK, False: CRIT}),
    ("openai-key", "ok", {True: OK, False: CRIT}),
    ("disk-space", "used_percent", {79.9: OK, 80: OK, 80.1: WARN, 90: WARN, 90.1: CRIT}),
)

# The document gives these no limit: the value is shown, whatever it is.
WITHOUT_VERDICT = {
    "backend-logs": "000-D04",
    "auth-failures": "000-D06",
    "rate-limits": "000-D08",
    "rate-limit-addresses": "000-D09",
    "groq-status": "000-D16",
    "groq-quota": "000-D17",
    "llm-errors": "000-D18",
    "llm-rate-limits": "000-D18",
    "data-folders": "000-D20",
    "write-errors": "000-D22",
}

RISKS = {
    "000-A01": "medium",
    "000-A02": "medium",
    "000-A03": "low",
    "000-A04": "high",
    "000-A05": "medium",
    "000-A06": "medium",
    "000-A07": "medium",
    "000-A08": "high",
    "000-A10": "low",
    "000-A11": "low",
    "000-A12": "high",
    "000-A13": "medium",
    "000-A14": "destructive",
    "000-A15": "high",
    "000-A16": "medium",
}
SEVERITIES = {
    "000-L01": {"P1"},
    "000-L02": {"P1"},
    "000-L03": {"P2"},
    "000-L04": {"P2"},
    "000-L05": {"P2"},
    "000-L06": {"P1", "P2"},
}
NEEDS_THE_LEAD = {"000-A04", "000-A09", "000-A12", "000-A14", "000-A16"}


def test_every_item_of_the_inventory_has_its_entry() -> None:
    found = system(NAME)
    wanted = ids("000", D=22, A=16, L=6, R=6)
    in_files = {
        "D": named(check.source for check in found.checks.values()),
        "A": named(action.source for action in found.actions.values()),
        "L": named(alert.source for alert in found.alerts.values()),
        "R": named(documents(found).values()),
    }
    assert [id_ for id_ in sorted(wanted) if id_ not in in_files[id_[4]]] == []
    assert inventory("000-") in (set(), wanted)


def test_the_folder_fits_the_operations_and_holds_no_secret() -> None:
    assert system_complaints(system(NAME), ROOT / "catalog" / NAME) == []


def test_every_reference_has_the_prefix_of_this_system() -> None:
    found = [one for target in system(NAME).profile.targets.values() for one in target.references()]
    assert len(found) > 20
    assert [one for one in found if not one.startswith("env:CHROMA_")] == []


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


@pytest.mark.parametrize(("id_", "risk"), RISKS.items())
def test_an_action_has_the_risk_of_the_inventory(id_: str, risk: str) -> None:
    found = [one for one in system(NAME).actions.values() if id_ in one.source and one.refused is None]
    assert found
    assert {one.risk for one in found} == {risk}


def test_restoring_the_store_is_as_destructive_as_the_inventory_says_and_setting_aside_can_be_undone() -> None:
    found = system(NAME).actions
    assert found["restore-chroma"].risk == "destructive"
    assert (found["move-chroma-aside"].risk, found["move-chroma-aside"].operation) == ("high", "host.move_aside")
    assert found["restore-chroma"].requires == found["move-chroma-aside"].requires == ("chroma-backup",)


def test_only_the_lead_lets_through_what_needs_the_lead() -> None:
    found = [one for one in system(NAME).actions.values() if one.approve and named([one.source]) & NEEDS_THE_LEAD]
    assert len(found) >= len(NEEDS_THE_LEAD)
    assert [
        one.name for one in found if one.approve and "approver" not in (one.approve.among or one.approve.roles)
    ] == []
    alone = [one for one in found if one.approve and not one.approve.among]
    assert {one.approve.roles for one in alone if one.approve} == {("approver",)}


def test_only_security_blocks_an_address_and_only_the_block_and_a_key_go_on_in_a_breach() -> None:
    found = system(NAME).actions
    block = found["block-address"]
    assert block.approve
    assert block.approve.roles == ("security",)
    assert {one.name for one in found.values() if one.breach_ok} == {
        "block-address",
        "unblock-address",
        "rotate-groq-key",
    }


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("pkill-uvicorn", "restart-backend"),
        ("set-jwt-secret", "define-jwt-secret"),
        ("run-new-chroma", "start-chroma"),
        ("copy-over-chroma", "move-chroma-aside"),
        ("set-groq-key", "rotate-groq-key"),
        ("find-delete-backups", "prune-backups"),
    ],
)
def test_what_is_dangerous_is_refused_and_names_the_safe_way(name: str, instead: str) -> None:
    found = system(NAME).actions
    assert found[name].refused is not None
    assert found[name].instead == instead
    assert found[instead].refused is None


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    found = system(NAME).actions
    assert found["raise-rate-limit"].parameters["changes"] == "RATE_LIMIT_REQUESTS=20 RATE_LIMIT_WINDOW=10"
    assert found["prune-logs"].parameters["days"] == 7
    assert found["prune-backups"].parameters["keep"] == 30
    assert {name: list(one.asks) for name, one in found.items() if one.asks} == {
        "redeploy-backend": ["deployment"],
        "rollback-backend": ["deployment"],
        "block-address": ["address", "hours"],
        "unblock-address": ["address"],
    }


@pytest.mark.parametrize(("id_", "severities"), SEVERITIES.items())
def test_an_alert_has_its_proposed_severity(id_: str, severities: set[str]) -> None:
    found = [one for one in system(NAME).alerts.values() if id_ in one.source]
    assert {one.severity.value for one in found} == severities
    assert all(one.proposed for one in found)


def test_a_runbook_names_only_what_the_bot_knows_and_would_do() -> None:
    found = system(NAME)
    assert dead_commands(found) == []
    assert refused_in_runbooks(found) == []
    assert all(one.diagnosis and one.resolution and one.symptoms for one in found.runbooks.values())
    assert all(15 <= len(text.splitlines()) <= 45 for text in documents(found).values())
