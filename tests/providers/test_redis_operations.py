"""The Redis checks against real servers: what they tell of a healthy one, and what they say of a sick one."""

import asyncio
import threading
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest
import redis
from data_changes import granted
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary
from redis_server import RedisServer, installed, self_signed, started

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.findings import Reading
from bot.core.operation import Read
from bot.providers import names, operation
from tests.ports import NOBODY, free_port

EVERY = [name for name in names() if name.startswith("redis.") and isinstance(operation(name), Read)]
NEEDED: dict[str, dict[str, object]] = {
    "redis.scan": {"pattern": "ai:*"},
    "redis.list_length": {"key": "crm_retry_queue"},
    "redis.key_meta": {"key": "crm_retry_queue"},
}


async def until_measured(name: str, url: str, wanted: dict[str, object]) -> Reading:
    deadline = monotonic() + 40
    while True:
        reading = await read(name, {"url": url})
        if wanted.items() <= measured(reading).items():
            return reading
        assert monotonic() < deadline, measured(reading)


async def test_ping_tells_the_round_trip_in_milliseconds(server: RedisServer) -> None:
    reading = await read("redis.ping", {"url": server.url()})
    latency = measured(reading)["latency_ms"]
    assert isinstance(latency, float)
    assert 0 < latency < 3000
    assert summary(reading) == f"answers in {latency} ms"


async def test_memory_is_compared_with_maxmemory(server: RedisServer) -> None:
    reading = await read("redis.memory", {"url": server.url()})
    values = measured(reading)
    assert values["limit_mb"] == 64.0
    assert values["policy"] == "allkeys-lru"
    assert isinstance(values["used_percent"], float)
    assert 0 < values["used_percent"] < 50
    assert summary(reading) == f"{values['used_percent']}% of 64.0 MB used, policy allkeys-lru"


async def test_memory_without_maxmemory_is_compared_with_the_machine_and_says_so(patient: RedisServer) -> None:
    reading = await read("redis.memory", {"url": patient.url()})
    with patient.client() as client:
        total = client.info("memory")["total_system_memory"]
    assert measured(reading)["limit_mb"] == round(total / 1024 / 1024, 1)
    assert "no `maxmemory` is set" in summary(reading)


async def test_hit_rate_is_unknown_before_any_traffic_and_exact_after(patient: RedisServer) -> None:
    before = await read("redis.hit_rate", {"url": patient.url()})
    assert "no key has been looked up" in missing(before, "hit_rate_percent")
    with patient.client() as client:
        client.set("present", "1")
        for key in ("present", "present", "present", "absent"):
            client.get(key)
    after = await read("redis.hit_rate", {"url": patient.url()})
    assert measured(after) == {"hit_rate_percent": 75.0, "hits": 3, "misses": 1}
    assert summary(after) == "75.0% of 4 lookups found their key"


async def test_evictions_count_the_keys_thrown_out(tmp_path: Path) -> None:
    with started(tmp_path, "--maxmemory", "3mb", "--maxmemory-policy", "allkeys-lru") as full:
        with full.client() as client:
            for key in range(60):
                client.set(f"k{key}", "x" * 100_000)
            evicted = client.info("stats")["evicted_keys"]
        values = measured(await read("redis.evictions", {"url": full.url()}))
    assert evicted > 0
    assert values["evicted_keys"] == evicted
    assert values["evicted_per_minute"] == evicted
    assert values["rejected_connections"] == 0


async def test_clients_counts_those_connected_and_those_waiting(patient: RedisServer) -> None:
    with patient.client() as client:
        client.config_set("maxclients", 50)
    waiting = redis.Redis(port=patient.port)
    thread = threading.Thread(target=_wait_for_work, args=(waiting,))
    thread.start()
    reading = await until_measured("redis.clients", patient.url(), {"blocked_clients": 1, "connected_clients": 2})
    with patient.client() as client:
        client.rpush("queue", "done")
    thread.join()
    waiting.close()
    assert measured(reading)["limit"] == 50
    assert measured(reading)["used_percent"] == 4.0
    assert summary(reading) == "2 of 50 clients connected, 1 of them waiting"


def _wait_for_work(client: "redis.Redis") -> None:
    client.blpop(["queue"], timeout=60)


async def test_slowlog_names_slow_commands_but_never_their_arguments(patient: RedisServer) -> None:
    with patient.client() as client:
        client.config_set("slowlog-log-slower-than", 0)
        client.set("cpf:123.456.789-09", b"\xff\xfe Maria")
        client.config_set("slowlog-log-slower-than", 10_000_000)
    reading = await read("redis.slowlog", {"url": patient.url()}, minutes=5)
    count = measured(reading)["count"]
    assert isinstance(count, int)
    assert count >= 2
    assert any(line.endswith("ms  SET") for line in reading.evidence)
    assert "Maria" not in repr(reading)
    assert "cpf" not in repr(reading)


async def test_slowlog_says_when_nothing_was_slow(patient: RedisServer) -> None:
    reading = await read("redis.slowlog", {"url": patient.url()})
    assert measured(reading) == {"slowest_ms": 0.0, "count": 0}
    assert summary(reading) == "no slow command in the last 15 min"
    assert reading.evidence == ()


async def test_replication_of_a_lone_primary_has_no_link_to_judge(server: RedisServer) -> None:
    reading = await read("redis.replication", {"url": server.url()})
    assert measured(reading)["connected_replicas"] == 0
    assert missing(reading, "link_up") == "no replica is connected"


