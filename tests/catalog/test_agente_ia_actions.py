"""The actions and runbooks of catalog/agente-ia against the inventory: all there, and as guarded as it says."""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from every_system import test_a_runbook_names_only_what_the_bot_knows_and_would_do
from proving import INVENTORY, documents, ids, inventory, named, system

from bot.catalog.entries import Action
from bot.core.errors import UserError
from bot.core.operation import Change
from bot.flows.choices import missing
from bot.providers import operation
from bot.providers.kubernetes.set_env import SetEnv

NAME: Final = "agente-ia"

# Each item: its risk and who lets it through, in the inventory's words.
ITEMS: Final[Mapping[str, tuple[str, str]]] = {
    "001-A01": ("medium", "oncall"),
    "001-A02": ("medium", "oncall"),
    "001-A03": ("high", "oncall+lead"),
    "001-A04": ("high", "oncall+lead"),
    "001-A05": ("high", "oncall+lead"),
    "001-A06": ("high", "oncall+lead"),
    "001-A07": ("medium", "oncall"),
    "001-A08": ("medium", "oncall"),
    "001-A09": ("low", "oncall"),
    "001-A10": ("medium", "oncall"),
    "001-A11": ("medium", "oncall"),
    "001-A12": ("high", "oncall+lead"),
    "001-A13": ("medium", "oncall"),
    "001-A14": ("medium", "oncall"),
    "001-A15": ("medium", "oncall+lead"),
    "001-A16": ("high", "oncall+lead"),
    "001-A17": ("high", "oncall"),
    "001-A18": ("medium", "oncall"),
    "001-A19": ("medium", "oncall"),
    "001-A20": ("low", "oncall"),
    "001-A21": ("medium", "oncall"),
    "001-A22": ("medium", "oncall"),
    "001-A23": ("medium", "oncall"),
    "001-A24": ("medium", "oncall"),
    "001-A25": ("high", "oncall+lead"),
    "001-A26": ("high", "oncall+lead"),
    "001-A27": ("low", "oncall"),
    "001-A28": ("medium", "oncall+security"),
    "001-A29": ("medium", "oncall+lead"),
    "001-A30": ("high", "oncall+security"),
    "001-A31": ("low", "oncall"),
    "001-A32": ("high", "oncall+security"),
    "001-A33": ("high", "oncall+security"),
    "001-A34": ("high", "oncall+security"),
    "001-A35": ("high", "oncall+lead (DBA)"),
    "001-A36": ("destructive", "oncall+lead (DBA)"),
    "001-A37": ("high", "oncall+lead (DBA)"),
    "001-A38": ("low", "oncall"),
    "001-A39": ("destructive", "oncall+lead"),
    "001-A40": ("medium", "oncall"),
    "001-A41": ("high", "oncall+lead (DBA)"),
    "001-A42": ("low", "oncall"),
    "001-A43": ("destructive", "oncall+lead (DBA)"),
    "001-A44": ("destructive", "oncall+lead (DBA)"),
    "001-A45": ("medium", "oncall+lead"),
    "001-A46": ("medium", "oncall"),
    "001-A47": ("destructive", "oncall+lead"),
    "001-A48": ("high", "oncall+lead"),
    "001-A49": ("high", "refuse"),
    "001-A50": ("low", "development"),
    "001-A51": ("medium", "oncall"),
    "001-A52": ("medium", "oncall"),
    "001-A53": ("medium", "oncall"),
    "001-A54": ("low", "oncall"),
    "001-A55": ("high", "oncall+lead"),
    "001-A56": ("high", "oncall+lead"),
    "001-A57": ("low", "oncall"),
    "001-A58": ("low", "oncall"),
    "001-A59": ("high", "oncall"),
    "001-A60": ("low", "oncall"),
}
# Actions of an item whose own risk is another than the item's.
OTHER_RISK: Final = {
    "vacuum-table": "medium",  # plain VACUUM stands in for VACUUM FULL
    "snapshot-database": "medium",  # a precondition
}
# In a breach, what collects evidence, contains the damage or tells people.
BREACH_OK: Final = {
    "scale-for-attack": "001-A12",
    "tight-rate-limit": "001-A25",
    "partial-maintenance": "001-A26",
    "block-address": "001-A28",
    "unblock-address": "001-A28",
    "cdn-protection": "001-A29",
    "integrations-off": "001-A30",
    "capture-evidence": "001-A31",
    "keep-gateway-log": "001-A31",
    "reset-api-key": "001-A32",
    "reset-key-at-vendor": "001-A32",
    "logout-everyone": "001-A33",
    "revoke-tokens": "001-A34",
    "rotate-crm-key": "001-A48",
    "acknowledge-page": "001-A57",
    "announce": "001-A60",
}
# What must not be done, the danger behind it, and what to do instead: an action, or a check.
REFUSED: Final = {
    "flush-redis": ("G01", "clear-cache"),
    "list-all-keys": ("G02", "cache-keys"),
    "monitor-redis": ("G03", "redis-slowlog"),
    "read-conversation": ("G04", "session"),
    "show-crm-key": ("G09", "rotate-crm-key"),
    "type-crm-key": ("G10", "rotate-crm-key"),
    "copy-logs-to-tmp": ("G20", "capture-evidence"),
    "vacuum-full": ("G21", "vacuum-table"),
    "delete-old-conversations": ("G22", "purge-conversations"),
    "restore-over-live": ("G23", "restore-beside"),
    "restore-through-exec": ("G24", "restore-beside"),
    "canary-by-replicas": ("G41", "canary-step"),
    "delete-old-deployment": ("G42", "park-old-deployment"),
    "replace-ip-set": ("G43", "block-address"),
    "set-any-variable": ("G44", "set-setting"),
    "edit-on-server": ("G53", "compose-limits"),
    "edit-blacklist": ("G53", "block-address"),
}
# Of the dangers in the documents, those of 001 that an action stands for: refused above, or guarded here.
GUARDED: Final = {
    "known-good-image": {"G17", "G45"},
    "integrations-off": {"G19"},
    "purge-conversations": {"G22"},
    "block-address": {"G43", "G56"},
    "tight-rate-limit": {"G57"},
    "capture-evidence": {"G20", "G46"},
    "set-any-variable": {"G60"},
}
CHOSEN: Final[Mapping[str, list[str]]] = {
    "rollback-agente-api": ["to_revision"],
    "delete-bad-pod": ["pod"],
    "canary-step": ["share"],
    "scale-api": ["replicas"],
    "autoscale": ["min"],
    "set-setting": ["variable", "value"],
    "db-pool": ["value"],
    "capture-evidence": ["selector"],
    "block-address": ["address", "hours"],
    "unblock-address": ["address"],
    "reset-api-key": ["name"],
    "cancel-query": ["pid"],
    "end-query": ["pid"],
    "analyze-table": ["table"],
    "vacuum-table": ["table"],
    "end-conversation": ["key"],
    "acknowledge-page": ["incident"],
    "silence-alert": ["matchers", "minutes", "comment"],
    "announce": ["what", "service", "version", "minutes", "from", "until"],
}
# What somebody may type where there is no list to choose from, and what the pattern has to keep out.
TYPED: Final[Mapping[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]]] = {
    ("rollback-agente-api", "to_revision"): (("7",), ("-1", "latest", "7;8")),
    ("delete-bad-pod", "pod"): (("agente-api-7d9f8b6c5-x2k4p",), ("postgresql-0", "agente-api-x y", "agente-api-*")),
    ("set-setting", "value"): (("30", "3600"), ("0", "-1", "1.5", "100000", "true", "30 LOG=1", "$(id)")),
    ("block-address", "address"): (
        ("203.0.113.7/32", "2001:db8::/48"),
        ("0.0.0.0 /0", "evil.example", "1.2.3.4,5.6.7.8"),
    ),
    ("unblock-address", "address"): (("203.0.113.7/32",), ("all", "1.2.3.4,5.6.7.8")),
    ("cancel-query", "pid"): (("4711",), ("0", "-4711", "1 OR 1", "12345678")),
    ("end-query", "pid"): (("4711",), ("0", "-4711", "1 OR 1", "12345678")),
    ("end-conversation", "key"): (("conversation:abc-123",), ("conversation:*", "crm_retry_queue", "conversation:")),
    ("acknowledge-page", "incident"): (("Q1ABC234XYZ",), ("q1abc", "Q1ABC234XYZ/..", "*")),
    ("silence-alert", "matchers"): (("alertname=HighErrorRate",), ("severity=critical", "alertname=~.*", "alertname=")),
    ("silence-alert", "comment"): (("resolvido, aguardando a janela",), ("ok", "<!channel> tudo bem")),
    ("announce", "version"): (("v2.4.0", "2.4.0-rc.1"), ("", "<!channel>", "2.4.0 @here", "*2*")),
    ("announce", "minutes"): (("5", "90"), ("0", "-5", "muito")),
    ("announce", "from"): (("21/11-14:30", "14:30"), ("ontem", "<!here>")),
    ("announce", "until"): (("21/11-15:10",), ("agora", "@here")),
}


