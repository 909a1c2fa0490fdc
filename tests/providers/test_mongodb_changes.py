"""`mongodb.kill_operation`: ends exactly the operation that was shown, and is sent once."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from data_changes import execute, lines, preview, refused, warnings
from mongo_patient import fill, killer, reader
from pydantic import ValidationError
from readings import rendered, spoken

from bot.core.errors import Denied, Unreachable
from bot.core.text import Text
from bot.providers.mongodb.kill_operation import Changed
from sandbox.world.mongodb import Mongo, open_mongodb

KILL = "mongodb.kill_operation"
FIND = {"find": "tickets", "filter": {"contact": "maria@example.com"}}


@pytest.fixture
async def mongo() -> AsyncIterator[Mongo]:
    async with open_mongodb() as mongo:
        fill(mongo)
        yield mongo


def slow(mongo: Mongo, **other: Any) -> str:
    return str(mongo.start_operation("shop.tickets", FIND, seconds=90, op="query", **other).opid)


async def test_the_preview_shows_the_operation_by_shape_and_kills_nothing(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, killer(mongo), opid=opid)
    assert lines(shown)[f"Operation {opid}"] == ("shop.tickets  find filter {contact: ?}", "—")
    assert lines(shown)["Running for"] == ("90 s", "—")
    assert "may send the same query again" in warnings(shown)
    assert "maria" not in repr(shown)
    assert "killOp" not in mongo.seen


async def test_the_operation_is_killed_once_and_watched_until_it_is_gone(mongo: Mongo) -> None:
    opid, other = slow(mongo, looks_until_gone=2), slow(mongo)
    told: list[str] = []

    async def note(text: Text) -> None:
        told.append(rendered(text))

    shown = await preview(KILL, killer(mongo), opid=opid)
    assert await execute(KILL, killer(mongo), shown, note) == f"operation {opid} has ended"
    assert told == [f"operation {opid} was told to end"]
    assert list(mongo.store.operations) == [int(other)]
    assert mongo.seen.count("killOp") == 1


async def test_a_moving_clock_does_not_make_the_preview_stale(mongo: Mongo) -> None:
    opid = slow(mongo)
    first = await preview(KILL, killer(mongo), opid=opid)
    mongo.store.operations[int(opid)].started -= 30
    assert (await preview(KILL, killer(mongo), **first.arguments)).fingerprint == first.fingerprint


async def test_an_operation_that_ended_by_itself_needs_no_kill(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, killer(mongo), opid=opid)
    mongo.store.operations.clear()
    assert await execute(KILL, killer(mongo), shown) == f"operation {opid} had ended by itself"
    assert "killOp" not in mongo.seen


async def test_an_id_that_was_given_to_other_work_is_left_alone(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, killer(mongo), opid=opid)
    mongo.store.operations[int(opid)].command = {"find": "orders"}
    error = await refused(execute(KILL, killer(mongo), shown))
    assert isinstance(error, Changed)
    assert int(opid) in mongo.store.operations
    assert "killOp" not in mongo.seen


async def test_operations_of_the_server_itself_cannot_be_killed(mongo: Mongo) -> None:
    system = str(mongo.start_operation("local.oplog.rs", {"getMore": 1}, seconds=9000).opid)
    background = str(mongo.start_operation("shop.tickets", {"index": 1}, seconds=9, client=None).opid)
    for opid in (system, background, "4711"):
        error = await refused(preview(KILL, killer(mongo), opid=opid))
        assert spoken(error) == f"Nothing to do: no operation of a client has the id {opid}."


async def test_writes_and_index_builds_come_with_a_warning(mongo: Mongo) -> None:
    write = str(mongo.start_operation("shop.tickets", {"update": "tickets"}, seconds=9, op="update").opid)
    build = str(mongo.start_operation("shop.tickets", {"createIndexes": "tickets"}, seconds=9).opid)
    assert "stays written" in warnings(await preview(KILL, killer(mongo), opid=write))
    assert "is thrown away" in warnings(await preview(KILL, killer(mongo), opid=build))


async def test_a_lost_answer_is_looked_at_and_not_sent_again(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, killer(mongo), opid=opid)
    mongo.lose_answer_to = "killOp"
    assert await execute(KILL, killer(mongo), shown) == f"operation {opid} has ended"
    assert mongo.seen.count("killOp") == 1


async def test_a_server_that_falls_silent_after_the_kill_leaves_an_honest_unknown(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, killer(mongo), opid=opid)

    async def hang(_: Text) -> None:
        mongo.hang()

    error = await refused(execute(KILL, killer(mongo), shown, hang))
    assert isinstance(error, Unreachable)
    assert "Look before anybody tries again" in spoken(error)


async def test_a_user_who_may_only_look_is_told_what_to_grant(mongo: Mongo) -> None:
    opid = slow(mongo)
    shown = await preview(KILL, reader(mongo), opid=opid)
    error = await refused(execute(KILL, reader(mongo), shown))
    assert isinstance(error, Denied)
    assert "`inprog` and `killop` on the cluster" in spoken(error)
    assert int(opid) in mongo.store.operations


@pytest.mark.parametrize("opid", ["", "all", "1;2", "{$gt: 0}", "1 2"])
async def test_an_id_is_one_number_and_nothing_else(opid: str, mongo: Mongo) -> None:
    with pytest.raises(ValidationError):
        await preview(KILL, killer(mongo), opid=opid)
