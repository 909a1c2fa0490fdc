"""The folder catalog/railway-chroma against the inventory: nothing left out, every threshold as the document has it."""

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

NAME = "railway-chroma"
ITEMS = ids("000", D=22, A=16, L=6, R=6)
PREFIX = "CHROMA_"
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
    ("rag-count", "count.collections", {0: CRIT, 1: OK}),
    ("rag-sample", "status", {200: OK, 500: CRIT}),
    ("rag-sample", "count.results", {0: CRIT, 1: OK}),
    ("chroma-collections", "absent", {0: OK, 1: CRIT}),
    ("chroma-sample", "hits", {0: CRIT, 1: OK}),
    ("chroma-folder", "exists", {True: OK, False: CRIT}),
    ("chroma-folder", "entries", {0: CRIT, 1: OK}),
    ("chroma-backup", "files", {0: CRIT, 1: OK}),
    ("chroma-backup-fresh", "age_h", {24: OK, 24.1: WARN}),
    ("groq-reach", "reachable", {True: OK, False: CRIT}),
    ("openai-reach", "reachable", {True: OK, False: CRIT}),
    ("groq-key", "ok", {True: OK, False: CRIT}),
    ("openai-key", "ok", {True: OK, False: CRIT}),
    ("disk-space", "used_percent", {79.9: OK, 80: OK, 80.1: WARN, 90: WARN, 90.1: CRIT}),
)

# The document gives these no limit: the value is shown, whatever it is.
WITHOUT_VERDICT = {
    "auth-failures": "000-D06",
    "auth-failures-day": "000-D06",
    "backend-container-logs": "000-D04",
    "backend-logs": "000-D04",
    "backend-unit": "000-D03",
    "chroma-heartbeat": "000-D11",
    "data-folders": "000-D20",
    "groq-quota": "000-D17",
    "groq-status": "000-D16",
    "jwt-fingerprint": "000-D07",
    "llm-errors": "000-D18",
    "llm-rate-limits": "000-D18",
    "openai-status": "000-D16",
    "railway-changes": "000-D07",
    "railway-deployments": "000-A01",
    "rate-limit-addresses": "000-D09",
    "rate-limits": "000-D08",
    "write-errors": "000-D22",
}

ONCALL = "responder/approver"
RULES = {
    "redeploy-backend": f"medium {ONCALL}",
    "rollback-backend": f"medium {ONCALL}",
    "restart-backend": f"medium {ONCALL}",
    "restart-backend-container": f"medium {ONCALL}",
    "pkill-uvicorn": "refused, restart-backend",
    "announce-logout": f"low {ONCALL}",
    "define-jwt-secret": "high approver",
    "print-secrets": "refused",
    "set-jwt-secret": "refused, define-jwt-secret",
    "raise-rate-limit": f"medium {ONCALL}",
    "block-address": "medium security breach",
    "unblock-address": "medium security breach",
    "restart-chroma": f"medium {ONCALL}",
    "start-chroma": f"high {ONCALL}",
    "run-new-chroma": "refused, start-chroma",
    "stop-backend": "high approver",
    "start-backend": f"medium {ONCALL}",
    "move-chroma-aside": "high approver",
    "restore-chroma": f"destructive {ONCALL} one approver 2 people",
    "copy-over-chroma": "refused, move-chroma-aside",
    "wait-for-groq": f"low {ONCALL} by hand",
    "plan-upgrade": "low approver by hand",
    "rotate-groq-key": "high approver breach",
    "set-groq-key": "refused, rotate-groq-key",
    "switch-to-openai": f"medium {ONCALL}",
    "switch-to-groq": f"medium {ONCALL}",
    "prune-backups": f"destructive {ONCALL} one approver 2 people",
    "find-delete-backups": "refused, prune-backups",
    "prune-logs": f"high {ONCALL}",
    "compact-chroma": "medium approver by hand",
}
SAMPLES: Samples = {
    ("redeploy-backend", "deployment"): "0a1b2c3d-0000-4000-8000-00000000000a",
    ("rollback-backend", "deployment"): "0a1b2c3d",
    ("block-address", "address"): "198.41.0.0/24",
    ("unblock-address", "address"): "2001:4860::8888",
}
NEVER_CHOSEN = [
    ("redeploy-backend", "deployment", "latest"),
    ("rollback-backend", "deployment", "0a1b2c3d; rm"),
    ("block-address", "address", "everybody"),
    ("block-address", "address", "198.41.0.4, 198.41.0.5"),
    ("block-address", "hours", "168"),
    ("unblock-address", "address", "*"),
]
SEVERITIES = {
    "000-L01": {"P1"},
    "000-L02": {"P1"},
    "000-L03": {"P2"},
    "000-L04": {"P2"},
    "000-L05": {"P2"},
    "000-L06": {"P1", "P2"},
}