def actions() -> Mapping[str, Action]:
    return system(NAME).actions


def item_of(action: Action) -> str:
    """The item that an action serves first."""
    return re.findall(r"001-[AD]\d\d", action.source)[0]


def carried_out() -> dict[str, Action]:
    return {name: one for name, one in actions().items() if one.refused is None}


def holders(action: Action) -> set[str]:
    """The roles of which one has to be among those who agree."""
    assert action.approve
    return set(action.approve.among or action.approve.roles)


def test_every_action_and_runbook_of_the_inventory_has_its_entry() -> None:
    found = {id_ for id_ in named(one.source for one in actions().values()) if id_[4] == "A"}
    assert found == ids("001", A=60) == set(ITEMS)
    assert named(documents(system(NAME)).values()) >= ids("001", R=25)
    assert ids("001", A=60, R=25) <= (inventory("001-") or ids("001", A=60, R=25))


def test_every_runbook_has_one_item_and_no_item_has_two() -> None:
    origins = [re.findall(r"^Origem: (.*)$", text, re.MULTILINE) for text in documents(system(NAME)).values()]
    assert sorted(origins) == [[id_] for id_ in sorted(ids("001", R=25))]


def test_the_table_of_this_test_is_that_of_the_inventory() -> None:
    text = INVENTORY.read_text(encoding="utf-8") if INVENTORY.exists() else ""
    lines = re.findall(r"\*\*(001-A\d\d)\*\* .*?\*\*(\w+)\*\*(.*)", text)
    told = {id_: (risk, re.findall(r"\*approve\* ([^.]+)\.", rest)[0]) for id_, risk, rest in lines}
    assert told in ({}, dict(ITEMS))
    breach_ok = {id_ for id_, _, rest in lines if "breach-ok" in rest}
    assert breach_ok in (set(), set(BREACH_OK.values()))


