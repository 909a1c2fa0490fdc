"""The folder catalog/etp-express against the inventory: nothing left out, every threshold as the document has it."""

import pytest
from choosing import let_through
from every_system import (
    test_a_runbook_names_only_what_the_bot_knows_and_would_do,
    test_a_value_is_worth_what_the_document_says,
    test_an_alert_has_its_severity,
    test_every_action_has_the_risk_and_the_approvers_of_the_inventory,
    test_every_choice_that_people_are_offered_is_accepted,
    test_every_item_of_the_inventory_has_its_entry,
    test_every_reference_has_the_prefix_of_this_system,
    test_every_threshold_of_the_file_is_put_to_the_test,
    test_the_folder_fits_the_operations_and_holds_no_secret,
    test_the_safe_way_in_place_of_what_is_refused_is_not_refused_itself,
    test_there_is_no_alert_besides_those_of_the_document,
    test_where_the_document_gives_no_limit_there_is_none,
)
from proving import ids, rows, system

from bot.core.findings import Level

NAME = "etp-express"
ITEMS = ids("004", D=39, A=28, L=11, R=10)
PREFIX = "ETP_"
OK, WARN, CRIT = Level.OK, Level.WARN, Level.CRIT
A_TITLE = "Licitação de teste: ação, coração, pão"

JUDGED = rows(
    ("api-health", "status", {200: OK, 500: CRIT}),
    ("api-health", "json.status", {"ok": OK, "error": CRIT}),
    ("api-health", "json.database", {"healthy": OK, "unhealthy": CRIT}),
    ("etps-list", "status", {200: OK, 401: CRIT, 500: CRIT}),
    ("etps-list", "latency_ms", {499: OK, 500.1: WARN, 5000: WARN, 5000.1: CRIT}),
    ("etp-title", "json.title", {A_TITLE: OK, A_TITLE.replace("ã", "\ufffd"): CRIT, "": CRIT}),
    ("latency-p95", "last", {499: OK, 500.1: WARN, 5000: WARN, 5000.1: CRIT}),
    ("error-rate", "last", {4.9: OK, 5.1: WARN, 10: WARN, 10.1: CRIT, 100: CRIT}),
    ("generation-errors", "last", {20: OK, 50: WARN, 99: WARN, 100: CRIT}),
    ("generation", "status", {201: OK, 429: CRIT, 500: CRIT}),
    ("login", "has_token", {True: OK, False: CRIT}),
    ("frontend-answers", "status", {200: OK, 502: CRIT, 503: CRIT}),
    ("frontend-page", "contains", {True: OK, False: CRIT}),
    *(
        (service, name, expected)
        for service in ("backend-service", "frontend-service", "database-service")
        for name, expected in (("running", {True: OK, False: CRIT}), ("crashed", {False: OK, True: CRIT}))
    ),
    ("backend-memory", "memory_percent", {69.9: OK, 70.1: WARN, 90: WARN, 90.1: CRIT}),
    ("backend-deployments", "failed", {False: OK, True: CRIT}),
    ("frontend-deployments", "failed", {False: OK, True: CRIT}),
    ("rate-limit-lines", "matched", {3: OK, 4: WARN}),
    ("connections", "used_percent", {80: OK, 80.1: CRIT}),
    ("newest-etps", "broken", {0: OK, 1: CRIT}),
    ("repaired-etps", "broken", {0: OK, 1: CRIT}),
    ("broken-titles", "broken", {0: OK, 1: CRIT}),
    ("openai-key", "ok", {True: OK, False: CRIT}),
    ("openai-status", "severity", {0: OK, 1: OK, 2: CRIT, 3: CRIT}),
    ("frontend-variables", "missing_names", {0: OK, 1: CRIT}),
    ("backup-newest", "files", {1: OK, 0: CRIT}),
    ("backup-fresh", "age_h", {0.1: OK, 1: OK, 1.1: WARN}),
    ("backup-fresh", "size_percent", {100: OK, 50: OK, 49: WARN}),
    ("backup-fresh", "differs", {False: OK, True: CRIT}),
    ("backup-fresh", "damaged", {False: OK, True: CRIT}),
)

# The document gives these no limit: the value is shown, whatever it is.
WITHOUT_VERDICT = {
    "crash-pattern": "004-D37",
    "build-log": "004-D11",
    "database-lines": "004-D12",
    "slow-lines": "004-D13",
    "openai-lines": "004-D14",
    "memory-lines": "004-D15",
    "auth-lines": "004-D16",
    "migration-lines": "004-D17",
    "login-attempts": "004-D19",
    "after-blocking": "004-D39",
    "frontend-lines": "004-D20",
    "backend-lines": "004-D21",
    "active-sessions": "004-D23",
    "users-table": "004-D24",
    "broken-sections": "004-D27",
    "query-plan": "004-D29",
    "sections-plan": "004-D29",
    "openai-limits": "004-D32",
    "railway-status": "004-D33",
    "github-status": "004-D33",
    "backend-variables": "004-D38",
    "audit": "004-D36",
}

