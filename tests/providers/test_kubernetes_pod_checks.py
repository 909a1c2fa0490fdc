"""The Kubernetes checks of pods, logs, figures, autoscalers, secrets, and of what runs inside pods."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import pytest
from kubernetes_room import NAME, Room, open_room, role_rules, settled, until
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary

from bot.core.errors import Denied, TimedOut, Unreachable
from sandbox.world.kubernetes import pod_states
from sandbox.world.kubernetes.companions import FAKE_CRM_KEY, autoscaler
from sandbox.world.kubernetes.pod_logs import FAKE_EMAIL, FAKE_TOKEN, Said
from sandbox.world.kubernetes.resources import AUTOSCALERS, EVENTS, PODS, SECRETS
from sandbox.world.seed import NAMESPACE
from tests.ports import NOBODY

# Each check with what it asks and the rule without which it cannot answer, as a refusal names it.
CHECKS: list[tuple[str, dict[str, object], str, str]] = [
    ("deployment", {"name": NAME}, "get", "deployments.apps"),
    ("pods", {"selector": "app=postgresql"}, "list", "pods"),
    ("events", {"name": NAME}, "list", "events"),
    ("revisions", {"name": NAME}, "list", "replicasets.apps"),
    ("rollout", {"name": NAME}, "get", "deployments.apps"),
    ("logs", {"deployment": NAME}, "get", "pods/log"),
    ("logs", {"pod": "postgresql-0"}, "get", "pods"),
    ("top", {"selector": "app=redis"}, "list", "pods"),
    ("autoscaler", {"deployment": NAME}, "list", "horizontalpodautoscalers.autoscaling"),
    ("secret", {"name": "crm-credentials"}, "get", "secrets"),
    ("disk", {"selector": "app=postgresql", "path": "/var/lib/postgresql/data"}, "get, create", "pods/exec"),
    ("reach", {"deployment": NAME, "host": "redis-service", "port": 6379}, "get, create", "pods/exec"),
    ("sql", {"selector": "app=postgresql"}, "get, create", "pods/exec"),
    ("redis", {"selector": "app=redis"}, "get, create", "pods/exec"),
]
INSIDE = [check for check in CHECKS if check[3] == "pods/exec"]


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        yield opened


def add(room: Room, text: str, who: str = NAME, seconds_ago: int = 1, container: str = "") -> None:
    room.cluster.said.append(Said(who, text, datetime.now(UTC) - timedelta(seconds=seconds_ago), container))


def add_sidecar(room: Room) -> None:
    room.edit(
        NAME,
        lambda one: one["spec"]["template"]["spec"]["containers"].append({"name": "proxy", "image": "envoy:1.31"}),
    )


async def test_all_checks_work_with_exactly_the_roles_of_the_document(room: Room) -> None:
    address = room.address("plantao-read", "plantao-exec")
    for name, parameters, _, _ in CHECKS:
        reading = await read(f"kubernetes.{name}", address, **parameters)
        assert reading.measurements, name
        assert not [one.name for one in reading.measurements if one.value is None and one.name[:3] in ("mem", "use")]


@pytest.mark.parametrize(("name", "parameters", "verb", "resource"), CHECKS)
async def test_without_its_rule_the_refusal_names_what_to_grant(
    name: str, parameters: dict[str, object], verb: str, resource: str, room: Room
) -> None:
    plural, _, rest = resource.partition(".")

    def is_that(rule: dict[str, Any]) -> bool:
        return plural in rule["resources"] and rule["apiGroups"] == [rest]

    address = room.address("plantao-read", "plantao-exec", without=is_that)
    error = await refusal(f"kubernetes.{name}", address, **parameters)
    assert isinstance(error, Denied)
    assert f"let this account `{verb}` `{resource}` in production. Add that to its Role." in spoken(error)


async def test_without_the_metrics_rule_the_figures_are_missing_with_what_to_grant(room: Room) -> None:
    address = room.address("plantao-read", without=lambda rule: rule["apiGroups"] == ["metrics.k8s.io"])
    reading = await read("kubernetes.top", address, deployment=NAME)
    assert measured(reading)["pods"] == 3
    for name in ("memory_percent", "memory_mb", "cpu_m"):
        assert "`list` `pods.metrics.k8s.io` in production" in missing(reading, name)


def test_the_roles_grant_no_star_and_secrets_by_name_only() -> None:
    rules = role_rules("plantao-read", "plantao-exec", "plantao-change")
    assert not [rule for rule in rules if "*" in str(rule)]
    assert all(rule["resourceNames"] for rule in rules if "secrets" in rule["resources"])
    reading = role_rules("plantao-read")
    assert {verb for rule in reading for verb in rule["verbs"]} == {"get", "list"}


@pytest.mark.parametrize(("name", "parameters", "verb", "resource"), CHECKS)
async def test_a_wrong_token_is_told(
    name: str, parameters: dict[str, object], verb: str, resource: str, room: Room
) -> None:
    error = await refusal(f"kubernetes.{name}", {**room.address(), "token": "s3same"}, **parameters)
    assert isinstance(error, Denied)
    assert "does not accept the token" in spoken(error)


@pytest.mark.parametrize(("name", "parameters", "verb", "resource"), CHECKS)
async def test_a_dead_cluster_is_unreachable(
    name: str, parameters: dict[str, object], verb: str, resource: str
) -> None:
    address = {"server": f"http://127.0.0.1:{NOBODY}", "token": "s3same", "namespace": NAMESPACE}
    assert isinstance(await refusal(f"kubernetes.{name}", address, **parameters), Unreachable)


async def test_a_hung_cluster_times_out_within_the_limit(room: Room) -> None:
    room.cluster.faults.latency_seconds = 60
    address, begun = room.address(), monotonic()
    errors = await asyncio.gather(*(refusal(f"kubernetes.{name}", address, **given) for name, given, *_ in CHECKS))
    assert {type(error) for error in errors} == {TimedOut}
    assert monotonic() - begun < 30


async def test_the_pod_of_a_stateful_set_is_found_by_its_label(room: Room) -> None:
    reading = await read("kubernetes.pods", room.address(), selector="app=postgresql")
    assert measured(reading)["running"] == 1
    assert "postgresql-0  Ready" in reading.evidence[0]


async def test_a_crash_looping_pod_is_described_with_its_exit_code_and_without_its_environment(room: Room) -> None:
    room.deploy("agente-api:2.5.0-broken")
    address = room.address()
    reading = await until(
        lambda: read("kubernetes.pods", address, deployment=NAME), lambda one: one["crash_looping"] == 1
    )
    assert "CrashLoopBackOff: back-off 10s restarting failed container=agente-api" in reading.evidence[1]
    assert "ended with Error, exit code 1" in reading.evidence[2]
    values = measured(reading)
    assert (values["running"], values["not_ready"]) == (3, 1)
    assert int(str(values["restarts"])) >= 1
    assert "CACHE_TTL" not in str(reading)


async def test_a_pod_that_was_killed_for_memory_is_counted_though_it_runs_again(room: Room) -> None:
    pod = room.pods()[0]
    pod["status"] = pod_states.out_of_memory(pod, datetime.now(UTC))
    room.store.replace(PODS, pod)
    reading = await read("kubernetes.pods", room.address(), deployment=NAME)
    assert measured(reading)["oom_killed"] == 1
    assert "ended with OOMKilled, exit code 137" in reading.evidence[1]


async def test_more_warnings_than_are_read_are_told_as_a_part(room: Room) -> None:
    moment = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    for number in range(2001):
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"storm.{number}", "namespace": NAMESPACE},
            "involvedObject": {"kind": "Pod", "name": f"{NAME}-0", "namespace": NAMESPACE},
            "type": "Warning",
            "reason": "BackOff",
            "message": f"storm {number}",
            "lastTimestamp": moment,
        }
        room.store.create(EVENTS, event)
    reading = await read("kubernetes.events", room.address(), name=NAME)
    assert summary(reading) == (
        "at least 2000 warnings in the last 30 min: the namespace holds more than 2000, and no more were read"
    )
    assert measured(reading) == {"warnings": None, "occurrences": None}
    assert missing(reading, "warnings") == "only 2000 warnings of the namespace were read"
    assert len(reading.evidence) == 10


async def test_logs_of_all_pods_are_read_together_with_addresses_and_tokens_masked(room: Room) -> None:
    add(room, f"lead synced email={FAKE_EMAIL} token={FAKE_TOKEN}")
    reading = await read("kubernetes.logs", room.address(), deployment=NAME, lines=50, contains=["lead synced"], top=50)
    values = measured(reading)
    assert (values["pods"], values["skipped"], values["sources"]) == (3, 0, 3)
    assert values["lines"] == 150
    assert FAKE_EMAIL not in str(reading)
    assert FAKE_TOKEN not in str(reading)
    assert any("***@example.com" in line for line in reading.evidence)


async def test_the_pod_that_errs_stands_out_and_repeated_messages_are_counted(room: Room) -> None:
    bad, other, *_ = room.pod_names()
    for number in range(6):
        add(room, f"ERROR request {number} failed: connection refused by 10.1.2.3:5432", bad, number)
    add(room, "ERROR something else", other)
    reading = await read("kubernetes.logs", room.address(), deployment=NAME, contains=["error"], group="message")
    values = measured(reading)
    assert (values["matched"], values["sources"], values["most_repeated"]) == (7, 2, 6)
    assert values["busiest_percent"] == 85.7
    assert reading.evidence[0] == "×6 ERROR request N failed: connection refused by N.x:N"
    by_pod = await read("kubernetes.logs", room.address(), deployment=NAME, contains=["error"], group="source")
    assert by_pod.evidence[:2] == (f"×6 {bad}", f"×1 {other}")


async def test_the_most_frequent_addresses_and_agents_are_counted_and_addresses_masked(room: Room) -> None:
    for number, last in enumerate((17, 17, 17, 4)):
        agent = "curl/8.5" if last == 17 else "Mozilla/5.0"
        add(room, f'GET /chat from 203.0.{last}.9 user-agent="{agent}"', room.pod_names()[0], number)
    wanted: dict[str, object] = {"deployment": NAME, "contains": ["GET /chat"], "top": 20}
    by_address = await read("kubernetes.logs", room.address(), **wanted, group="address")
    assert by_address.evidence == ("×3 203.0.17.x", "×1 203.0.4.x")
    by_agent = await read("kubernetes.logs", room.address(), **wanted, group="agent")
    assert by_agent.evidence == ("×3 curl/8.5", "×1 Mozilla/5.0")


async def test_lines_of_a_fallback_and_of_memory_are_found_among_the_others(room: Room) -> None:
    pod = room.pod_names()[0]
    add(room, "CRM fallback active, 12 leads queued for retry", pod)
    add(room, "MemoryError in build_context", pod)
    for words, count in (("CRM fallback active", 1), ("memoryerror", 1), ("CRM request", 0)):
        without = ["took"] if words == "CRM request" else []
        reading = await read("kubernetes.logs", room.address(), deployment=NAME, contains=[words], without=without)
        assert measured(reading)["matched"] == count


async def test_only_the_minutes_asked_for_are_read(room: Room) -> None:
    add(room, "PANIC: long ago", "postgresql-0", seconds_ago=3600)
    wanted: dict[str, object] = {"pod": "postgresql-0", "contains": ["PANIC"], "lines": 5000}
    assert measured(await read("kubernetes.logs", room.address(), **wanted))["matched"] == 1
    recent = await read("kubernetes.logs", room.address(), **wanted, minutes=30)
    assert measured(recent)["matched"] == 0
    assert int(str(measured(recent)["lines"])) > 100


async def test_a_figure_in_the_lines_is_measured(room: Room) -> None:
    add(room, "LLM latency 14.5s model=gpt-4o", room.pod_names()[0])
    reading = await read(
        "kubernetes.logs", room.address(), deployment=NAME, contains=["LLM latency"], number_after="LLM latency"
    )
    assert measured(reading)["number_max"] == 14.5
    assert measured(reading)["number_p50"] == 0.9


async def test_every_container_of_a_pod_is_read_or_only_the_one_named(room: Room) -> None:
    add_sidecar(room)
    await settled(room)
    add(room, "upstream connect error", NAME, container="proxy")
    both = await read("kubernetes.logs", room.address(), deployment=NAME, contains=["upstream"], lines=20)
    assert measured(both)["sources"] == 3
    assert all("/proxy: upstream connect error" in line for line in both.evidence)
    proxy = await read("kubernetes.logs", room.address(), deployment=NAME, container="proxy")
    assert measured(proxy)["lines"] == 3
    error = await refusal("kubernetes.logs", room.address(), deployment=NAME, container="nobody")
    assert spoken(error) == "None of the 3 pods has a container nobody."


async def test_the_log_before_a_crash_shows_its_cause_and_other_pods_are_skipped(room: Room) -> None:
    calm = await read("kubernetes.logs", room.address(), deployment=NAME, previous=True)
    assert (measured(calm)["lines"], measured(calm)["skipped"]) == (0, 3)
    assert "previous terminated container" in calm.evidence[0]
    room.deploy("agente-api:2.5.0-broken")
    address = room.address()
    await until(lambda: read("kubernetes.pods", address, deployment=NAME), lambda one: one["crash_looping"] == 1)
    reading = await read("kubernetes.logs", address, deployment=NAME, previous=True, contains=["KeyError"])
    assert (measured(reading)["matched"], measured(reading)["skipped"]) == (1, 3)
    assert "KeyError: 'LLM_API_BASE'" in reading.evidence[0]


async def test_pods_that_have_no_log_yet_are_unknown_and_never_an_empty_log(room: Room) -> None:
    def start_anew(deployment: dict[str, Any]) -> None:
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "redis:missing"

    room.edit("redis", start_anew)
    address = room.address()
    await until(lambda: read("kubernetes.pods", address, selector="app=redis"), lambda one: one["pods"] == 2)
    waiting = next(pod for pod in room.pods("redis") if pod_states.waiting_reason(pod))
    error = await refusal("kubernetes.logs", address, pod=waiting["metadata"]["name"])
    assert "has a log to read" in spoken(error)
    assert "is waiting to start" in spoken(error)


async def test_logs_of_nobody_are_unknown(room: Room) -> None:
    assert spoken(await refusal("kubernetes.logs", room.address(), selector="app=x")) == "There is no such pod."
    error = await refusal("kubernetes.logs", room.address(), pod="nobody-0")
    assert spoken(error) == "There is no pod nobody-0 in production."


async def test_a_log_without_end_is_cut_and_says_so(room: Room) -> None:
    for number in range(40):
        add(room, "x" * 20_000, "postgresql-0", number)
    reading = await read("kubernetes.logs", room.address(), pod="postgresql-0", lines=100, top=3)
    assert measured(reading)["cut"] == 1
    assert reading.evidence[-1] == "(postgresql-0: only the first 512 KiB of these lines)"
    assert max(map(len, reading.evidence)) < 400


async def test_a_rollout_is_done_going_on_or_stuck(room: Room) -> None:
    address = room.address("plantao-read")
    done = await read("kubernetes.rollout", address, name=NAME)
    assert measured(done)["done"] is True
    assert summary(done) == "rolled out: 3 of 3 pods"
    room.edit(NAME, lambda one: one["spec"].update(progressDeadlineSeconds=600))
    room.deploy("agente-api:2.5.0-broken")
    going = await until(lambda: read("kubernetes.rollout", address, name=NAME), lambda one: one["done"] is False)
    assert measured(going)["stuck"] is False
    room.edit(NAME, lambda one: one["spec"].update(progressDeadlineSeconds=1))
    stuck = await until(lambda: read("kubernetes.rollout", address, name=NAME), lambda one: one["stuck"] is True)
    assert (measured(stuck)["updated"], measured(stuck)["desired"]) == (1, 3)


async def test_top_tells_the_worst_share_of_a_limit(room: Room) -> None:
    heavy, busy, _ = room.pod_names()
    room.cluster.usage = {heavy: ("100m", "1900Mi"), busy: ("950m", "512Mi")}
    reading = await read("kubernetes.top", room.address(), deployment=NAME)
    assert measured(reading) == {
        "pods": 3,
        "measured": 3,
        "memory_percent": 92.8,
        "memory_mb": 1900.0,
        "cpu_m": 1290,
        "cpu_percent": 95.0,
    }
    assert reading.evidence[0].startswith(heavy)
    by_cpu = await read("kubernetes.top", room.address(), deployment=NAME, sort="cpu")
    assert by_cpu.evidence[0].startswith(busy)


async def test_top_without_limits_or_without_metrics_says_what_is_missing(room: Room) -> None:
    for pod in room.pods():
        del pod["spec"]["containers"][0]["resources"]
        room.store.replace(PODS, pod)
    reading = await read("kubernetes.top", room.address(), deployment=NAME)
    assert "no container of these pods has such a limit" in missing(reading, "memory_percent")
    assert measured(reading)["memory_mb"] == 812
    room.cluster.faults.has_metrics = False
    reading = await read("kubernetes.top", room.address(), deployment=NAME)
    assert "install metrics-server" in missing(reading, "memory_mb")
    assert summary(reading).startswith("not measured")


async def test_an_autoscaler_is_told_with_its_bounds_and_whether_it_is_at_its_limit(room: Room) -> None:
    absent = await read("kubernetes.autoscaler", room.address(), deployment=NAME)
    assert measured(absent)["exists"] is False
    assert "has no autoscaler" in missing(absent, "at_max")
    room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, NAME, 3, 10))
    reading = await read("kubernetes.autoscaler", room.address(), deployment=NAME)
    assert measured(reading) == {
        "exists": True,
        "min": 3,
        "max": 10,
        "current": 3,
        "desired": 3,
        "cpu_percent": 48,
        "target_percent": 70,
        "at_max": False,
    }
    document = room.store.read(AUTOSCALERS, NAMESPACE, NAME)
    document["spec"] |= {"maxReplicas": 3, "metrics": []}
    del document["status"]["currentMetrics"]
    room.store.replace(AUTOSCALERS, document)
    full = await read("kubernetes.autoscaler", room.address(), deployment=NAME)
    assert measured(full)["at_max"] is True
    assert "does not aim at" in missing(full, "target_percent")
    assert "has not read the pods' metrics" in missing(full, "cpu_percent")


async def test_a_secret_is_told_by_age_and_last_change_and_its_contents_stay_where_they_are(room: Room) -> None:
    reading = await read("kubernetes.secret", room.address("plantao-read"), name="crm-credentials")
    assert measured(reading) == {"exists": True, "age_days": 60.0, "changed_days": 12.0, "keys": 2}
    assert FAKE_CRM_KEY not in repr(reading)
    assert room.cluster.exposed == []
    error = await refusal("kubernetes.secret", room.address("plantao-read"), name="another")
    assert "let this account `get` `secrets`" in spoken(error)


async def test_a_secret_that_is_gone_or_without_history_says_so(room: Room) -> None:
    secret = room.store.read(SECRETS, NAMESPACE, "crm-credentials")
    del secret["metadata"]["managedFields"]
    room.store.replace(SECRETS, secret)
    reading = await read("kubernetes.secret", room.address(), name="crm-credentials")
    assert "does not record who changed" in missing(reading, "changed_days")
    room.store.delete(SECRETS, NAMESPACE, "crm-credentials")
    gone = await read("kubernetes.secret", room.address(), name="crm-credentials")
    assert measured(gone)["exists"] is False
    assert summary(gone) == "there is no secret crm-credentials"


async def test_a_full_disk_is_measured_inside_the_pod(room: Room) -> None:
    path = "/var/lib/postgresql/data"
    room.cluster.inside.disks[("postgresql", path)] = (10_240_000, 9_420_800)
    reading = await read("kubernetes.disk", room.address(), selector="app=postgresql", path=path)
    assert measured(reading) == {"used_percent": 92.0, "free_mb": 800}
    assert room.cluster.inside.runs == [("df", "-P", "-k", path)]
    error = await refusal("kubernetes.disk", room.address(), selector="app=postgresql", path="/nowhere")
    assert "No such file or directory" in spoken(error)


async def test_reachability_is_tried_from_inside_the_pod(room: Room) -> None:
    wanted: dict[str, object] = {"deployment": NAME, "host": "postgres-service", "port": 5432}
    reading = await read("kubernetes.reach", room.address(), **wanted)
    assert measured(reading) == {"open": True}
    room.cluster.inside.open_ports.clear()
    closed = await read("kubernetes.reach", room.address(), **wanted)
    assert measured(closed) == {"open": False}
    assert "does not reach postgres-service:5432" in summary(closed)
    assert "Connection refused" in closed.evidence[0]


async def test_postgresql_is_asked_inside_its_pod(room: Room) -> None:
    address, wanted = room.address(), {"selector": "app=postgresql"}
    assert measured(await read("kubernetes.sql", address, **wanted)) == {"answers": True}
    room.cluster.inside.connections = 93
    busy = await read("kubernetes.sql", address, **wanted, query="connections")
    assert measured(busy) == {"answers": True, "total": 93, "max": 100, "used_percent": 93.0}
    room.cluster.inside.postgres_complaint = "FATAL:  the database system is starting up"
    down = await read("kubernetes.sql", address, **wanted, query="connections")
    assert measured(down)["answers"] is False
    assert "is starting up" in missing(down, "used_percent")
    room.cluster.inside.postgres_complaint = 'FATAL:  role "postgres" does not exist'
    error = await refusal("kubernetes.sql", address, **wanted)
    assert isinstance(error, Denied)
    assert "turns the user `postgres` away" in spoken(error)


async def test_redis_is_asked_inside_its_pod(room: Room) -> None:
    address, wanted = room.address(), {"selector": "app=redis"}
    assert measured(await read("kubernetes.redis", address, **wanted)) == {"answers": True}
    info = measured(await read("kubernetes.redis", address, **wanted, command="INFO"))
    assert (info["used_memory_mb"], info["connected_clients"], info["hit_rate_percent"]) == (48.0, 9.0, 90.0)
    room.cluster.inside.lists["crm:retry"] = 41
    queue = await read("kubernetes.redis", address, **wanted, command="LLEN", key="crm:retry")
    assert measured(queue) == {"answers": True, "length": 41}
    assert measured(await read("kubernetes.redis", address, **wanted, command="DBSIZE"))["keys"] == 128
    room.cluster.inside.redis_complaint = "Could not connect to Redis at 127.0.0.1:6379: Connection refused"
    assert measured(await read("kubernetes.redis", address, **wanted))["answers"] is False
    room.cluster.inside.redis_complaint = "NOAUTH Authentication required."
    assert "wants a password" in spoken(await refusal("kubernetes.redis", address, **wanted))


@pytest.mark.parametrize(("name", "parameters", "verb", "resource"), INSIDE)
async def test_a_container_without_the_program_leaves_the_measurement_missing(
    name: str, parameters: dict[str, object], verb: str, resource: str, room: Room
) -> None:
    room.cluster.inside.lacking = {"df", "nc", "psql", "redis-cli"}
    reading = await read(f"kubernetes.{name}", room.address(), **parameters)
    assert reading.measurements
    for measurement in reading.measurements:
        assert "has no `" in missing(reading, measurement.name)


async def test_a_command_that_hangs_inside_is_given_up_within_its_limit(room: Room) -> None:
    room.cluster.inside.hanging = {"psql"}
    begun = monotonic()
    error = await refusal("kubernetes.sql", room.address(), selector="app=postgresql")
    assert isinstance(error, TimedOut)
    assert spoken(error) == "`psql` in postgresql-0 did not answer within 5.0 s."
    assert monotonic() - begun < 30


async def test_nothing_can_be_asked_inside_where_no_pod_runs(room: Room) -> None:
    room.edit(NAME, lambda one: one["spec"].update(replicas=0))
    address = room.address()
    await until(lambda: read("kubernetes.pods", address, deployment=NAME), lambda one: one["pods"] == 0)
    error = await refusal("kubernetes.disk", address, deployment=NAME)
    assert spoken(error) == "There is no such pod."


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("disk", {"selector": "a=b", "path": "/; rm -rf /"}),
        ("disk", {"selector": "a=b", "path": "--help"}),
        ("reach", {"selector": "a=b", "host": "-e/bin/sh", "port": 1}),
        ("reach", {"selector": "a=b", "host": "x", "port": 70000}),
        ("sql", {"selector": "a=b", "query": "DROP TABLE leads"}),
        ("sql", {"selector": "a=b", "user": "x -c 'DROP'"}),
        ("redis", {"selector": "a=b", "command": "FLUSHALL"}),
        ("redis", {"selector": "a=b", "command": "LLEN", "key": "-h"}),
        ("redis", {"selector": "a=b", "command": "LLEN"}),
        ("logs", {"deployment": NAME, "pod": "x"}),
        ("logs", {"pod": "../secrets/crm-credentials"}),
        ("secret", {"name": "a/b"}),
    ],
)
async def test_what_is_not_on_the_list_is_refused_before_anything_is_sent(
    name: str, parameters: dict[str, object], room: Room
) -> None:
    with pytest.raises(ValidationError):
        await read(f"kubernetes.{name}", room.address(), **parameters)
    assert room.cluster.inside.runs == []


async def test_hostile_output_of_a_command_is_masked_and_cut(room: Room) -> None:
    room.cluster.inside.postgres_complaint = f"password=hunter2secret {FAKE_TOKEN} " + "y" * 5000
    error = await refusal("kubernetes.sql", room.address(), selector="app=postgresql")
    assert "hunter2secret" not in spoken(error)
    assert FAKE_TOKEN not in spoken(error)
    assert len(spoken(error)) < 300
