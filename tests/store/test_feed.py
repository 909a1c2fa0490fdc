"""The feed on a real redis-server: everything recorded is handed out, in order, until somebody confirms it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from functools import partial

import pytest
from redis_servers import Server

from bot.core.events import Author
from bot.core.family import INCIDENTS
from bot.core.incident import Declared, update
from bot.core.policy import Severity
from bot.flows.ports import Entry
from bot.store.connect import Client, connect
from bot.store.feed import RedisFeed
from bot.store.record import RedisRecord

ANA = Author("U0ANA", "command")
DOWN = Declared(Severity.P1, "Checkout answers 500")
ABANDONED_MS = 100

Member = Callable[[str], RedisFeed]


@pytest.fixture
async def following(server: Server) -> AsyncIterator[Client]:
    """A client that waits longer than the feed blocks, as in the wiring."""
    client = connect(server.url, timeout=10)
    yield client
    await client.aclose()


@pytest.fixture
def member(following: Client) -> Member:
    return lambda name: RedisFeed(following, "{plantao}", name, ABANDONED_MS)


async def taken(feed: RedisFeed, wanted: int, *, confirm: bool = True) -> list[Entry]:
    """So many entries, in the order in which they were handed out."""
    found: list[Entry] = []
    async with asyncio.timeout(40):
        async for entries in feed.entries():
            for entry in entries:
                found.append(entry)
                if confirm:
                    await feed.confirm(entry)
            if len(found) >= wanted:
                break
    return found


async def quiet(feed: RedisFeed) -> list[Entry]:
    """What a member is given in two whole rounds; nothing, once everything is confirmed."""
    batches = feed.entries()
    return [entry for _ in range(3) for entry in await anext(batches)]


async def recorded(record: RedisRecord, updates: int) -> list[tuple[str, int, str]]:
    await record.open(INCIDENTS, DOWN, ANA)
    for number in range(updates):
        await record.change(INCIDENTS, "INC-1", partial(update, words=f"finding {number}"), ANA)
    return [("INC-1", 1, "incident.declared")] + [("INC-1", 2 + n, "incident.updated") for n in range(updates)]


def told(entries: list[Entry]) -> list[tuple[str, int, str]]:
    return [(entry.stream, entry.version, entry.kind) for entry in entries]


async def test_everything_recorded_appears_once_in_order(record: RedisRecord, member: Member) -> None:
    feed = member("worker-1")
    await feed.prepare()
    expected = await recorded(record, 250)
    assert told(await taken(feed, len(expected))) == expected


async def test_what_was_recorded_before_the_first_worker_came_is_not_lost(record: RedisRecord, member: Member) -> None:
    expected = await recorded(record, 2)
    feed = member("worker-1")
    await feed.prepare()
    assert told(await taken(feed, 3)) == expected


async def test_preparing_again_neither_fails_nor_hands_out_again(record: RedisRecord, member: Member) -> None:
    feed = member("worker-1")
    await feed.prepare()
    await recorded(record, 1)
    await taken(feed, 2)
    await feed.prepare()
    await record.open(INCIDENTS, DOWN, ANA)
    assert told(await taken(feed, 1)) == [("INC-2", 1, "incident.declared")]


async def test_a_doubled_delivery_appears_once(record: RedisRecord, member: Member) -> None:
    feed = member("worker-1")
    await feed.prepare()
    await asyncio.gather(*(record.open(INCIDENTS, DOWN, ANA, "delivery-1") for _ in range(5)))
    await record.open(INCIDENTS, DOWN, ANA, "delivery-2")
    assert [entry.stream for entry in await taken(feed, 2)] == ["INC-1", "INC-2"]


async def test_two_members_share_the_feed_and_nothing_goes_to_both(record: RedisRecord, following: Client) -> None:
    members = [RedisFeed(following, "{plantao}", name) for name in ("worker-1", "worker-2")]
    await members[0].prepare()
    followers = [member.entries() for member in members]
    shares: list[list[Entry]] = [[], []]
    expected = []
    for number in range(1, 7):
        await record.open(INCIDENTS, DOWN, ANA)
        expected.append(f"INC-{number}")
        follower, share = followers[number % 2], shares[number % 2]
        share += await next_of(follower)
    assert [sorted(entry.stream for entry in share) for share in shares] == [expected[1::2], expected[::2]]


async def next_of(follower: AsyncIterator[list[Entry]]) -> list[Entry]:
    async with asyncio.timeout(40):
        while True:
            if entries := await anext(follower):
                return entries


async def test_what_a_member_took_and_never_confirmed_is_taken_over(record: RedisRecord, member: Member) -> None:
    dead, living = member("worker-1"), member("worker-2")
    await dead.prepare()
    expected = await recorded(record, 3)
    abandoned = await taken(dead, 4, confirm=False)
    assert told(abandoned) == expected
    assert await taken(living, 4) == abandoned


async def test_a_member_that_is_only_slow_keeps_what_it_took(record: RedisRecord, following: Client) -> None:
    slow, other = (RedisFeed(following, "{plantao}", name, 60_000) for name in ("worker-1", "worker-2"))
    await slow.prepare()
    await recorded(record, 1)
    await taken(slow, 2, confirm=False)
    assert await quiet(other) == []


async def test_what_was_confirmed_is_never_handed_out_again(record: RedisRecord, member: Member) -> None:
    feed, other = member("worker-1"), member("worker-2")
    await feed.prepare()
    await recorded(record, 3)
    await taken(feed, 4)
    assert await quiet(other) == []


async def test_entries_nobody_can_confirm_do_not_hide_the_abandoned_ones_behind_them(
    record: RedisRecord, member: Member
) -> None:
    """In a rolling deploy an old worker leaves entries of a kind that it does not know."""
    feed = member("worker-1")
    await feed.prepare()
    expected = await recorded(record, 149)
    await taken(feed, 150, confirm=False)
    seen: set[tuple[str, int, str]] = set()
    async with asyncio.timeout(40):
        async for entries in member("worker-2").entries():
            seen |= set(told(entries))
            if len(seen) == len(expected):
                break
    assert seen == set(expected)


async def test_the_feed_goes_on_where_it_was_after_redis_was_restarted(
    record: RedisRecord, member: Member, server: Server
) -> None:
    feed = member("worker-1")
    await feed.prepare()
    await recorded(record, 1)
    await taken(feed, 2)
    await server.kill()
    await server.start()
    await record.open(INCIDENTS, DOWN, ANA)
    assert [entry.stream for entry in await taken(feed, 1)] == ["INC-2"]