async def test_replication_is_seen_from_both_ends_and_its_break_is_noticed(
    patient: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    installed("redis-server")  # the bundled one replicates too slowly
    folder = tmp_path_factory.mktemp("replica")
    with started(folder, "--replicaof", f"127.0.0.1 {patient.port}") as replica:
        await until_measured("redis.replication", replica.url(), {"role": "replica", "link_up": True})
        primary = await until_measured("redis.replication", patient.url(), {"role": "primary", "link_up": True})
        assert summary(primary).startswith("primary, 1 of 1 replicas in sync")
        patient.kill()
        broken = await until_measured("redis.replication", replica.url(), {"link_up": False})
        assert summary(broken).startswith("replica without its primary for")


async def test_a_hung_redis_times_out_every_check_within_the_limit(server: RedisServer) -> None:
    begun = monotonic()
    with server.paused():
        errors = await asyncio.gather(*(refusal(name, {"url": server.url()}, **NEEDED.get(name, {})) for name in EVERY))
    assert monotonic() - begun < 15
    assert len(errors) == 11
    for error in errors:
        assert isinstance(error, TimedOut)
        assert "did not answer within 1.5 s" in spoken(error)


@pytest.mark.parametrize("name", EVERY)
async def test_a_dead_redis_is_unreachable(name: str) -> None:
    error = await refusal(name, {"url": f"redis://:s3same@127.0.0.1:{NOBODY}/0"}, **NEEDED.get(name, {}))
    assert isinstance(error, Unreachable)
    assert "cannot be reached" in spoken(error)


async def test_a_redis_killed_before_the_check_is_unreachable(patient: RedisServer) -> None:
    await read("redis.ping", {"url": patient.url()})
    patient.kill()
    assert isinstance(await refusal("redis.ping", {"url": patient.url()}), Unreachable)


@pytest.mark.parametrize(
    ("name", "grant"),
    [
        ("redis.ping", "ping"),
        ("redis.memory", "info"),
        ("redis.slowlog", "time"),
        ("redis.replication", "info"),
        ("redis.scan", "scan"),
        ("redis.list_length", "type"),
        ("redis.key_meta", "type"),
        ("redis.command_stats", "info"),
    ],
)
async def test_a_refused_command_says_what_to_grant(name: str, grant: str, patient: RedisServer) -> None:
    with patient.client() as client:
        client.acl_setuser("oncall", enabled=True, passwords="+s3same", categories=["-@all"], commands=["+select"])
    error = await refusal(name, {"url": patient.url("oncall", "s3same")}, **NEEDED.get(name, {}))
    assert isinstance(error, Denied)
    assert spoken(error).endswith(f"Grant it: `ACL SETUSER oncall +{grant}`")


async def test_every_check_runs_with_only_the_permissions_of_the_documentation(patient: RedisServer) -> None:
    with patient.client() as client:
        client.execute_command(*granted("redis-read").replace(">PASSWORD", ">s3same").split())
        client.rpush("crm_retry_queue", "lead")
    for name in EVERY:
        reading = await read(name, {"url": patient.url("plantao", "s3same")}, **NEEDED.get(name, {}))
        assert reading.measurements


@pytest.mark.parametrize(("user", "password"), [("default", "wrong-s3same"), ("nobody", "s3same"), ("", "")])
async def test_a_wrong_or_missing_password_is_told_without_repeating_it(
    user: str, password: str, patient: RedisServer
) -> None:
    with patient.client() as client:
        client.config_set("requirepass", "right-s3same")
    error = await refusal("redis.ping", {"url": patient.url(user, password)})
    assert isinstance(error, Denied)
    assert "refuses the user" in spoken(error)


async def test_a_redis_stuck_in_a_script_says_so(patient: RedisServer) -> None:
    with patient.client() as client:
        client.config_set("lua-time-limit", 10)
    thread = threading.Thread(target=_loop_for_ever, args=(patient.port,))
    thread.start()
    with patient.client() as client:
        _wait_until_busy(client)
        error = await refusal("redis.ping", {"url": patient.url()})
        client.script_kill()
    thread.join()
    assert "stuck in a script" in spoken(error)


def _wait_until_busy(client: "redis.Redis") -> None:
    deadline = monotonic() + 40
    with suppress(redis.ResponseError):
        while client.ping():
            assert monotonic() < deadline, "the script did not start"


def _loop_for_ever(port: int) -> None:
    with redis.Redis(port=port) as client, suppress(redis.ResponseError):
        client.eval("while true do end", 0)


async def test_a_full_redis_that_takes_no_more_connections_says_so(patient: RedisServer) -> None:
    with patient.client() as client:
        client.config_set("maxclients", 1)
        error = await refusal("redis.ping", {"url": patient.url()})
    assert "`maxclients` is reached" in spoken(error)


async def test_a_certificate_nobody_trusts_is_told_as_a_tls_problem(tmp_path: Path) -> None:
    installed("redis-server")  # the bundled one speaks no TLS
    certificate, key = self_signed(tmp_path)
    port = free_port()
    options = ["--tls-port", str(port), "--tls-cert-file", str(certificate), "--tls-key-file", str(key)]
    with started(tmp_path, *options, "--tls-auth-clients", "no"):
        error = await refusal("redis.ping", {"url": f"rediss://127.0.0.1:{port}"})
        reading = await read("redis.ping", {"url": f"rediss://127.0.0.1:{port}?ssl_ca_certs={certificate}"})
    assert isinstance(error, Unreachable)
    assert "could not agree on TLS: CERTIFICATE_VERIFY_FAILED" in spoken(error)
    assert measured(reading)["latency_ms"]


async def test_an_unusable_url_is_refused_without_repeating_it() -> None:
    for url in ("https://example.org", "redis://:pa/s3same@host:6379"):
        with pytest.raises(ValidationError) as caught:
            await read("redis.ping", {"url": url})
        assert "not a Redis URL" in str(caught.value)
        assert "s3same" not in str(caught.value)
