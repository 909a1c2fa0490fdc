"""The record on every kind of Redis that REDIS_URL can name: socket, TLS, Sentinel with failover, Cluster."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from docket import Docket, Worker
from redis_servers import Server, answered, cluster, master_and_replica, running, sentinels

from bot.core import incident
from bot.core.errors import ConfigError, Conflict, NothingRecorded
from bot.core.events import Author
from bot.core.family import INCIDENTS
from bot.core.incident import Declared, Incident
from bot.core.policy import Severity
from bot.flows.ports import Kept
from bot.store.connect import Client, connect
from bot.store.feed import RedisFeed
from bot.store.lease import RedisLeases
from bot.store.marks import RedisMarks
from bot.store.record import RedisRecord
from tests.ports import free_port
from tests.providers.redis_server import installed, self_signed

ANA = Author("U0ANA", "command")
DOWN = Declared(Severity.P1, "Checkout answers 500")
PREFIX = "{plantao}"
TOLD = [*(f"INC-{number}" for number in range(1, 22)), "INC-1"]

RecordOn = Callable[[str], RedisRecord]
Connected = Callable[[str], Client]


async def declare(record: RedisRecord, key: str = "") -> Kept[Incident]:
    return await record.open(INCIDENTS, DOWN, ANA, key)


async def what_the_feed_tells(record: RedisRecord, client: Client) -> list[str]:
    """Append, list, count, mark and hold a lease, which must all work; then follow the feed."""
    numbers = [kept.state.number for kept in await asyncio.gather(*(declare(record) for _ in range(20)))]
    assert len(set(numbers)) == 20
    assert (await declare(record, "delivery-1")).state == (await declare(record, "delivery-1")).state
    resolved = await record.change(INCIDENTS, "INC-1", lambda state: incident.resolve(state, "rolled back"), ANA)
    assert resolved.state == await record.load(INCIDENTS, "INC-1")
    assert [state.number for state in await record.listing(INCIDENTS, only_open=True, limit=2)] == ["INC-21", "INC-20"]
    assert await record.count(INCIDENTS) == 20
    await marks_and_leases_work(client)
    return await fed(client, len(TOLD))


async def marks_and_leases_work(client: Client) -> None:
    marks, leases = RedisMarks(client, PREFIX), RedisLeases(client, PREFIX)
    await marks.set("INC-1", told="2", headline="C0INC:1.1")
    assert await marks.get("INC-1") == {"told": "2", "headline": "C0INC:1.1"}
    async with leases.hold("target:payments"):
        with pytest.raises(Conflict):
            async with leases.hold("target:payments"):
                pass
    async with leases.hold("target:payments"):
        pass


async def fed(client: Client, expected: int) -> list[str]:
    feed = RedisFeed(client, PREFIX, "worker-1")
    await feed.prepare()
    await feed.prepare()
    seen: list[str] = []
    async with asyncio.timeout(40):
        async for entries in feed.entries():
            for entry in entries:
                seen.append(entry.stream)
                await feed.confirm(entry)
            if len(seen) >= expected:
                break
    assert (await client.xpending(f"{PREFIX}:feed", "reactions"))["pending"] == 0
    return seen


async def jobs_run(url: str) -> list[str]:
    """What the background engine on the same Redis carries out of a keyed job that was added twice."""
    done: list[str] = []

    async def page(stream: str) -> None:
        done.append(stream)

    async with Docket("plantao-jobs", f"{url}?max_connections=200") as docket:
        docket.register(page)
        await docket.add(page, key="page:INC-1")("INC-1")
        await docket.add(page, key="page:INC-1")("INC-1")
        async with Worker(docket, minimum_check_interval=timedelta(milliseconds=50)) as worker:
            async with asyncio.timeout(40):
                await worker.run_until_finished()
    return done


async def test_a_unix_socket_carries_the_record(tmp_path: Path, record_on: RecordOn, connected: Connected) -> None:
    place = tmp_path / "redis.sock"
    async with running(tmp_path / "redis", "--unixsocket", str(place)):
        assert await what_the_feed_tells(record_on(f"unix://{place}"), connected(f"unix://{place}")) == TOLD


@pytest.fixture
async def encrypted(tmp_path: Path) -> AsyncIterator[tuple[str, Path]]:
    """The URL of a Redis behind TLS, and the certificate that nobody trusts unless told to."""
    installed("redis-server")  # the bundled one speaks no TLS
    certificate, key = self_signed(tmp_path)
    port = str(free_port())
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-auth-clients", "no")
    async with running(tmp_path / "redis", "--tls-port", port, *files):
        yield f"rediss://127.0.0.1:{port}/0", certificate


async def test_tls_carries_the_record_when_the_url_names_the_authority(
    encrypted: tuple[str, Path], record_on: RecordOn, connected: Connected
) -> None:
    url, certificate = encrypted
    # Each connection reads the authorities anew, which costs 20 ms of CPU: five will do.
    trusting = f"{url}?ssl_ca_certs={certificate}&max_connections=5"
    assert await what_the_feed_tells(record_on(trusting), connected(trusting)) == TOLD


async def test_tls_with_an_unknown_authority_records_nothing(encrypted: tuple[str, Path], record_on: RecordOn) -> None:
    url, certificate = encrypted
    with pytest.raises(NothingRecorded):
        await declare(record_on(url))
    assert (await declare(record_on(f"{url}?ssl_ca_certs={certificate}"))).state.number == "INC-1"


async def test_an_append_that_a_replica_has_is_confirmed_and_one_that_none_has_is_not(
    tmp_path: Path, record_on: RecordOn
) -> None:
    installed("redis-server")  # the bundled one replicates too slowly
    async with master_and_replica(tmp_path) as (master, replica):
        record = record_on(master.url)
        assert (await declare(record)).confirmed
        replica.pause()
        try:
            kept = await declare(record, "delivery-1")
            assert (kept.confirmed, kept.state.number) == (False, "INC-2")
            again = await declare(record_on(master.url), "delivery-1")
            assert (again.again, again.confirmed) == (True, False), "a repetition knows no more than the first time"
            change = await record.change(INCIDENTS, "INC-2", incident.acknowledge, ANA, "click-1")
            assert not change.confirmed
        finally:
            replica.resume()
        assert (await declare(record, "delivery-1")).confirmed
        assert len(await record_on(replica.url).events("INC-2")) == 2


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[Server, str]]:
    """A master with a replica and three sentinels, and the URL of the service."""
    installed("redis-server")  # the bundled one is older than what these need
    async with master_and_replica(tmp_path) as (master, _), sentinels(tmp_path, master) as url:
        yield master, url


async def test_sentinel_carries_the_record_through_a_failover(
    watched: tuple[Server, str], record_on: RecordOn, connected: Connected
) -> None:
    master, url = watched
    record = record_on(url)
    assert await what_the_feed_tells(record, connected(url)) == TOLD
    assert (await declare(record, "delivery-1")).confirmed
    await master.kill()
    with pytest.raises(NothingRecorded):
        await declare(record, "delivery-2")
    kept = await answered(lambda: declare(record, "delivery-2"), within=10)
    assert (kept.state.number, kept.again) == ("INC-22", False)
    assert len(await record.listing(INCIDENTS, only_open=False, limit=50)) == 22


async def test_background_jobs_run_through_sentinel(watched: tuple[Server, str]) -> None:
    assert await jobs_run(watched[1]) == ["INC-1"]


@pytest.fixture
async def nodes(tmp_path: Path) -> AsyncIterator[list[Server]]:
    installed("redis-server")
    async with cluster(tmp_path) as nodes:
        yield nodes


async def test_a_cluster_carries_the_record(nodes: list[Server], record_on: RecordOn, connected: Connected) -> None:
    url = nodes[0].url.replace("redis://", "redis+cluster://")
    assert await what_the_feed_tells(record_on(url), connected(url)) == TOLD


async def test_a_cluster_that_was_killed_is_said_in_time_and_goes_on_after_its_restart(
    nodes: list[Server], record_on: RecordOn
) -> None:
    url = nodes[0].url.replace("redis://", "redis+cluster://")
    record, stranger = record_on(url), record_on(url)
    await declare(record)
    for node in nodes:
        await node.kill()
    told = await asyncio.gather(*(declare(one) for one in [record, stranger] * 10), return_exceptions=True)
    assert [type(answer) for answer in told] == [NothingRecorded] * 20
    for node in nodes:
        await node.start()
    kept = await answered(lambda: declare(record), within=10)
    assert kept.state.number == "INC-2"


async def test_background_jobs_run_on_a_cluster(nodes: list[Server]) -> None:
    assert await jobs_run(nodes[0].url.replace("redis://", "redis+cluster://")) == ["INC-1"]


UNUSABLE = "REDIS_URL: not an address that can be used; see .env.example for the forms$"


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("memcached://localhost", "memcached scheme; use redis, rediss, unix, redis\\+sentinel or redis\\+cluster"),
        ("localhost:6379", "REDIS_URL: localhost scheme"),
        ("", "REDIS_URL: no scheme"),
        ("redis://localhost:many/0", UNUSABLE),
        ("redis://localhost/0?socket_timeout=long", UNUSABLE),
        ("redis+sentinel://localhost:26379", "needs the service's name"),
        ("redis+sentinel:///mymaster", "no host name"),
        ("redis+sentinel://localhost:many/mymaster", UNUSABLE),
        ("redis+sentinel://localhost/mymaster/first", UNUSABLE),
        ("redis+cluster://localhost/3", UNUSABLE),
        ("redis://:pa/ss@localhost:6379/0", UNUSABLE),
    ],
)
def test_a_url_that_cannot_be_meant_ends_the_start_with_a_sentence(url: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        connect(url)