def test_the_rollback_is_verified_by_what_the_document_says() -> None:
    found = actions()["rollback-agente-api"]
    assert next(iter(actions())) == "rollback-agente-api"
    assert (found.verb, found.service, found.operation) == ("rollback", "agente-api", "kubernetes.rollout_undo")
    assert found.risk == "medium"
    assert found.verify == ("deployment", "rollout", "pods", "api-health", "api-version", "smoke-test", "error-rate")
    assert "log-previous" in found.evidence
    assert not found.breach_ok


@pytest.mark.parametrize("name", carried_out())
def test_an_action_has_the_risk_and_the_people_of_its_item(name: str) -> None:
    action = actions()[name]
    risk, who = ITEMS[item_of(action)]
    assert action.risk == OTHER_RISK.get(name, risk)
    wanted = {
        "oncall": {"responder", "approver"} | ({"security"} if item_of(action) == "001-A31" else set()),
        "oncall+lead": {"approver"},
        "oncall+lead (DBA)": {"approver", "dba"},
        "oncall+security": {"security"},
        "development": {"approver"},
    }
    assert holders(action) == wanted[who]


@pytest.mark.parametrize("name", carried_out())
def test_only_what_is_harmless_is_confirmed_alone_and_what_destroys_needs_two(name: str) -> None:
    action = actions()[name]
    assert action.approve
    assert action.is_confirmed_alone == (action.risk == "low")
    assert action.quorum == (2 if action.risk == "destructive" else 1)
    assert action.approve.emergency == ()


