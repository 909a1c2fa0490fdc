"""What the Redis provider tells of keys: how many, how long, how big; never what is in them."""

import asyncio
from time import monotonic

import pytest
import redis
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary
from redis_server import RedisServer


@pytest.fixture
def filled(server: RedisServer) -> RedisServer:
    """Keys as the documents have them, beside others that a pattern must not count."""
    with server.client() as client:
        client.flushdb()
        client.mset({f"ai:{number}": "answer" for number in range(250)})
        client.set("rate_limit:maria@example.com", 3, ex=600)
        client.set("rate_limit:203.0.113.77", 3)
        client.set("session:9f8e7d6c5b4a39281706", "Maria")
        client.rpush("crm_retry_queue", "lead 1", "lead 2", "lead 3")
    return server


async def test_scan_counts_exactly_the_keys_that_match(filled: RedisServer) -> None:
    reading = await read("redis.scan", {"url": filled.url()}, pattern="ai:*")
    assert measured(reading) == {"keys": 250, "complete": True}
    assert summary(reading) == "250 keys match ai:*"
    assert len(reading.evidence) == 10
    assert all(name.startswith("ai:") for name in reading.evidence)


async def test_scan_stops_at_its_cap_and_says_that_there_are_more(filled: RedisServer) -> None:
    reading = await read("redis.scan", {"url": filled.url()}, pattern="ai:*", cap=40)
    assert measured(reading) == {"keys": 40, "complete": False}
    assert summary(reading) == "40 keys or more match ai:*; counting stopped"


async def test_scan_does_not_walk_through_everything_to_learn_that_there_are_more(patient: RedisServer) -> None:
    with patient.client() as client:
        client.mset({f"ai:{number}": 1 for number in range(20_000)})
        await read("redis.scan", {"url": patient.url()}, pattern="ai:*", cap=10)
        assert client.info("commandstats")["cmdstat_scan"]["calls"] == 1


async def test_scan_of_exactly_as_many_keys_as_its_cap_is_complete(filled: RedisServer) -> None:
    reading = await read("redis.scan", {"url": filled.url()}, pattern="ai:*", cap=250)
    assert measured(reading) == {"keys": 250, "complete": True}


async def test_scan_masks_people_and_sessions_in_the_names(filled: RedisServer) -> None:
    everything = await read("redis.scan", {"url": filled.url()}, pattern="[rs]*")
    assert set(everything.evidence) == {
        "rate_limit:***@example.com",
        "rate_limit:203.0.113.x",
        "session:9f***",
    }


async def test_scan_without_a_match_counts_none(filled: RedisServer) -> None:
    assert measured(await read("redis.scan", {"url": filled.url()}, pattern="nothing:*")) == {
        "keys": 0,
        "complete": True,
    }


async def test_scan_survives_names_that_are_not_text(filled: RedisServer) -> None:
    with filled.client() as client:
        client.set(b"odd:\xff\x00\n<!channel>", 1)
    reading = await read("redis.scan", {"url": filled.url()}, pattern="odd:*")
    assert measured(reading)["keys"] == 1
    assert "\n" not in reading.evidence[0]


async def test_a_queue_is_measured_by_its_length_and_an_absent_one_is_empty(filled: RedisServer) -> None:
    reading = await read("redis.list_length", {"url": filled.url()}, key="crm_retry_queue")
    assert measured(reading)["length"] == 3
    assert summary(reading) == "3 entries in crm_retry_queue"
    assert missing(reading, "growth") == "looked only once"
    assert measured(await read("redis.list_length", {"url": filled.url()}, key="gone"))["length"] == 0


async def test_the_growth_of_a_queue_is_measured_by_looking_twice(filled: RedisServer) -> None:
    looking = asyncio.create_task(
        read("redis.list_length", {"url": filled.url()}, key="crm_retry_queue", again_after_s=1)
    )
    with filled.client() as client:
        await _until_looked_at(client, "llen")
        client.rpush("crm_retry_queue", *range(5))
    reading = await looking
    assert measured(reading) == {"length": 8, "growth": 5}
    assert reading.trend == (3.0, 8.0)
    assert summary(reading) == "8 entries in crm_retry_queue (+5 within 1 s)"


async def _until_looked_at(client: "redis.Redis", command: str) -> None:
    deadline = monotonic() + 40
    client.config_resetstat()
    while f"cmdstat_{command}" not in client.info("commandstats"):
        assert monotonic() < deadline
        await asyncio.sleep(0)


async def test_a_key_without_a_length_is_told_as_such(filled: RedisServer) -> None:
    error = await refusal("redis.list_length", {"url": filled.url()}, key="ai:1")
    assert spoken(error) == "ai:1 is a string, which has no length."


@pytest.mark.parametrize(
    ("command", "length"),
    [("SADD q a b", 2), ("ZADD q 1 a", 1), ("XADD q * lead 1", 1), ("HSET q a 1 b 2 c 3", 3)],
)
async def test_queues_of_every_type_have_a_length(command: str, length: int, filled: RedisServer) -> None:
    with filled.client() as client:
        client.execute_command(*command.split())
    assert measured(await read("redis.list_length", {"url": filled.url()}, key="q"))["length"] == length


async def test_a_key_is_told_by_type_age_and_size_but_never_by_its_value(filled: RedisServer) -> None:
    reading = await read("redis.key_meta", {"url": filled.url()}, key="rate_limit:maria@example.com")
    values = measured(reading)
    assert (values["exists"], values["type"]) == (True, "string")
    assert 590 < float(str(values["ttl_s"])) <= 600
    assert int(str(values["bytes"])) > 0
    assert "maria" not in repr(reading)
    session = await read("redis.key_meta", {"url": filled.url()}, key="session:9f8e7d6c5b4a39281706")
    assert missing(session, "ttl_s") == "it never expires"
    assert "Maria" not in repr(session)


async def test_an_absent_key_does_not_exist_and_has_no_size(filled: RedisServer) -> None:
    reading = await read("redis.key_meta", {"url": filled.url()}, key="gone")
    assert measured(reading) == {"exists": False, "type": None, "ttl_s": None, "bytes": None}
    assert missing(reading, "bytes") == "gone does not exist"


async def test_command_statistics_count_calls_and_failures_by_command(patient: RedisServer) -> None:
    with patient.client() as client:
        client.config_resetstat()
        for _ in range(7):
            client.set("ai:1", "answer")
        client.execute_command("EVAL", "for i = 1, 2000000 do end return 1", 0)
        with pytest.raises(redis.ResponseError, match="WRONGTYPE"):
            client.lpush("ai:1", 1)
    reading = await read("redis.command_stats", {"url": patient.url()})
    assert any(line.startswith("SET  ×7  ") for line in reading.evidence)
    assert any(line.startswith("LPUSH  ×1") and line.endswith("1 failed") for line in reading.evidence)
    assert "the slowest on average is EVAL" in summary(reading)
    assert measured(reading)["calls"] == 10
    assert float(str(measured(reading)["worst_usec"])) > 1000


async def test_nothing_can_be_asked_without_a_pattern_or_a_key() -> None:
    for name in ("redis.scan", "redis.key_meta"):
        with pytest.raises(ValidationError):
            await read(name, {"url": "redis://127.0.0.1:1"}, pattern="", key="")