EITHER, LEAD, LEADS = "responder/approver", "approver", "approver/commander"
RULES = {
    "rollback-backend": f"high {EITHER}/commander one {LEADS} alone in P0",
    "rollback-frontend": f"high {EITHER}",
    "force-push": "refused, rollback-frontend",
    "restart-backend": f"medium {EITHER}",
    "restart-frontend": f"medium {EITHER}",
    "redeploy-backend": f"medium {EITHER}",
    "redeploy-frontend": f"medium {EITHER}",
    "restart-database": f"high {LEADS}",
    "restore-backup": f"destructive {LEADS} one commander 2 people by hand",
    "migration-revert-local": "refused, revert-migration",
    "revert-migration": f"destructive {LEADS} 2 people",
    "revert-commit": f"high {LEAD} by hand",
    "bigger-plan": f"medium {LEADS} by hand",
    "end-idle-sessions": f"medium {EITHER}",
    "psql-by-railway": "refused",
    "end-all-idle": "refused, end-idle-sessions",
    "set-openai-key": "refused, rotate-openai-key",
    "rotate-openai-key": f"high {LEAD} breach",
    "wait-for-limit": f"low {EITHER} by hand",
    "notify-users": f"low {EITHER}/commander",
    "set-api-url": f"medium {EITHER}",
    "jwt-secret-back": f"high {LEAD}",
    "rotate-jwt-secret": f"high {EITHER}/security one security breach",
    "print-variables": "refused",
    "rotate-all-secrets": f"high {EITHER}/security one security breach",
    "set-database-password": "refused, rotate-all-secrets",
    "redeploy-after-rotation": f"medium {EITHER}/security one security breach",
    "capture-evidence": f"low {EITHER}/security breach by hand",
    "backup-database": f"low {EITHER}/security breach",
    "free-sql": "refused, data-fix",
    "data-fix": f"destructive {LEADS} 2 people by hand",
    "block-address": "medium security breach by hand",
    "heap-snapshots": f"low {EITHER} by hand",
    "fix-build": f"medium {LEAD} by hand",
    "fix-rate-limits": f"low {EITHER} by hand",
    "fix-queries": f"medium {EITHER} by hand",
    "watch-key-expiry": f"low {EITHER} by hand",
    "notify-authority": "low security breach by hand",
    "security-audit": "low security breach by hand",
}
SEVERITIES = {
    "all-requests-fail": ("004-L01", "P0", False),
    "slow-requests": ("004-L02", "P1", False),
    "generation-fails": ("004-L03", "P1", False),
    "crash-loop": ("004-L04", "P0", False),
    "white-page": ("004-L05", "P0", False),
    "logins-fail": ("004-L06", "P1", False),
    "garbled-content": ("004-L07", "P1", False),
    "generation-throttled": ("004-L08", "P2", False),
    "deployment-failed": ("004-L09", "P1", False),
    "odd-activity": ("004-L10", "P0", False),
    "postgres-crashed": ("004-L11", "P0", True),
}
DEPLOYMENT = "6f1c2a3b-0000-4000-8000-1234567890ab"
CHOOSE_DEPLOYMENT = ("rollback-backend", "rollback-frontend", "redeploy-backend", "redeploy-frontend")
SAMPLES = {(action, "deployment"): DEPLOYMENT for action in CHOOSE_DEPLOYMENT}


def test_rates_are_shares_of_all_requests_in_percent() -> None:
    found = system(NAME).checks
    for name in ("error-rate", "generation-errors"):
        query = found[name].parameters["query"]
        assert query.startswith("100 *")
        assert query.count("http_requests_total") == 2


def test_what_writes_or_costs_touches_only_the_synthetic_record_and_account() -> None:
    found = system(NAME).checks
    writing = {name: one for name, one in found.items() if one.operation == "http.post"}
    assert {name: (one.target, one.parameters["path"]) for name, one in writing.items()} == {
        "generation": ("app", "/api/sections/999999/generate"),
        "login": ("account", "/api/auth/login"),
    }


@pytest.mark.parametrize("value", ["latest", "-1", "6f1c2a3b; drop", "../6f1c2a3b"])
def test_a_deployment_is_named_by_its_id_only(value: str) -> None:
    found = system(NAME)
    assert [name for name in CHOOSE_DEPLOYMENT if let_through(found, name, "deployment", value)] == []


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    found = system(NAME).actions
    assert found["set-api-url"].parameters["changes"] == "VITE_API_URL=https://backend.railway.app"
    assert found["set-api-url"].parameters["allowed"] == ["VITE_API_URL"]
    idle = found["end-idle-sessions"].parameters
    assert (idle["application"], idle["role"], idle["minutes"]) == ("etp-backend", "etp_app", 5)
    asked = {name: tuple(one.asks) for name, one in found.items() if one.asks}
    chosen = dict.fromkeys(CHOOSE_DEPLOYMENT, ("deployment",))
    assert asked == {**chosen, "jwt-secret-back": ("leaked",), "notify-users": ("what", "hours")}