def test_every_action_is_refused_or_wants_the_people_that_the_inventory_names() -> None:
    assert rules(system(NAME)) == RULES


def test_a_safe_way_is_not_refused_itself() -> None:
    ways = [rule.removeprefix("refused, ") for rule in RULES.values() if rule.startswith("refused, ")]
    assert len(ways) == 6
    assert [way for way in ways if RULES[way].startswith("refused")] == []


def test_whatever_a_person_may_choose_is_taken_by_the_operation() -> None:
    assert refused_choices(system(NAME), SAMPLES) == []


@pytest.mark.parametrize(("action", "ask", "value"), NEVER_CHOSEN)
def test_what_is_too_wide_or_odd_cannot_be_chosen(action: str, ask: str, value: str) -> None:
    assert not let_through(system(NAME), action, ask, value)


def test_what_was_restored_is_verified_by_collections_and_a_sample_query_once_the_backend_runs() -> None:
    found = system(NAME)
    order = found.runbooks["store-down"].resolution
    assert order.index("restore-chroma") < order.index("start-backend")
    assert {"rag-collections", "rag-count", "rag-sample"} <= set(found.actions["start-backend"].verify)
    assert found.checks["rag-count"].parameters["path"] == found.checks["rag-collections"].parameters["path"]


def test_the_store_is_restored_to_a_free_place_while_nobody_writes_and_only_with_a_backup() -> None:
    found = system(NAME).actions
    stop, aside, restore = found["stop-backend"], found["move-chroma-aside"], found["restore-chroma"]
    assert stop.requires == aside.requires == restore.requires == ("chroma-backup",)
    assert stop.parameters["name"] == aside.parameters["stopped"] == restore.parameters["stopped"]
    assert restore.parameters["to"] == aside.parameters["folder"]


def test_old_backups_go_only_after_a_fresh_one() -> None:
    assert system(NAME).actions["prune-backups"].requires == ("chroma-backup-fresh",)


def test_a_signing_secret_is_made_up_only_where_none_is_and_never_typed() -> None:
    define = system(NAME).actions["define-jwt-secret"]
    assert define.operation == "railway.generate_secret"
    assert define.parameters["only_missing"] is True
    assert define.asks == {}


def test_the_key_of_the_store_is_tried_at_the_vendor_before_it_is_set() -> None:
    found = system(NAME)
    rotate = found.actions["rotate-groq-key"]
    assert (rotate.operation, rotate.requires) == ("railway.set_secret", ("groq-key",))
    targets = {name: one.address for name, one in found.profile.targets.items()}
    assert targets[rotate.target]["value"] == targets[found.checks["groq-key"].target]["key"]
    assert rotate.parameters["name"] == "GROQ_API_KEY"
    assert not rotate.asks


def test_nobody_switches_to_a_vendor_that_does_not_answer() -> None:
    found = system(NAME).actions
    assert found["switch-to-openai"].requires == ("openai-reach", "openai-key")
    assert found["switch-to-groq"].requires == ("groq-reach", "groq-key")


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    found = system(NAME).actions
    assert found["raise-rate-limit"].parameters["changes"] == "RATE_LIMIT_REQUESTS=20 RATE_LIMIT_WINDOW=10"
    assert found["prune-logs"].parameters["days"] == 7
    pruned = found["prune-backups"].parameters
    assert (pruned["keep"], pruned["never"]) == (30, ["chroma_latest"])
    assert {name: list(one.asks) for name, one in found.items() if one.asks} == {
        "announce-logout": ["what", "minutes"],
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


def test_severities_are_called_as_the_document_calls_them() -> None:
    profile = system(NAME).profile
    titles = {severity.value: one.title.pt for severity, one in profile.severities.items()}
    assert titles == {"P0": "P1 com o serviço totalmente fora", "P1": "P1", "P2": "P2", "P3": "P3"}


def test_every_runbook_closes_with_the_prevention_that_the_document_asks_for() -> None:
    wanted = {
        "backend-down": ("health check", "reinício automático"),
        "mass-401": ("JWT_SECRET sem aviso", "monitorar logins recusados"),
        "rate-limited": ("usuários autenticados", "WAF"),
        "store-down": ("backup regular", "saúde do ChromaDB"),
        "llm-failing": ("mais de um provedor", "uso da cota"),
        "disk-full": ("retenção de backups", "espaço em disco", "limpeza automática de logs"),
    }
    texts = {name: text.partition("## Prevenção")[2] for name, text in documents(system(NAME)).items()}
    assert set(texts) == set(wanted)
    assert [(name, word) for name, words in wanted.items() for word in words if word not in texts[name]] == []


def test_a_limit_of_the_vendor_is_waited_for_as_long_as_the_document_says() -> None:
    waiting = system(NAME).actions["wait-for-groq"]
    assert waiting.wait
    assert waiting.wait.total_seconds() == 1 * 60
    assert waiting.verify == ("groq-key", "llm-rate-limits")
