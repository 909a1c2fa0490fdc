"""What the store's tests run against: redis-servers of their own, and records on them."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis_servers import Server, Wire, running

from bot.store.connect import Client, connect
from bot.store.record import RedisRecord

PREFIX = "{plantao}"


class WallClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@pytest.fixture
async def server(data: Path) -> AsyncIterator[Server]:
    async with running(data) as server:
        yield server


@pytest.fixture
async def connected() -> AsyncIterator[Callable[[str], Client]]:
    """The product's own client for a URL, closed when the test is over."""
    async with AsyncExitStack() as stack:

        def connected(url: str) -> Client:
            client = connect(url)
            stack.push_async_callback(client.aclose)
            return client

        yield connected


@pytest.fixture
def client(server: Server, connected: Callable[[str], Client]) -> Client:
    return connected(server.url)


@pytest.fixture
def record_on(connected: Callable[[str], Client]) -> Callable[[str], RedisRecord]:
    return lambda url: RedisRecord(connected(url), PREFIX, WallClock())


@pytest.fixture
def record(client: Client) -> RedisRecord:
    return RedisRecord(client, PREFIX, WallClock())


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    async with Wire(server.port).open() as wire:
        yield wire