def test_every_change_on_railway_names_its_service() -> None:
    found = [one for one in system(NAME).actions.values() if one.operation.startswith("railway.")]
    assert len(found) > 7
    assert {one.parameters["service"] for one in found} == {"backend", "frontend", "postgres"}


def test_a_rollback_brings_no_variable_back_and_stops_in_a_breach() -> None:
    found = [one for one in system(NAME).actions.values() if one.operation == "railway.rollback"]
    assert len(found) == 2
    assert [one.name for one in found if one.breach_ok or "accept_variables" in one.parameters] == []


def test_only_the_signing_secret_is_made_up_by_the_bot() -> None:
    found = [one for one in system(NAME).actions.values() if one.operation == "railway.generate_secret"]
    assert [(one.name, one.parameters["name"], dict(one.asks)) for one in found] == [
        ("rotate-jwt-secret", "JWT_SECRET", {})
    ]


def test_secrets_are_rotated_after_the_evidence_and_always_with_the_role_of_the_database() -> None:
    found = system(NAME).actions["rotate-all-secrets"]
    assert found.first == ("capture-evidence",)
    assert "backup-newest" in found.evidence
    assert found.operation == "railway.rotate_secrets"
    assert dict(found.parameters) == {
        "service": "backend",
        "made": ["JWT_SECRET"],
        "password": "DATABASE_PASSWORD",
        "given": "OPENAI_API_KEY",
    }
    assert not found.asks


def test_a_key_of_the_store_is_tried_before_it_is_set_and_the_signing_secret_has_its_way_back() -> None:
    found = system(NAME)
    targets = {name: one.address for name, one in found.profile.targets.items()}
    rotate, back = found.actions["rotate-openai-key"], found.actions["jwt-secret-back"]
    assert {rotate.operation, back.operation} == {"railway.set_secret"}
    assert rotate.requires == ("openai-key",)
    assert targets[rotate.target]["value"] == targets[found.checks["openai-key"].target]["key"]
    assert (rotate.parameters["name"], back.parameters["name"]) == ("OPENAI_API_KEY", "JWT_SECRET")
    assert targets[back.target]["value"] != targets[back.target]["back"]
    assert not back.breach_ok


def test_what_may_lose_data_wants_a_backup_first() -> None:
    found = system(NAME).actions
    assert {name: one.requires for name, one in found.items() if one.risk == "destructive"} == {
        "restore-backup": ("backup-newest",),
        "revert-migration": ("backup-fresh",),
        "data-fix": ("backup-fresh",),
    }
    assert found["backup-database"].verify == ("backup-fresh",)


def test_postgresql_is_restarted_only_where_it_crashed() -> None:
    assert {name: dict(one.holds) for name, one in system(NAME).actions.items() if one.holds} == {
        "restart-database": {"database-service.crashed": True}
    }


def test_a_step_by_hand_stays_open_for_as_long_as_it_takes() -> None:
    by_hand = [one for one in system(NAME).actions.values() if one.by_hand is not None and one.approve]
    assert len(by_hand) > 10
    assert [one.name for one in by_hand if one.approve and one.approve.expires.total_seconds() < 3600] == [
        "wait-for-limit"
    ]


def test_corruption_and_a_breach_begin_with_what_keeps_the_evidence() -> None:
    found = system(NAME).runbooks
    assert found["data-corruption"].resolution[0] == "backup-database"
    assert found["breach"].resolution[:2] == ("capture-evidence", "backup-database")
    assert "backend" not in found["breach"].resolution
    assert "frontend" not in found["breach"].resolution


def test_answer_times_roles_and_places_are_those_of_the_document() -> None:
    profile = system(NAME).profile
    assert {one.value: times.acknowledge.total_seconds() / 60 for one, times in profile.severities.items()} == {
        "P0": 15,
        "P1": 60,
        "P2": 240,
        "P3": 1440,
    }
    assert [one.title.pt for one in profile.severities.values()] == [
        "completamente fora do ar",
        "função crítica degradada",
        "função não crítica",
        "cosmético",
    ]
    assert {"responder", "approver", "commander", "security"} == set(profile.roles)
    assert profile.channel == "alerts-production"
    places = {one.to for one in profile.links}
    railway = "https://railway.app/project/etp-express"
    assert {railway, *(f"{railway}/service/{name}" for name in ("backend", "frontend", "postgres"))} <= places
    assert {
        "https://status.openai.com/",
        "https://www.githubstatus.com/",
        "https://railway.statuspage.io/",
        "DISASTER_RECOVERY.md",
    } <= places
    assert {"DEPLOY.md", "docs/ZERO_DOWNTIME_DEPLOY.md", "ARCHITECTURE.md", "docs/templates/"} <= places


def test_a_limit_of_the_vendor_is_waited_for_as_long_as_the_document_says() -> None:
    waiting = system(NAME).actions["wait-for-limit"]
    assert waiting.wait
    assert waiting.wait.total_seconds() == 2 * 60
    assert waiting.verify == ("generation",)
