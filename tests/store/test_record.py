"""The record on real redis-servers: nothing twice, nothing lost, and never a word that the record does not keep."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from redis_servers import Server, Wire, running, until

from bot.core import incident
from bot.core.chain import broken_link
from bot.core.errors import NotFound, NothingRecorded, TooLate
from bot.core.events import Author, Recorded
from bot.core.family import INCIDENTS, NOTES
from bot.core.handoff import Noted
from bot.core.incident import Acknowledged, Declared, Incident, Phase, Resolved, Updated
from bot.core.policy import Severity
from bot.core.text import Person
from bot.flows.ports import Kept
from bot.store.connect import Client
from bot.store.feed import RedisFeed
from bot.store.lease import RedisLeases
from bot.store.marks import RedisMarks
from bot.store.record import RedisRecord

ANA = Author("U0ANA", "command")
BRUNO = Author("U0BRUNO", "button")
DOWN = Declared(Severity.P1, "Checkout answers 500")
LIMIT = 1.5
SLACK = 8.0  # what a busy machine may add to it

RecordOn = Callable[[str], RedisRecord]


async def declare(record: RedisRecord, key: str = "", title: str = DOWN.title) -> str:
    return (await record.open(INCIDENTS, Declared(Severity.P1, title), ANA, key)).state.number


def update(record: RedisRecord, number: str, words: str, key: str = "") -> Awaitable[Kept[Incident]]:
    return record.change(INCIDENTS, number, lambda state: incident.update(state, words), ANA, key)


def resolve(record: RedisRecord, number: str) -> Awaitable[Kept[Incident]]:
    return record.change(INCIDENTS, number, lambda state: incident.resolve(state, "rolled back"), BRUNO)


def acknowledge(record: RedisRecord, number: str, by: Author = ANA, key: str = "") -> Awaitable[Kept[Incident]]:
    return record.change(INCIDENTS, number, incident.acknowledge, by, key)


def facts(events: list[Recorded]) -> list[object]:
    return [event.fact for event in events]


async def sealed(client: Client, number: str) -> list[bytes]:
    return [fields[b"e"] for _, fields in await client.xrange(f"{{plantao}}:stream:{number}")]


async def streams(client: Client) -> list[bytes]:
    return [key async for key in client.scan_iter("*:stream:*")]


async def seconds_until_refused(attempt: Awaitable[object]) -> float:
    begun = time.monotonic()
    with pytest.raises(NothingRecorded):
        await attempt
    return time.monotonic() - begun


async def test_what_was_declared_is_read_back_with_who_when_and_where_from(record: RedisRecord) -> None:
    kept = await record.open(INCIDENTS, DOWN, ANA)
    [event] = await record.events("INC-1")
    assert (event.stream, event.version, event.by, event.fact, event.previous) == ("INC-1", 1, ANA, DOWN, "")
    assert kept.state == await record.load(INCIDENTS, "INC-1")
    assert (kept.state.declared_by, kept.state.declared_at) == (ANA.user, event.at)
    assert (kept.again, kept.confirmed) == (False, True)


async def test_the_state_is_the_sum_of_everything_that_was_appended(record: RedisRecord) -> None:
    number = await declare(record)
    await acknowledge(record, number)
    await update(record, number, "cache is cold")
    kept = await resolve(record, number)
    assert facts(await record.events(number)) == [
        DOWN,
        Acknowledged(),
        Updated("cache is cold"),
        Resolved("rolled back"),
    ]
    assert kept.state == await record.load(INCIDENTS, number)
    assert (kept.state.version, kept.state.phase, kept.state.latest) == (4, Phase.RESOLVED, "cache is cold")


async def test_an_unknown_incident_is_not_found_and_has_no_events(record: RedisRecord) -> None:
    with pytest.raises(NotFound) as refusal:
        await record.load(INCIDENTS, "INC-7")
    assert refusal.value.text.values == {"number": "INC-7"}
    with pytest.raises(NotFound):
        await acknowledge(record, "INC-7")
    assert await record.events("INC-7") == []


async def test_a_decision_with_nothing_to_record_records_nothing(record: RedisRecord) -> None:
    number = await declare(record)
    kept = await record.change(INCIDENTS, number, lambda _: None, ANA)
    assert (kept.again, kept.state.version) == (True, 1)
    assert len(await record.events(number)) == 1


async def test_open_incidents_are_listed_newest_first_and_resolved_ones_are_left_out(record: RedisRecord) -> None:
    for number in range(1, 13):
        await declare(record, title=f"number {number}")
    await resolve(record, "INC-11")
    await update(record, "INC-2", "still slow")
    newest = await record.listing(INCIDENTS, only_open=True, limit=4)
    assert [state.number for state in newest] == ["INC-12", "INC-10", "INC-9", "INC-8"]
    assert newest[0] == await record.load(INCIDENTS, "INC-12")
    assert await record.count(INCIDENTS) == 11


async def test_the_full_listing_has_resolved_incidents_in_their_latest_state(record: RedisRecord) -> None:
    for _ in range(3):
        await declare(record)
    await resolve(record, "INC-2")
    everything = await record.listing(INCIDENTS, only_open=False, limit=20)
    assert [(state.number, state.phase) for state in everything] == [
        ("INC-3", Phase.OPEN),
        ("INC-2", Phase.RESOLVED),
        ("INC-1", Phase.OPEN),
    ]
    assert [state.number for state in await record.listing(INCIDENTS, only_open=False, limit=2)] == ["INC-3", "INC-2"]


async def test_an_empty_record_lists_and_counts_nothing(record: RedisRecord) -> None:
    assert await record.listing(INCIDENTS, only_open=True, limit=20) == []
    assert await record.listing(INCIDENTS, only_open=False, limit=20) == []
    assert await record.count(INCIDENTS) == 0


async def test_families_are_numbered_and_counted_apart(record: RedisRecord) -> None:
    await declare(record)
    note = await record.open(NOTES, Noted("watch the queue"), ANA)
    assert (note.state.number, note.state.words) == ("NOTE-1", "watch the queue")
    assert (await record.count(INCIDENTS), await record.count(NOTES)) == (1, 1)


async def test_a_second_delivery_opens_no_second_incident(record: RedisRecord) -> None:
    first = await record.open(INCIDENTS, DOWN, ANA, "delivery-1")
    second = await record.open(INCIDENTS, DOWN, ANA, "delivery-1")
    assert (first.again, second.again) == (False, True)
    assert second.state == first.state
    assert len(await record.listing(INCIDENTS, only_open=False, limit=20)) == 1


async def test_a_second_delivery_after_more_has_happened_tells_the_present_state(record: RedisRecord) -> None:
    number = await declare(record, "delivery-1")
    acknowledged = await acknowledge(record, number, BRUNO)
    assert await declare(record, "delivery-1") == number
    again = await record.open(INCIDENTS, DOWN, ANA, "delivery-1")
    assert again.state == acknowledged.state


async def test_a_second_delivery_of_a_change_is_not_told_that_it_came_too_late(record: RedisRecord) -> None:
    number = await declare(record)
    await acknowledge(record, number, key="click-1")
    again = await acknowledge(record, number, key="click-1")
    assert (again.again, again.state.phase, again.state.version) == (True, Phase.ACKNOWLEDGED, 2)


async def test_a_second_delivery_that_was_overtaken_while_it_looked_sees_what_the_first_one_did(
    record_on: RecordOn, wire: Wire, record: RedisRecord
) -> None:
    slow, number = record_on(f"redis://127.0.0.1:{wire.port}/0"), await declare(record)
    looking = wire.hold(b"EXISTS")
    second = asyncio.ensure_future(acknowledge(slow, number, key="click-1"))
    await until(lambda: _is_kept_back(wire))
    first = await acknowledge(record, number, key="click-1")
    looking.set()
    assert (await second).again
    assert (await second).state == first.state


async def _is_kept_back(wire: Wire) -> bool:
    return wire.kept_back > 0


async def test_twenty_deliveries_at_once_open_one_incident(record: RedisRecord) -> None:
    kept = await asyncio.gather(*(record.open(INCIDENTS, DOWN, ANA, "delivery-1") for _ in range(20)))
    assert {one.state.number for one in kept} == {"INC-1"}
    assert Counter(one.again for one in kept) == {True: 19, False: 1}
    assert len(await record.events("INC-1")) == 1
    assert await declare(record) == "INC-2", "the deliveries that lost used up numbers"


async def test_twenty_deliveries_of_a_change_at_once_change_once_and_all_see_it(record: RedisRecord) -> None:
    number = await declare(record)
    kept = await asyncio.gather(*(acknowledge(record, number, key="click-1") for _ in range(20)))
    assert Counter(one.again for one in kept) == {True: 19, False: 1}
    assert {(one.state.phase, one.state.version) for one in kept} == {(Phase.ACKNOWLEDGED, 2)}
    assert len(await record.events(number)) == 2


async def test_twenty_people_who_declare_at_once_get_twenty_numbers_without_a_gap(record: RedisRecord) -> None:
    numbers = await asyncio.gather(*(declare(record, f"delivery-{person}") for person in range(20)))
    assert sorted(numbers, key=lambda number: int(number[4:])) == [f"INC-{number}" for number in range(1, 21)]
    assert await record.count(INCIDENTS) == 20


async def test_two_hundred_people_at_once_are_all_recorded_once(record: RedisRecord) -> None:
    async def insisting(key: str) -> str:
        """On a busy machine somebody may be told that nothing was recorded, and does the same again."""
        for _ in range(10):
            with suppress(NothingRecorded):
                return await declare(record, key)
        raise AssertionError(f"{key} was never recorded")

    numbers = await asyncio.gather(*(insisting(f"click-{person}") for person in range(200)))
    assert len(set(numbers)) == 200
    assert len(await record.listing(INCIDENTS, only_open=True, limit=500)) == 200


async def test_twenty_updates_at_once_form_one_whole_chain_in_which_each_appears_once(
    record: RedisRecord, client: Client
) -> None:
    number = await declare(record)
    await asyncio.gather(*(update(record, number, f"finding {person}") for person in range(20)))
    events = await record.events(number)
    assert [event.version for event in events] == list(range(1, 22))
    assert {event.fact.words for event in events[1:]} == {f"finding {person}" for person in range(20)}
    assert broken_link(number, await sealed(client, number)) is None
    assert (await record.listing(INCIDENTS, only_open=True, limit=1))[0] == await record.load(INCIDENTS, number)


async def test_of_two_people_who_acknowledge_at_once_one_wins_and_the_other_learns_who(record: RedisRecord) -> None:
    number = await declare(record)
    outcomes = await asyncio.gather(
        acknowledge(record, number, ANA), acknowledge(record, number, BRUNO), return_exceptions=True
    )
    [winner] = [outcome for outcome in outcomes if isinstance(outcome, Kept)]
    [loser] = [outcome for outcome in outcomes if isinstance(outcome, TooLate)]
    assert loser.text.values["who"] == Person(winner.state.acknowledged_by)
    assert facts(await record.events(number)) == [DOWN, Acknowledged()]


async def test_a_killed_redis_is_said_in_time_and_nothing_is_there_after_its_restart(
    record: RedisRecord, client: Client, server: Server
) -> None:
    number = await declare(record)
    await server.kill()
    assert await seconds_until_refused(declare(record, "delivery-1")) < LIMIT + SLACK
    assert await seconds_until_refused(update(record, number, "slow")) < LIMIT + SLACK
    assert await seconds_until_refused(record.events(number)) < LIMIT + SLACK
    assert await seconds_until_refused(record.count(INCIDENTS)) < LIMIT + SLACK
    await server.start()
    assert len(await record.events(number)) == 1
    assert len(await streams(client)) == 1
    assert await declare(record, "delivery-1") == "INC-2"


async def test_a_paused_redis_is_said_in_time_and_stores_nothing_when_it_wakes_up(
    record: RedisRecord, client: Client, server: Server
) -> None:
    await declare(record)
    server.pause()
    try:
        took = await asyncio.gather(*(seconds_until_refused(declare(record, f"delivery-{n}")) for n in range(5)))
        assert LIMIT - 0.1 < max(took) < LIMIT + SLACK
    finally:
        server.resume()
    assert await declare(record) == "INC-2"
    assert len(await streams(client)) == 2


async def test_a_redis_paused_before_the_first_word_stores_nothing_when_it_wakes_up(
    record: RedisRecord, client: Client, server: Server
) -> None:
    server.pause()
    try:
        assert await seconds_until_refused(declare(record)) < LIMIT + SLACK
    finally:
        server.resume()
    await client.ping()
    assert await streams(client) == []


async def test_a_request_that_arrives_after_the_person_was_told_is_not_stored(
    record_on: RecordOn, wire: Wire, record: RedisRecord
) -> None:
    """Reading took most of the time, so the write has less than it would have had alone."""
    slow = record_on(f"redis://127.0.0.1:{wire.port}/0")
    number = await declare(slow)
    reading, writing = wire.hold(b"XRANGE"), wire.hold(b"EVALSHA")
    asyncio.get_running_loop().call_later(LIMIT * 0.7, reading.set)
    await seconds_until_refused(update(slow, number, "cache is cold"))
    before = wire.answers
    writing.set()
    await until(lambda: _has_grown(wire, before))
    assert facts(await record.events(number)) == [DOWN]


async def _has_grown(wire: Wire, before: int) -> bool:
    return wire.answers > before


@pytest.mark.parametrize("silently", [False, True], ids=["the connection broke", "nothing came back"])
async def test_an_answer_lost_on_its_way_back_leaves_one_event_and_the_truth_is_told(
    record_on: RecordOn, wire: Wire, record: RedisRecord, silently: bool
) -> None:
    behind_the_wire = record_on(f"redis://127.0.0.1:{wire.port}/0")
    number = await declare(behind_the_wire)
    wire.lose_answer(b"EVALSHA", silently=silently)
    kept = await update(behind_the_wire, number, "cache is cold", "delivery-1")
    assert kept.state.latest == "cache is cold"
    assert (await update(behind_the_wire, number, "cache is cold", "delivery-1")).again
    assert facts(await record.events(number)) == [DOWN, Updated("cache is cold")]


async def test_the_same_record_goes_on_after_redis_was_restarted(record: RedisRecord, server: Server) -> None:
    number = await declare(record)
    await server.kill()
    await server.start()
    kept = await update(record, number, "the store was restarted")
    assert kept.state.version == 2


async def test_flushed_scripts_are_loaded_again(record: RedisRecord, client: Client) -> None:
    number = await declare(record)
    await client.script_flush()
    assert (await update(record, number, "still here")).state.version == 2


async def test_a_full_redis_is_said_and_nothing_of_the_fact_is_stored(
    tmp_path: Path, record_on: RecordOn, connected: Callable[[str], Client]
) -> None:
    async with running(tmp_path / "full", "--maxmemory-policy", "noeviction") as full:
        record, client = record_on(full.url), connected(full.url)
        await declare(record)
        before = sorted(await client.keys())
        await client.config_set("maxmemory", 1)
        with pytest.raises(NothingRecorded, match="refused"):
            await declare(record)
        await client.config_set("maxmemory", 0)
        assert sorted(await client.keys()) == before
        assert await declare(record) == "INC-2"


PERMANENT = {
    *("count:INC", "count:NOTE", "feed", "open:INC", "open:NOTE", "rows:INC", "rows:NOTE"),
    *("stream:INC-1", "stream:NOTE-1", "told:INC-1"),
}


async def test_every_key_ends_by_itself_or_is_meant_to_stay(record: RedisRecord, client: Client) -> None:
    feed = RedisFeed(client, "{plantao}", "worker-1")
    await feed.prepare()
    await record.open(NOTES, Noted("watch the queue"), ANA, "delivery-1")
    await acknowledge(record, await declare(record))
    await RedisMarks(client, "{plantao}").set("INC-1", told="2")
    async with RedisLeases(client, "{plantao}").hold("target:payments"):
        ttls = {key.decode().removeprefix("{plantao}:"): await client.pttl(key) async for key in client.scan_iter("*")}
    assert {name for name, ttl in ttls.items() if ttl == -1} == PERMANENT
    ending = {name: ttl for name, ttl in ttls.items() if name not in PERMANENT}
    assert {name.partition(":")[0] for name in ending} == {"delivery", "lease"}
    assert all(0 < ttl <= 86_400_000 for ttl in ending.values())