def test_in_a_breach_only_evidence_containment_and_messages_go_on() -> None:
    found = {name: item_of(one) for name, one in actions().items() if one.breach_ok}
    assert found == BREACH_OK
    assert [one.name for one in actions().values() if one.verb == "rollback" and one.breach_ok] == []


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_dangerous_is_refused_and_names_a_safe_way_that_is_there(name: str) -> None:
    danger, instead = REFUSED[name]
    found, action = system(NAME), actions()[name]
    assert action.refused is not None
    assert danger in action.source
    advised = [re.findall(r"`/diag ([a-z-]+)`", words) for words in (action.refused.en, action.refused.pt)]
    assert advised[0] == advised[1]
    assert [word for word in advised[0] if not found.knows(word)] == []
    assert instead in (action.instead, *advised[0])
    assert not action.instead or found.actions[action.instead].refused is None


def test_nothing_else_is_refused() -> None:
    assert {name for name, one in actions().items() if one.refused} == set(REFUSED)


def test_every_danger_of_the_document_is_named_by_what_guards_against_it() -> None:
    found = actions()
    assert {
        name: wanted for name, wanted in GUARDED.items() if not wanted <= set(re.findall(r"G\d\d", found[name].source))
    } == {}
    dangers = {danger for danger, _ in REFUSED.values()}.union(*GUARDED.values())
    sources = [one.source for one in (*found.values(), *system(NAME).checks.values())]
    told = set(re.findall(r"\bG\d\d\b", " ".join(sources)))
    of_reads = {"G02", "G03", "G04", "G46", "G47", "G52", "G55"}
    assert dangers | of_reads <= told


def test_nobody_chooses_what_the_catalog_has_to_fix() -> None:
    assert {name: list(one.asks) for name, one in actions().items() if one.asks} == CHOSEN


@pytest.mark.parametrize(("name", "asked"), TYPED)
def test_what_is_typed_is_let_in_or_kept_out(name: str, asked: str) -> None:
    good, bad = TYPED[name, asked]
    action = actions()[name]
    for value in good:
        assert asked not in missing(action, {asked: value})
    for value in bad:
        with pytest.raises(UserError):
            missing(action, {asked: value})


def combinations(action: Action) -> Iterator[dict[str, str]]:
    """Every way to answer what an action asks; where it lets type, the samples."""
    answers = {name: ask.choices or TYPED[action.name, name][0] for name, ask in action.asks.items()}
    optional = {name for name, ask in action.asks.items() if ask.optional}
    for chosen in itertools.product(*(((*values, "") if n in optional else values) for n, values in answers.items())):
        yield {name: value for name, value in zip(answers, chosen, strict=True) if value}


@pytest.mark.parametrize("name", [name for name, one in carried_out().items() if one.operation])
def test_whatever_is_chosen_the_operation_accepts_it(name: str) -> None:
    action = actions()[name]
    found = operation(action.operation)
    assert isinstance(found, Change)
    given = list(combinations(action))
    assert given
    for chosen in given:
        assert missing(action, chosen) == []
        parameters = found.parameters.model_validate({**action.parameters, **chosen})
        assert {key: str(getattr(parameters, key)) for key in chosen} == chosen


@pytest.mark.parametrize("name", [name for name, one in carried_out().items() if one.operation == "kubernetes.set_env"])
def test_a_setting_is_one_that_the_catalog_lets_be_set(name: str) -> None:
    action = actions()[name]
    for chosen in combinations(action):
        wanted = SetEnv.model_validate({**action.parameters, **chosen})
        assert wanted.variable in wanted.allowed
        assert wanted.accepts(wanted.value)
    assert not wanted.accepts("postgresql://user:secret@host/db")


