"""The diagnostic side of catalog/agente-ia against the inventory: checks, limits, alerts, and what the queries mean."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from every_system import (
    test_a_value_is_worth_what_the_document_says,
    test_every_reference_has_the_prefix_of_this_system,
    test_every_threshold_of_the_file_is_put_to_the_test,
    test_the_folder_fits_the_operations_and_holds_no_secret,
)
from proving import ids, inventory, judged, named, rows, stated, system

from bot.core.findings import Level

NAME = "agente-ia"
PREFIX = "AGENTE_"
OK, WARN, CRIT = Level.OK, Level.WARN, Level.CRIT
PROMISED = {True: OK, False: CRIT}
DISK = {79: OK, 80: OK, 81: WARN, 90: WARN, 91: CRIT}

JUDGED = rows(
    ("redis-ping", "latency_ms", {3: OK, 1000: OK, 1001: CRIT}),
    ("redis-memory", "used_percent", {85: OK, 86: WARN, 90: WARN, 91: CRIT}),
    ("redis-hit-rate", "hit_rate_percent", {60: OK, 59.9: WARN}),
    ("redis-clients", "used_percent", {80: OK, 81: WARN}),
    ("api-health", "status", {200: OK, 503: CRIT}),
    ("api-health", "json.status", {"healthy": OK, "degraded": WARN}),
    ("api-health", "latency_p95_ms", {2000: OK, 2001: WARN, 3000: WARN, 3001: CRIT}),
    ("api-database", "status", {200: OK, 503: CRIT}),
    ("api-redis", "status", {200: OK, 503: WARN}),
    ("api-llm", "status", {200: OK, 503: CRIT}),
    ("api-version", "status", {200: OK, 404: CRIT}),
    ("deployment", "ready", {1: OK, 0: CRIT}),
    ("deployment", "unavailable", {0: OK, 1: WARN}),
    ("pods", "not_ready", {0: OK, 1: WARN}),
    ("pods", "crash_looping", {0: OK, 1: WARN}),
    ("unit-postgresql", "active", PROMISED),
    ("unit-redis", "active", {True: OK, False: WARN}),
    ("host-disk", "used_percent", DISK),
    ("smoke-test", "failed", {0: OK, 1: CRIT}),
    ("smoke-list", "status", {200: OK, 500: CRIT}),
    ("old-api-key", "status", {401: OK, 200: WARN}),
    ("old-openai-key", "status", {401: OK, 200: WARN}),
    ("old-anthropic-key", "status", {401: OK, 200: WARN}),
    ("old-crm-key", "status", {401: OK, 200: WARN}),
    ("old-sendgrid-key", "status", {401: OK, 200: WARN}),
    ("openai-quiet", "outages", {0: OK, 1: WARN}),
    ("newcomers-refused", "status", {503: OK, 401: WARN}),
    ("smoke-answer", "status", {200: OK, 500: CRIT}),
    ("traffic-ratio", "value", {1: OK, 3: OK, 3.5: WARN, 10: WARN, 10.5: CRIT}),
    ("error-rate", "value", {0.4: OK, 1: OK, 1.1: WARN}),
    ("error-rate-day", "value", {0.5: OK, 0.6: WARN}),
    ("errors-elevated", "min", {5: OK, 5.1: CRIT}),
    ("errors-high", "min", {10: OK, 10.1: CRIT}),
    ("response-p95", "value", {2: OK, 2.1: WARN}),
    ("p95-sustained", "min", {3: OK, 3.1: CRIT}),
    ("p99-sustained", "min", {10: OK, 10.1: CRIT}),
    ("targets-up", "max", {1: OK, 0: CRIT}),
    ("postgres-up", "max", {1: OK, 0: CRIT}),
    ("redis-up", "max", {1: OK, 0: CRIT}),
    ("uptime", "value", {100: OK, 99.5: OK, 99.4: WARN}),
    ("memory-sustained", "min", {85: OK, 86: WARN}),
    ("pod-usage", "memory_percent", {85: OK, 86: WARN}),
    ("node-room", "missing", {0: OK, 1: WARN}),
    ("intent-accuracy", "max", {90: OK, 85: OK, 84.9: CRIT}),
    ("alerts-critical", "critical", {0: OK, 1: CRIT}),
    ("rollout", "done", {True: OK, False: WARN}),
    ("rollout", "stuck", {False: OK, True: CRIT}),
    ("postgres-pods", "count", {1: OK, 0: CRIT}),
    ("postgres-pods", "not_ready", {0: OK, 1: CRIT}),
    ("redis-pods", "count", {1: OK, 0: WARN}),
    ("redis-pods", "not_ready", {0: OK, 1: WARN}),
    ("app-disk", "used_percent", DISK),
    ("active-requests", "value", {0: OK, 1: WARN}),
    ("processes-left", "count", {0: OK, 1: WARN}),
    ("gateway-unit", "active", PROMISED),
    ("database-ping", "latency_ms", {3: OK, 1000: OK, 1001: CRIT}),
    ("database-inside", "answers", PROMISED),
    ("database-connections", "used_percent", {80: OK, 81: WARN}),
    ("database-disk", "used_percent", DISK),
    ("backups", "age_h", {24: OK, 24.1: CRIT}),
    ("backups", "days_without", {0: OK, 1: WARN}),
    ("backup-whole", "differs", {False: OK, True: CRIT}),
    ("backup-whole", "damaged", {False: OK, True: CRIT}),
    ("redis-inside", "answers", {True: OK, False: WARN}),
    ("llm-cost", "value", {399: OK, 400: OK, 401: WARN}),
    ("llm-pace", "value", {399: OK, 400: OK, 401: WARN}),
    ("openai-reach", "reachable", PROMISED),
    ("openai-probe", "ok", PROMISED),
    ("anthropic-probe", "ok", PROMISED),
    ("llm-latency", "number_max", {10: OK, 10.1: WARN}),
    ("crm-probe", "status", {200: OK, 401: CRIT, 429: CRIT, 503: CRIT}),
    ("retry-queue", "growth", {-3: OK, 0: OK, 1: WARN}),
    ("reach-openai", "open", PROMISED),
    ("reach-postgres", "open", PROMISED),
    ("reach-redis", "open", {True: OK, False: WARN}),
    ("blocked-addresses", "overdue", {0: OK, 1: WARN}),
)

# The document gives these items no limit: what is measured is shown, whatever it is.
WITHOUT_LIMIT = [
    f"001-D{number}"
    for number in (
        14,
        15,
        17,
        18,
        23,
        25,
        26,
        30,
        32,
        33,
        34,
        35,
        36,
        37,
        38,
        39,
        40,
        41,
        42,
        44,
        46,
        50,
        51,
        52,
        55,
        56,
        57,
        58,
        64,
        65,
        66,
        67,
        69,
        71,
        73,
        74,
        76,
        78,
        79,
        80,
        81,
    )
]

ALERTS = {
    "system-down": ("001-L01", "P0", False, "SystemDown"),
    "high-error-rate": ("001-L02", "P0", False, "HighErrorRate"),
    "database-down": ("001-L03", "P0", False, "DatabaseDown"),
    "redis-down": ("001-L04", "P0", False, "RedisDown"),
    "high-response-time": ("001-L05", "P0", False, "HighResponseTime"),
    "high-p95": ("001-L06", "P1", False, "HighResponseTimeP95"),
    "elevated-errors": ("001-L07", "P1", False, "ElevatedErrorRate"),
    "low-intent-accuracy": ("001-L08", "P1", False, "LowIntentAccuracy"),
    "memory-over-85": ("001-L09", "P1", False, "HighMemoryUsage"),
    "traffic-high": ("001-L10", "P1", True, None),
    "traffic-attack": ("001-L10", "P0", True, None),
    "llm-over-budget": ("001-L11", "P2", True, None),
    "disk-filling": ("001-L12", "P2", True, None),
    "database-disk-full": ("001-L12", "P1", True, None),
    "breach-signs": ("001-L13", "P0", True, None),
    "crm-queue-growing": ("001-L14", "P1", True, None),
}
# What the document looks at first, once an alert has come.
FIRST = {
    "system-down": {"001-D27", "001-D33"},
    "high-error-rate": {"001-D34"},
    "database-down": {"001-D28", "001-D72"},
    "redis-down": {"001-D29", "001-D03", "001-D05"},
    "high-response-time": {"001-D70", "001-D50"},
    "high-p95": {"001-D13"},
    "elevated-errors": {"001-D34"},
    "low-intent-accuracy": {"001-D24"},
    "memory-over-85": {"001-D31"},
    "llm-over-budget": {"001-D18"},
    "disk-filling": {"001-D53"},
    "crm-queue-growing": {"001-D77"},
}

# Eight days of figures a minute apart, from which each query has to make its value. Two figures of one job have the
# same labels, and the service was away for 72 minutes of its last day.
MINUTES = 8 * 24 * 60
SERIES = {
    'agent_requests_total{pod="a"}': f"0+600x{MINUTES - 30} {600 * (MINUTES - 30)}+2400x60",
    'agent_errors_total{pod="a"}': f"0+12x{MINUTES}",
    'agent_response_time_bucket{pod="a",le="1"}': f"0+540x{MINUTES}",
    'agent_response_time_bucket{pod="a",le="5"}': f"0+594x{MINUTES}",
    'agent_response_time_bucket{pod="a",le="+Inf"}': f"0+600x{MINUTES}",
    'rate_limit_exceeded_total{job="agente-api"}': f"0+2x{MINUTES}",
    'llm_timeout_total{job="agente-api"}': f"0+1x{MINUTES}",
    'http_timeout_total{job="agente-api"}': f"0+2x{MINUTES}",
    'up{job="agente-api",instance="a"}': f"1x{MINUTES - 180} 0x71 1x200",
    'pg_up{job="postgres"}': f"1x{MINUTES}",
    'redis_up{job="redis"}': f"0x{MINUTES}",
    'container_memory_working_set_bytes{pod="agente-api-x",container="agente-api"}': f"943718400x{MINUTES}",
    'container_spec_memory_limit_bytes{pod="agente-api-x",container="agente-api"}': f"1048576000x{MINUTES}",
    'container_memory_working_set_bytes{pod="agente-api-y",container="proxy"}': f"1x{MINUTES}",
    'container_spec_memory_limit_bytes{pod="agente-api-y",container="proxy"}': f"0x{MINUTES}",
    'agent_intent_accuracy{pod="a"}': f"0.8x{MINUTES}",
    "agent_conversions_total": f"0+1x{MINUTES}",
    "agent_csat_score": f"4.2x{MINUTES}",
    "agent_engagement_rate": f"0.5x{MINUTES}",
    "agent_handoff_rate": f"0.1x{MINUTES}",
    'agent_active_requests{pod="a"}': f"3x{MINUTES}",
    'agent_active_requests{pod="b"}': f"4x{MINUTES}",
    'cost_usd_total{pod="a"}': f"0+0.1x{MINUTES}",
    'cost_usd_total{pod="b"}': f"0+0.2x{MINUTES}",
    'llm_tokens_by_model{model="gpt-4"}': f"0+5x{MINUTES}",
    'pg_database_size_bytes{datname="agente_ia"}': f"1073741824x{MINUTES}",
}
MEANT = {
    "request-rate": {"{}": 10},
    "traffic-ratio": {"{}": 1},
    "error-rate": {"{}": 2},
    "error-rate-day": {"{}": 2},
    "errors-elevated": {"{}": 2},
    "errors-high": {"{}": 2},
    "response-p95": {"{}": 3.2},
    "p95-sustained": {"{}": 3.2},
    "p99-sustained": {"{}": 5},
    "rate-limited": {"{}": 10},
    "timeouts": {"{}": 15},
    "targets-up": {'{job="agente-api",instance="a"}': 1},
    "postgres-up": {'{job="postgres"}': 1},
    "redis-up": {'{job="redis"}': 0},
    "uptime": {"{}": 95},
    "memory-sustained": {'{pod="agente-api-x"}': 90},
    "memory-history": {"{}": 900},
    "intent-accuracy": {"{}": 80},
    "conversions": {"{}": 1440},
    "csat": {"{}": 4.2},
    "engagement": {"{}": 50},
    "handoff-rate": {"{}": 10},
    "active-requests": {"{}": 7},
    "llm-cost": {"{}": 432},
    "llm-pace": {"{}": 432},
    "llm-usage": {'{figure="llm_timeout_total"}': 60},
    "tokens-by-model": {'{model="gpt-4"}': 7200},
    "database-growth": {'{datname="agente_ia"}': 1024},
}
# Later, when traffic has been four times as high for a quarter of an hour.
LATER = {"traffic-ratio": {"{}": 4}}


def test_every_diagnostic_and_every_alert_of_the_inventory_has_its_entry() -> None:
    found, wanted = system(NAME), ids("001", D=81, L=14)
    there = stated(found)
    assert [id_ for id_ in sorted(wanted) if id_ not in there[id_[4]]] == []
    assert {id_ for id_ in inventory("001-") if id_[4] in "DL"} in (set(), wanted)


def test_where_the_document_gives_no_limit_there_is_none() -> None:
    judging = [check for check in system(NAME).checks.values() if check.thresholds]
    # The pods and the deployment are judged for 001-D27, the rollout for 001-D47: the item without a limit rides along.
    allowed = {"pods"}
    named_there = {id_: {check.name for check in judging if id_ in check.source} for id_ in WITHOUT_LIMIT}
    assert {id_: names - allowed for id_, names in named_there.items() if names - allowed} == {}


def test_the_three_first_groups_keep_their_members() -> None:
    found = system(NAME)
    assert [check.name for check in found.checks_named("redis")] == [
        f"redis-{name}" for name in ("ping", "memory", "hit-rate", "evictions", "clients", "slowlog", "replication")
    ]
    assert [check.name for check in found.checks_named("api")] == [
        f"api-{name}" for name in ("health", "database", "redis", "llm", "version")
    ]
    assert [check.name for check in found.checks_named("kubernetes")] == ["deployment", "pods", "events", "revisions"]


def test_a_limit_that_has_to_hold_is_judged_over_its_whole_window() -> None:
    checks = system(NAME).checks
    held = {"errors-elevated": 10, "errors-high": 5, "p95-sustained": 15, "p99-sustained": 10, "memory-sustained": 10}
    fallen = {"targets-up": 1, "postgres-up": 1, "redis-up": 1, "intent-accuracy": 60}
    assert {name: checks[name].parameters["minutes"] for name in held | fallen} == held | fallen
    assert {checks[name].parameters.get("worst", "highest") for name in held} == {"highest"}
    assert {checks[name].parameters["worst"] for name in fallen} == {"lowest"}


def test_what_people_wrote_is_not_read_from_the_databases() -> None:
    checks = system(NAME).checks.values()
    figures = ("ping", "memory", "hit_rate", "evictions", "clients", "slowlog", "replication", "command_stats")
    names = ("scan", "key_meta", "list_length")
    asked = {check.operation for check in checks if check.target in ("redis", "cache")}
    assert asked == {f"redis.{name}" for name in (*figures, *names)}
    [newest] = [check for check in checks if check.operation == "postgres.newest"]
    assert (newest.parameters["columns"], newest.parameters["masked"]) == (
        ["id", "user_id", "created_at", "status"],
        ["user_id"],
    )


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_the_severity_and_the_rule_of_the_document(name: str) -> None:
    alert, (id_, *said) = system(NAME).alerts[name], ALERTS[name]
    assert alert.source.startswith(id_)
    assert [alert.severity.value, alert.proposed, alert.matches.get("alertname")] == said


def test_no_alert_goes_unproved() -> None:
    assert set(system(NAME).alerts) == set(ALERTS)


@pytest.mark.parametrize("name", FIRST)
def test_an_alert_looks_first_at_what_the_document_looks_at_first(name: str) -> None:
    found = system(NAME)
    assert FIRST[name] <= named(found.checks[check].source for check in found.alerts[name].checks)


def test_every_alert_and_every_judging_check_leads_to_a_runbook() -> None:
    found = system(NAME)
    assert [alert.name for alert in found.alerts.values() if not alert.runbook] == []
    assert [check.name for check in found.checks.values() if check.thresholds and not check.runbook] == ["uptime"]


def test_every_query_means_what_its_title_says(tmp_path: Path) -> None:
    if shutil.which("promtool") is None and "CI" not in os.environ:
        pytest.skip("promtool is not installed")
    queries = {
        check.name: check.parameters["query"] for check in system(NAME).checks.values() if "query" in check.parameters
    }
    assert {name for name, check in system(NAME).checks.items() if check.target == "prometheus"} - {"alerts-day"} == (
        set(MEANT)
    )
    asked = [(queries[name], f"{MINUTES - 60}m", wanted) for name, wanted in MEANT.items()]
    asked += [(queries[name], f"{MINUTES - 15}m", wanted) for name, wanted in LATER.items()]
    told = {
        "evaluation_interval": "1m",
        "tests": [
            {
                "interval": "1m",
                "input_series": [{"series": name, "values": values} for name, values in SERIES.items()],
                "promql_expr_test": [
                    {
                        "expr": f"round({query}, 0.1)",
                        "eval_time": at,
                        "exp_samples": [{"labels": labels, "value": value} for labels, value in wanted.items()],
                    }
                    for query, at, wanted in asked
                ],
            }
        ],
    }
    file = tmp_path / "queries.yml"
    file.write_text(json.dumps(told))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=170, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
