"""What the provider tests run against: real servers on loopback."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis_server import RedisServer, started

from bot.providers import names, operation
from bot.store.embedded import find_binary
from sandbox.world import World, open_world


@pytest.fixture(scope="session", autouse=True)
def every_operation() -> None:
    """Imported as the bot does when it starts: a check that is held to its limit does not wait for that."""
    for name in names():
        operation(name)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One healthy Redis for a whole module; tests of faults start their own."""
    with started(
        tmp_path_factory.mktemp("redis"), "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru"
    ) as server:
        yield server


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[RedisServer]:
    """A Redis of the test's own, to be loaded, paused or killed."""
    with started(tmp_path) as server:
        yield server


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An emulated cluster whose pods take their steps quickly."""
    async with open_world(redis_binary=find_binary(), pace=0.05) as world:
        yield world