def test_settings_have_the_values_of_the_document() -> None:
    setting = {"kubernetes.set_env", "kubernetes.copy_pod"}
    found = [one for one in actions().values() if one.operation in setting and "variable" not in one.asks]
    values = {
        (one.parameters["variable"], one.parameters.get("value", one.asks and one.asks["value"].default))
        for one in found
    }
    assert values == {
        ("DB_POOL_SIZE", "50"),
        ("DB_MAX_OVERFLOW", "20"),
        ("DEFAULT_MODEL", "gpt-3.5-turbo"),
        ("SIMPLE_QUERY_MODEL", "gpt-3.5-turbo"),
        ("CACHE_TTL", "3600"),
        ("MAX_TOKENS", "300"),
        ("LLM_TIMEOUT", "10"),
        ("REQUEST_TIMEOUT", "30"),
        ("RATE_LIMIT_PER_MINUTE", "200"),
        ("RATE_LIMIT_PER_MINUTE", "10"),
        ("MAINTENANCE_MODE", "partial"),
        ("MEMORY_PROFILING", "true"),
        ("ENABLE_INTEGRATIONS", "false"),
        ("DATABASE_NAME", "agente_ia_new"),
        ("LLM_PROVIDER", "anthropic"),
        ("LLM_PROVIDER", "openai"),
        ("FALLBACK_MODE", "true"),
        ("FALLBACK_MODE", "false"),
    }


def test_numbers_of_pods_and_their_size_are_those_of_the_document() -> None:
    found = actions()
    assert found["stop-pods"].parameters["replicas"] == found["park-old-deployment"].parameters["replicas"] == 0
    assert (found["scale-api"].asks["replicas"].default, found["scale-api"].parameters["max"]) == ("20", 30)
    assert found["scale-for-attack"].parameters["replicas"] == found["scale-for-attack"].parameters["max"] == 50
    assert not found["scale-api"].parameters.get("allow_autoscaled")
    assert found["autoscale"].parameters == {"deployment": "agente-api", "max": 50, "cpu_percent": 70, "ceiling": 50}
    assert found["autoscale"].asks["min"].choices == ("5", "10")
    sizes = {key: value for key, value in found["more-resources"].parameters.items() if key.startswith(("req", "lim"))}
    assert sizes == {"requests_cpu": "2", "requests_memory": "4Gi", "limits_cpu": "4", "limits_memory": "8Gi"}
    assert found["restart-api"].parameters["allow_single"] is False


@pytest.mark.parametrize(
    ("name", "required"),
    [
        ("start-api", ("database-ping", "redis-ping")),
        ("start-container", ("database-ping", "redis-ping")),
        ("stop-api", ("active-requests",)),
        ("stop-container", ("active-requests",)),
        ("stop-pods", ("active-requests",)),
        ("canary-step", ("error-rate", "response-p95", "alerts-critical")),
        ("scale-api", ("database-connections",)),
        ("scale-for-attack", ("database-connections",)),
        ("db-pool", ("database-connections",)),
        ("db-overflow", ("database-connections",)),
        ("faster-model", ("openai-probe",)),
        ("simple-model", ("openai-probe",)),
        ("use-anthropic", ("anthropic-probe",)),
        ("use-openai", ("openai-probe", "openai-quiet")),
        ("canned-answers-off", ("openai-probe", "openai-quiet")),
        ("switch-database", ("restored-rows",)),
        ("add-index", ("database-disk",)),
        ("purge-conversations", ("backups",)),
        ("process-retry-queue", ("crm-probe",)),
    ],
)
def test_what_has_to_hold_before_is_required(name: str, required: tuple[str, ...]) -> None:
    assert actions()[name].requires == required


def test_no_other_action_waits_for_a_check() -> None:
    assert sum(bool(one.requires) for one in actions().values()) == 19


