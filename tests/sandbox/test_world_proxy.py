"""The fault proxy, between a Redis client and a real Redis."""

import asyncio
from collections.abc import AsyncIterator
from time import monotonic

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError

from bot.store.embedded import find_binary
from sandbox.world.patient import Patient, open_patient
from sandbox.world.proxy import FaultProxy, Mode, open_proxy


@pytest.fixture
async def patient() -> AsyncIterator[Patient]:
    async with open_patient(find_binary()) as opened:
        yield opened


@pytest.fixture
async def proxy(patient: Patient) -> AsyncIterator[FaultProxy]:
    async with open_proxy("127.0.0.1", patient.port) as opened:
        yield opened


@pytest.fixture
async def redis(proxy: FaultProxy) -> AsyncIterator[Redis]:
    address = f"redis://127.0.0.1:{proxy.port}"
    async with Redis.from_url(address, socket_timeout=20, retry=Retry(NoBackoff(), 0)) as opened:
        yield opened


async def test_a_normal_proxy_lets_everything_through(redis: Redis) -> None:
    await redis.set("big", "x" * 300_000)
    assert await redis.get("big") == b"x" * 300_000


async def test_latency_delays_each_answer(proxy: FaultProxy, redis: Redis) -> None:
    await redis.ping()
    proxy.latency_seconds = 0.1
    proxy.mode = Mode.LATENCY
    began = monotonic()
    assert await redis.ping() is True
    assert 0.2 <= monotonic() - began < 10


async def test_a_black_hole_swallows_until_the_client_gives_up(proxy: FaultProxy, redis: Redis) -> None:
    await redis.ping()
    proxy.mode = Mode.BLACKHOLE
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await redis.ping()
    proxy.mode = Mode.NORMAL
    assert await redis.ping() is True


async def test_a_reset_ends_open_and_new_connections_at_once(proxy: FaultProxy, redis: Redis) -> None:
    await redis.ping()
    proxy.mode = Mode.RESET
    began = monotonic()
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await redis.ping()
    assert monotonic() - began < 10
    proxy.mode = Mode.NORMAL
    assert await redis.ping() is True


async def test_a_target_that_is_gone_ends_the_connection(patient: Patient, redis: Redis) -> None:
    await patient.kill()
    with pytest.raises(ConnectionError):
        await redis.ping()


async def test_a_proxy_closes_while_a_client_is_still_connected(patient: Patient) -> None:
    async with open_proxy("127.0.0.1", patient.port) as proxy:
        redis = Redis.from_url(f"redis://127.0.0.1:{proxy.port}", retry=Retry(NoBackoff(), 0))
        assert await redis.ping() is True
    with pytest.raises(ConnectionError):
        await redis.ping()
    await redis.aclose()
