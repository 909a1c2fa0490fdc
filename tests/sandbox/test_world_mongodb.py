"""The emulated MongoDB against the real driver: what a client does to it is seen by the next one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from pymongo import AsyncMongoClient, errors

from sandbox.world.mongodb import Mongo, open_atlas, open_mongodb


@pytest.fixture
async def mongo() -> AsyncIterator[Mongo]:
    async with open_mongodb() as mongo:
        yield mongo


@asynccontextmanager
async def client(url: str) -> AsyncIterator[AsyncMongoClient[dict[str, Any]]]:
    async with AsyncMongoClient[dict[str, Any]](url, serverSelectionTimeoutMS=3000) as found:
        yield found


async def test_documents_are_kept_found_sorted_changed_and_deleted(mongo: Mongo) -> None:
    async with client(mongo.url) as admin:
        people = admin["shop"]["people"]
        await people.insert_many([{"name": name, "age": age} for name, age in (("Ana", 30), ("Bia", 20), ("Caio", 40))])
        found = await people.find({"age": {"$gte": 25}}, {"_id": 0}).sort("age", -1).to_list()
        assert found == [{"name": "Caio", "age": 40}, {"name": "Ana", "age": 30}]
        assert (await people.update_many({"age": {"$lt": 35}}, {"$set": {"young": True}})).modified_count == 2
        assert await people.count_documents({"young": True}) == 2
        assert (await people.delete_one({"young": True})).deleted_count == 1
        assert await people.estimated_document_count() == 2
        assert await admin.list_database_names() == ["shop"]
    assert [one["name"] for one in mongo.documents("shop", "people")] == ["Bia", "Caio"]


async def test_pipelines_match_group_and_count(mongo: Mongo) -> None:
    mongo.insert(
        "shop", "orders", *({"state": state, "total": total} for state, total in (("a", 1), ("b", 2), ("a", 5)))
    )
    async with client(mongo.url) as admin:
        orders = admin["shop"]["orders"]
        grouped = await orders.aggregate([{"$group": {"_id": "$state", "sum": {"$sum": "$total"}}}])
        assert await grouped.to_list() == [{"_id": "a", "sum": 6}, {"_id": "b", "sum": 2}]
        counted = await orders.aggregate([{"$match": {"state": "a"}}, {"$count": "n"}])
        assert await counted.to_list() == [{"n": 2}]
        with pytest.raises(errors.OperationFailure, match="Unrecognized pipeline stage"):
            await orders.aggregate([{"$lookup": {}}])


async def test_a_long_list_arrives_as_a_document_sequence(mongo: Mongo) -> None:
    async with client(mongo.url) as admin:
        await admin["shop"]["many"].insert_many([{"n": number} for number in range(2500)])
    assert len(mongo.documents("shop", "many")) == 2500


async def test_indexes_are_listed_and_their_use_is_counted(mongo: Mongo) -> None:
    async with client(mongo.url) as admin:
        people = admin["shop"]["people"]
        await people.insert_one({"name": "Ana"})
        await people.create_index("name")
        await people.find({"name": "Ana"}).to_list()
        assert set(await people.index_information()) == {"_id_", "name_1"}
        stats = await (await people.aggregate([{"$indexStats": {}}])).to_list()
    assert {one["name"]: one["accesses"]["ops"] for one in stats} == {"_id_": 0, "name_1": 1}


async def test_a_killed_operation_is_gone_and_an_unknown_command_is_refused(mongo: Mongo) -> None:
    running = mongo.start_operation("shop.orders", {"find": "orders", "filter": {"x": 1}}, seconds=60)
    async with client(mongo.url) as admin:
        shown = await admin.admin.command("currentOp")
        assert [(one["opid"], one["secs_running"]) for one in shown["inprog"]] == [(running.opid, 60)]
        await admin.admin.command("killOp", op=running.opid)
        assert (await admin.admin.command("currentOp"))["inprog"][0]["killPending"] is True
        assert (await admin.admin.command("currentOp"))["inprog"] == []
        with pytest.raises(errors.OperationFailure) as caught:
            await admin.admin.command("replSetGetStatus")
    assert caught.value.code == 59


async def test_a_wrong_password_an_unknown_user_and_a_stranger_are_kept_out(mongo: Mongo) -> None:
    mongo.access.create_user("ana", "right", [])
    for url in (mongo.url_for("ana", "wrong"), mongo.url_for("nobody", "right")):
        async with client(url) as stranger:
            with pytest.raises(errors.OperationFailure) as caught:
                await stranger.admin.command("ping")
        assert caught.value.code == 18
    async with client(mongo.url_for()) as stranger:
        with pytest.raises(errors.OperationFailure) as caught:
            await stranger["shop"]["people"].find_one()
    assert caught.value.code == 13


async def test_a_user_may_do_only_what_their_role_says(mongo: Mongo) -> None:
    privileges = [{"resource": {"db": "shop", "collection": "people"}, "actions": ["find"]}]
    async with client(mongo.url) as admin:
        await admin.admin.command("createRole", "readsPeople", privileges=privileges, roles=[])
        await admin.admin.command("createUser", "ana", pwd="right", roles=["readsPeople"])
    async with client(mongo.url_for("ana", "right")) as ana:
        assert await ana["shop"]["people"].find_one() is None
        for forbidden in (
            ana["shop"]["orders"].find_one(),
            ana["shop"]["people"].insert_one({}),
            ana["other"]["people"].find_one(),
            ana.admin.command("serverStatus"),
        ):
            with pytest.raises(errors.OperationFailure) as caught:
                await forbidden
            assert caught.value.code == 13
    assert mongo.documents("shop", "people") == []


async def test_the_atlas_api_wants_its_key_and_tells_its_snapshots() -> None:
    async with open_atlas() as atlas:
        atlas.add_snapshot(datetime(2026, 1, 2, 3, tzinfo=UTC))
        url = f"{atlas.url}/api/atlas/v2/groups/{atlas.project}/clusters/{atlas.cluster}/backup/snapshots"
        accept = {"Accept": "application/vnd.atlas.2023-01-01+json"}
        async with httpx.AsyncClient(trust_env=False, headers=accept) as http:
            right = await http.get(url, auth=httpx.DigestAuth(atlas.public_key, atlas.private_key))
            wrong = await http.get(url, auth=httpx.DigestAuth(atlas.public_key, "wrong"))
    assert [one["createdAt"] for one in right.json()["results"]] == ["2026-01-02T03:00:00Z"]
    assert wrong.status_code == 401