def test_pods_times_what_each_may_open_stays_below_the_limit_of_the_database() -> None:
    shares = {name: one.shares for name, one in actions().items() if one.shares}
    assert {name: (one.parameter, one.each, one.beside) for name, one in shares.items()} == {
        "scale-api": ("replicas", "pool-per-pod.added", None),
        "scale-for-attack": ("replicas", "pool-per-pod.added", None),
        "db-pool": ("value", "deployment.desired", "overflow-per-pod.added"),
        "db-overflow": ("value", "deployment.desired", "pool-per-pod.added"),
    }
    assert {one.of for one in shares.values()} == {"database-connections.max"}
    checks = system(NAME).checks
    warned = checks["database-connections"].thresholds["used_percent"].warn
    assert {100 - one.reserve for one in shares.values()} == {warned}
    assert checks["pool-per-pod"].parameters["added"] == ["DB_POOL_SIZE"]
    assert checks["overflow-per-pod"].parameters["added"] == ["DB_MAX_OVERFLOW"]


def test_more_or_bigger_pods_need_room_on_the_nodes() -> None:
    sizes = ("requests_cpu", "requests_memory", "limits_cpu", "limits_memory")
    assert {name: one.guards for name, one in actions().items() if one.guards} == {
        "scale-api": {"node-room": {"replicas": "replicas"}},
        "scale-for-attack": {"node-room": {"replicas": "replicas"}},
        "more-resources": {"node-room": {size: size for size in sizes}},
        "more-memory": {"node-room": {"limits_memory": "limits_memory"}},
    }


def test_a_step_that_destroys_traces_or_the_way_back_waits_for_the_step_that_keeps_them() -> None:
    assert {name: one.first for name, one in actions().items() if one.first} == {
        "stop-api": ("maintenance-on",),
        "stop-container": ("maintenance-on",),
        "stop-pods": ("maintenance-on",),
        "integrations-off": ("capture-evidence",),
        "reset-api-key": ("capture-evidence",),
        "reset-key-at-vendor": ("capture-evidence",),
        "restart-database-pod": ("snapshot-database",),
    }


def test_deletions_are_bounded_and_know_of_a_backup_and_of_legal_holds() -> None:
    found = actions()
    purge = found["purge-conversations"]
    assert purge.parameters["days"] == 90
    assert purge.parameters["cap"] == 100_000
    assert (purge.parameters["backup_check"],) == purge.requires
    assert purge.parameters["hold_table"] == "legal_holds"
    assert found["clear-cache"].parameters["prefixes"] == ["cache:"]
    assert found["clear-cache"].parameters["cap"] == 10_000
    assert found["end-conversation"].parameters == {"prefixes": ["conversation:"]}
    logs = found["prune-logs"].parameters
    assert (logs["folder"], logs["pattern"], logs["days"], logs["hold"]) == (
        "/var/log/agente",
        "*.log",
        30,
        "LEGAL_HOLD",
    )


def test_a_long_step_of_the_database_is_given_the_time_that_it_takes() -> None:
    index = actions()["add-index"]
    assert index.limit
    assert index.limit.total_seconds() > 60 * index.parameters["minutes"]


def test_maintenance_is_verified_by_a_503_for_newcomers_and_its_end_by_the_same_request_served() -> None:
    found = system(NAME)
    on, off, partly = (found.actions[name] for name in ("maintenance-on", "maintenance-off", "partial-maintenance"))
    assert on.verify == ("newcomers-refused", "active-requests")
    assert off.verify == ("api-health", "smoke-list")
    assert partly.verify == ("rollout", "api-health", "newcomers-refused", "smoke-list")
    assert partly.verified_by({}, is_way_back=True) == ("rollout", "api-health", "smoke-list")
    closed, served = found.checks["newcomers-refused"], found.checks["smoke-list"]
    assert (closed.thresholds["status"].expect, served.thresholds["status"].expect) == (503, 200)
    assert closed.parameters["path"] == served.parameters["path"]
    newcomer, signed_in = (found.profile.targets[one.target].address for one in (closed, served))
    assert (newcomer["url"], sorted(newcomer), sorted(signed_in)) == (signed_in["url"], ["url"], ["token", "url"])


def test_the_503_of_maintenance_is_no_alarm() -> None:
    found = system(NAME)
    assert [
        word
        for word in ("all", *found.alerts, *found.runbooks, "api", "smoke")
        if "newcomers-refused" in named_by(word)
    ] == []


def named_by(word: str) -> list[str]:
    return [one.name for one in system(NAME).checks_named(word)]


