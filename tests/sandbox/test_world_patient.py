"""The patient of the world: a real Redis that is made ill and recovers."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, ConnectionError, OutOfMemoryError, TimeoutError

from bot.store.embedded import find_binary
from sandbox.world import ControlError, PatientError, World, open_world
from sandbox.world.patient import open_patient


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def redis(world: World) -> AsyncIterator[Redis]:
    async with connection(world.redis_url) as opened:
        yield opened


def connection(url: str, patience: float = 20) -> Redis:
    return Redis.from_url(url, socket_timeout=patience, retry=Retry(NoBackoff(), 0), decode_responses=True)


async def used_percent(redis: Redis) -> float:
    memory = await redis.info("memory")
    return float(memory["used_memory"] / memory["maxmemory"] * 100)


async def test_the_patient_has_a_memory_limit_some_keys_and_slow_commands_on_record(redis: Redis) -> None:
    assert (await redis.info("memory"))["maxmemory"] == 64 * 1024 * 1024
    assert await redis.llen("crm_retry_queue") == 7
    assert await redis.ttl("session:0001") > 0
    slow = {str(entry["command"]).split()[0].strip("b'").upper() for entry in await redis.slowlog_get(10)}
    assert {"SORT", "KEYS", "LRANGE"} <= slow


async def test_a_killed_patient_refuses_connections_until_it_is_started_with_fresh_data(
    world: World, redis: Redis
) -> None:
    await redis.set("written:later", "1")
    state = await world.control({"redis": "kill"})
    assert state["redis"] == {"state": "stopped"}
    with pytest.raises(ConnectionError):
        await redis.ping()
    assert (await world.control({"redis": "start"}))["redis"] == {"state": "running"}
    assert await redis.exists("session:0001", "written:later") == 1


async def test_a_paused_patient_leaves_its_clients_waiting_until_it_is_resumed(world: World, redis: Redis) -> None:
    await redis.ping()
    assert (await world.control({"redis": "pause"}))["redis"] == {"state": "paused"}
    async with connection(world.redis_url, patience=0.3) as impatient:
        with pytest.raises(TimeoutError):
            await impatient.ping()
    await world.control({"redis": "resume"})
    assert await redis.ping() is True


async def test_a_filled_patient_uses_that_share_of_its_memory_and_less_after_a_smaller_fill(
    world: World, redis: Redis
) -> None:
    await world.control({"redis": {"fill": 90}})
    assert 89.5 <= await used_percent(redis) <= 91
    await world.control({"redis": {"fill": 50}})
    assert 49.5 <= await used_percent(redis) <= 51
    assert await redis.llen("crm_retry_queue") == 7


async def test_a_full_patient_refuses_writes_for_want_of_memory(world: World, redis: Redis) -> None:
    await world.control({"redis": {"fill": 100}})
    with pytest.raises(OutOfMemoryError):
        await redis.mset({f"more:{number}": "x" * 100_000 for number in range(10)})


async def test_an_emptied_patient_holds_no_key(world: World, redis: Redis) -> None:
    await world.control({"redis": "empty"})
    assert await redis.dbsize() == 0


@pytest.mark.parametrize("wish", ["pause", "resume", "empty", {"fill": 10}])
async def test_a_stopped_patient_cannot_be_treated_otherwise_than_by_starting_it(world: World, wish: object) -> None:
    await world.control({"redis": "kill"})
    with pytest.raises(ControlError, match="The Redis is stopped"):
        await world.control({"redis": wish})


async def test_a_patient_with_a_password_turns_strangers_away() -> None:
    async with open_patient(find_binary(), password="only-in-this-test") as patient:
        async with connection(patient.url) as known:
            assert await known.ping() is True
        async with connection(f"redis://127.0.0.1:{patient.port}/0") as stranger:
            with pytest.raises(AuthenticationError):
                await stranger.ping()


@pytest.mark.parametrize("illness", ["kill", "pause", None])
async def test_the_process_of_a_patient_is_gone_after_its_world_has_closed(illness: str | None) -> None:
    async with open_patient(find_binary()) as patient:
        pid = patient.pid
        assert pid is not None
        os.kill(pid, 0)
        if illness == "kill":
            await patient.kill()
        elif illness == "pause":
            patient.pause()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_the_process_of_a_patient_is_gone_when_its_owner_was_cancelled() -> None:
    started: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def own() -> None:
        async with open_patient(find_binary()) as patient:
            started.set_result(patient.pid or 0)
            await asyncio.Event().wait()

    owner = asyncio.create_task(own())
    pid = await started
    owner.cancel()
    with pytest.raises(asyncio.CancelledError):
        await owner
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_world_without_a_redis_program_says_what_is_missing() -> None:
    with pytest.raises(PatientError, match="There is no /nowhere/redis-server; install Redis"):
        async with open_world(redis_binary="/nowhere/redis-server"):
            pytest.fail("a world was opened without a Redis")


async def test_a_program_that_is_no_redis_is_reported_and_not_waited_for(tmp_path: Path) -> None:
    program = tmp_path / "redis-server"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o700)
    with pytest.raises(PatientError, match="ended at once"):
        async with open_patient(str(program)):
            pytest.fail("a patient was opened without a Redis")