def test_the_check_behind_a_setting_verifies_it() -> None:
    found = actions()
    setting, siblings = found["set-setting"], ("llm-timeout", "fewer-tokens", "request-timeout")
    behind = setting.asks["variable"].verify
    assert tuple(behind) == setting.asks["variable"].choices
    for one in (found[name] for name in siblings):
        assert set(behind[one.parameters["variable"]]) == set(one.verify) - {"rollout", "api-health", "api-llm"}
    assert set(behind["CACHE_TTL"]) <= {*found["cache-longer"].verify, *found["cache-longer"].evidence}
    given = {"variable": "LLM_TIMEOUT", "value": "20"}
    wanted = ("rollout", "api-health", "llm-latency", "error-rate")
    assert setting.verified_by(given, is_way_back=False) == setting.verified_by(given, is_way_back=True) == wanted


def test_the_same_list_of_addresses_is_blocked_unblocked_and_looked_at() -> None:
    found = system(NAME)
    told = [found.actions["block-address"], found.actions["unblock-address"], found.checks["blocked-addresses"]]
    assert len({(one.parameters["name"], one.parameters["id"], one.target) for one in told}) == 1


def test_a_secret_is_replaced_in_its_store_and_never_typed() -> None:
    found = actions()
    assert {found[name].operation for name in ("rotate-crm-key", "reset-api-key")} == {"aws_secrets.rotate"}
    assert found["rotate-crm-key"].parameters["name"] == system(NAME).checks["aws-secret"].parameters["name"]
    words = [*(ask.pattern for one in found.values() for ask in one.asks.values() if not ask.choices)]
    assert [word for word in words if re.search("key=|token|secret|password", word)] == []


def test_a_key_that_was_reset_is_verified_by_the_earlier_one_being_refused() -> None:
    found = system(NAME)
    reset = found.actions["reset-api-key"]
    asked = reset.asks["name"]
    assert tuple(asked.verify) == asked.choices
    for key, checks in asked.verify.items():
        assert reset.verified_by({"name": key}, is_way_back=False) == ("aws-secret", *checks)
        [check] = [found.checks[name] for name in checks]
        assert check.thresholds["status"].expect == 401
        references = found.profile.targets[check.target].references()
        assert sum("EARLIER" in one for one in references) == 1
    assert len(set(asked.verify.values())) == 5


def test_a_step_by_hand_says_what_to_do_and_leaves_time_for_it() -> None:
    found = {name: one for name, one in actions().items() if one.by_hand}
    assert set(found) == {
        "stop-container",
        "canary-by-pipeline",
        "compose-limits",
        "cdn-protection",
        "reset-key-at-vendor",
        "logout-everyone",
        "revoke-tokens",
        "snapshot-database",
        "bigger-volume",
        "slow-crm-client",
    }
    assert [name for name, one in found.items() if one.approve and one.approve.expires.total_seconds() < 3600] == []


def test_a_runbook_that_another_leads_to_is_there() -> None:
    found = system(NAME)
    followed = {name for text in documents(found).values() for name in re.findall(r"`/runbook ([^`]+)`", text)}
    assert len(followed) > 5
    assert followed - set(found.runbooks) == set()


def test_every_action_that_treats_an_incident_stands_in_a_runbook() -> None:
    found = system(NAME)
    offered = {name for one in found.runbooks.values() for name in one.resolution}
    elsewhere = {"rollback-agente-api", "unblock-address", "end-conversation", "clear-cache", "prune-logs"}
    assert set(carried_out()) - offered == elsewhere


def test_evidence_comes_before_containment_and_neither_a_rollback_nor_a_clean_up_after_it() -> None:
    order = system(NAME).runbooks["suspected-breach"].resolution
    assert order[:3] == ("capture-evidence", "keep-gateway-log", "integrations-off")
    assert [name for name in order if not actions()[name].breach_ok] == []


def test_a_lost_database_is_kept_before_it_is_touched_and_restored_beside() -> None:
    order = system(NAME).runbooks["database-lost"].resolution
    assert order[:4] == ("snapshot-database", "restart-database-pod", "restore-beside", "switch-database")
