"""The MongoDB checks against the emulated server: figures and shapes, never a customer's words."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from bson import ObjectId
from mongo_patient import PASSWORD, fill, reader
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Read
from bot.core.text import Text
from bot.providers import names, operation
from sandbox.world.mongodb import Atlas, Mongo, open_atlas, open_mongodb
from tests.ports import NOBODY

NEEDED: dict[str, dict[str, object]] = {
    "mongodb.count": {"collection": "tickets"},
    "mongodb.newest": {"collection": "tickets", "time_field": "created_at"},
    "mongodb.exists": {"collection": "dashboard_users", "field": "email", "value": "maria@example.com"},
    "mongodb.indexes": {"collection": "tickets"},
}
OF_ATLAS = {"mongodb.backups", "mongodb.advisor"}
EVERY = [
    name
    for name in names()
    if name.startswith("mongodb.") and name not in OF_ATLAS and isinstance(operation(name), Read)
]


@pytest.fixture
async def mongo() -> AsyncIterator[Mongo]:
    async with open_mongodb() as mongo:
        fill(mongo)
        yield mongo


@pytest.fixture
async def atlas() -> AsyncIterator[Atlas]:
    async with open_atlas() as atlas:
        yield atlas


async def test_every_check_runs_with_only_the_permissions_of_the_documentation(mongo: Mongo) -> None:
    mongo.store.profiling["shop"] = 1
    for name in EVERY:
        reading = await read(name, reader(mongo), **NEEDED.get(name, {}))
        assert reading.measurements
        assert all(one.value is not None for one in reading.measurements), name
    assert len(EVERY) == 8


async def test_ping_tells_the_round_trip_in_milliseconds(mongo: Mongo) -> None:
    reading = await read("mongodb.ping", reader(mongo))
    latency = measured(reading)["latency_ms"]
    assert isinstance(latency, float)
    assert 0 < latency < 3000
    assert summary(reading) == f"answers in {latency} ms"


async def test_connections_are_counted_against_the_limit(mongo: Mongo) -> None:
    mongo.load.connections, mongo.load.connection_limit = 95, 100
    reading = await read("mongodb.connections", reader(mongo))
    assert measured(reading) == {"current": 95, "available": 5, "limit": 100, "used_percent": 95.0}
    assert summary(reading) == "95 of 100 connections in use"


async def test_the_connections_of_other_applications_are_counted_when_one_says_its_name(mongo: Mongo) -> None:
    alone = measured(await read("mongodb.connections", reader(mongo), app="nobody-else"))["others"]
    assert alone is None
    mongo.load.idle = {"shop-api": 30}
    own = measured(await read("mongodb.connections", reader(mongo), app="shop-api"))["others"]
    assert isinstance(own, int)
    mongo.load.idle = {"shop-api": 30, "dashboard": 7}
    reading = await read("mongodb.connections", reader(mongo), app="shop-api")
    assert measured(reading)["others"] == own + 7
    none = await read("mongodb.connections", reader(mongo), app="shop-app")
    assert missing(none, "others") == "no connection calls itself shop-app: give the application this `appName`"


async def test_without_the_right_to_see_connections_the_others_stay_unknown(mongo: Mongo) -> None:
    mongo.access.create_role("statusOnly", [{"resource": {"cluster": True}, "actions": ["serverStatus"]}])
    mongo.access.create_user("narrow", PASSWORD, ["statusOnly"])
    address = {**reader(mongo), "url": mongo.url_for("narrow", PASSWORD)}
    reading = await read("mongodb.connections", address, app="shop-api")
    assert measured(reading)["limit"] == 100
    assert "Grant `inprog`" in missing(reading, "others")


async def test_where_a_managed_server_hides_whose_connections_they_are_the_rest_is_told(mongo: Mongo) -> None:
    mongo.hidden.add("aggregate")
    reading = await read("mongodb.connections", reader(mongo), app="shop-api")
    assert measured(reading)["limit"] == 100
    assert missing(reading, "others") == "this MongoDB does not tell whose connections they are"


async def test_long_operations_are_shown_by_shape_and_never_by_value(mongo: Mongo) -> None:
    command = {
        "find": "tickets",
        "filter": {"contact": "maria@example.com", "number": {"$in": [1, 2]}},
        "sort": {"created_at": -1},
        "$db": "shop",
        "lsid": {"id": "secret"},
    }
    slow = mongo.start_operation("shop.tickets", command, seconds=75, op="query")
    mongo.start_operation("shop.orders", {"insert": "orders"}, seconds=1, op="insert", plan="")
    reading = await read("mongodb.operations", reader(mongo))
    assert measured(reading) == {"active": 2, "long": 1, "longest_s": 75, "waiting": 0}
    assert summary(reading) == "1 of 2 operations have run for 5 s or more, the longest for 75 s in shop.tickets"
    (line,) = reading.evidence
    assert line.startswith(f"{slow.opid}  75 s  shop.tickets  COLLSCAN  shop-api/app")
    assert line.endswith("find filter {contact: ?, number: {$in: [?]}} sort {created_at: ?}")
    assert "maria" not in repr(reading)


async def test_an_idle_server_runs_nothing_for_clients(mongo: Mongo) -> None:
    reading = await read("mongodb.operations", reader(mongo))
    assert measured(reading) == {"active": 0, "long": 0, "longest_s": 0, "waiting": 0}
    assert summary(reading) == "0 operations are running, none for 5 s or more"


async def test_count_takes_all_documents_or_those_with_a_value(mongo: Mongo) -> None:
    assert measured(await read("mongodb.count", reader(mongo), collection="tickets")) == {"count": 7}
    opened = await read("mongodb.count", reader(mongo), collection="tickets", field="status", value="open")
    assert measured(opened) == {"count": 4}
    assert summary(opened) == "4 documents in tickets have this status"
    none = await read("mongodb.count", reader(mongo), collection="tickets", field="status", value="lost")
    assert measured(none) == {"count": 0}


@pytest.mark.parametrize("name", sorted(NEEDED))
async def test_a_collection_that_does_not_exist_is_no_empty_answer(name: str, mongo: Mongo) -> None:
    error = await refusal(name, reader(mongo), **{**NEEDED[name], "collection": "tikets"})
    assert spoken(error) == "shop has no collection tikets."


async def test_newest_shows_only_the_named_fields_and_masks_them(mongo: Mongo) -> None:
    fields = ("number", "status", "contact")
    reading = await read(
        "mongodb.newest", reader(mongo), collection="tickets", time_field="created_at", fields=fields, limit=3
    )
    age = measured(reading)["newest_age_s"]
    assert isinstance(age, int)
    assert 595 <= age <= 615
    assert [line.split("Z  ")[1] for line in reading.evidence] == [
        "number: 7  status: open  contact: ***@example.com",
        "number: 6  status: closed  contact: ***@example.com",
        "number: 5  status: open  contact: ***@example.com",
    ]
    assert "Maria" not in repr(reading)


async def test_what_is_masked_is_masked_before_it_is_cut(mongo: Mongo) -> None:
    mongo.insert(
        "shop", "notes", {"at": datetime.now(UTC), "note": "x" * 66 + " maria.souza@example.com", "n": {"a": 1}}
    )
    reading = await read(
        "mongodb.newest", reader(mongo), collection="notes", time_field="at", fields=("note", "n", "gone")
    )
    (line,) = reading.evidence
    assert "maria" not in line
    assert line.endswith("n: …  gone: None")


async def test_newest_understands_what_teams_store_as_time(mongo: Mongo) -> None:
    then = datetime.now(UTC) - timedelta(hours=1)
    moments = (then.isoformat(), then.timestamp(), int(then.timestamp() * 1000), ObjectId.from_datetime(then), then)
    for number, moment in enumerate(moments):
        mongo.insert("shop", f"times{number}", {"at": moment})
        reading = await read("mongodb.newest", reader(mongo), collection=f"times{number}", time_field="at")
        age = measured(reading)["newest_age_s"]
        assert isinstance(age, int), moment
        assert 3595 <= age <= 3610
    mongo.insert("shop", "odd", {"at": {"nested": 1}})
    reading = await read("mongodb.newest", reader(mongo), collection="odd", time_field="at")
    assert missing(reading, "newest_age_s") == "`at` is not a time"


async def test_newest_of_an_empty_collection_is_unknown_with_a_reason(mongo: Mongo) -> None:
    mongo.store.collection("shop", "empty")
    reading = await read("mongodb.newest", reader(mongo), collection="empty", time_field="at")
    assert missing(reading, "newest_age_s") == "empty is empty"


@pytest.mark.parametrize("field", ["password_hash", "senha", "api_key", "reset_token", "$where", "a..b", ""])
async def test_a_field_that_sounds_like_a_secret_is_never_asked_for(field: str) -> None:
    with pytest.raises(ValidationError):
        await read(
            "mongodb.newest",
            {"url": "mongodb://127.0.0.1:1", "database": "shop"},
            collection="dashboard_users",
            time_field="created_at",
            fields=(field,),
        )


async def test_a_user_exists_or_not_with_role_and_company_and_no_password_hash(mongo: Mongo) -> None:
    there = await read("mongodb.exists", reader(mongo), **NEEDED["mongodb.exists"])
    assert measured(there) == {"exists": True}
    assert there.evidence == ("role: admin  company: acme",)
    assert "$2b$" not in repr(there)
    assert "maria" not in repr(there)
    wanted = {**NEEDED["mongodb.exists"], "value": "nobody@example.com"}
    absent = await read("mongodb.exists", reader(mongo), **wanted)
    assert measured(absent) == {"exists": False}
    assert summary(absent) == "nobody in dashboard_users has this email"


async def test_an_operator_instead_of_a_value_is_refused(mongo: Mongo) -> None:
    for value in ({"$ne": None}, ["a"], None):
        with pytest.raises(ValidationError):
            await read("mongodb.exists", reader(mongo), collection="dashboard_users", field="email", value=value)


async def test_indexes_tell_the_missing_and_the_unused(mongo: Mongo) -> None:
    collection = mongo.store.collection("shop", "tickets")
    index = type(collection.indexes["_id_"])
    collection.indexes["status_1"] = index("status_1", {"status": 1}, used=9)
    collection.indexes["contact_1"] = index("contact_1", {"contact": 1})
    reading = await read(
        "mongodb.indexes", reader(mongo), collection="tickets", expected=("status_1", "company_id_1_created_at_-1")
    )
    assert measured(reading) == {"indexes": 3, "absent": 1, "unused": 1}
    assert summary(reading) == "3 indexes; 1 expected ones are missing: company_id_1_created_at_-1"
    assert any(line.startswith("status_1  ×9 in 0.0 d") for line in reading.evidence)


async def test_without_the_right_to_index_statistics_the_rest_is_still_told(mongo: Mongo) -> None:
    mongo.access.roles["plantaoRead"][1]["actions"].remove("indexStats")
    reading = await read("mongodb.indexes", reader(mongo), collection="tickets")
    assert measured(reading)["indexes"] == 1
    assert "Grant `indexStats`" in missing(reading, "unused")


async def test_where_index_statistics_fail_the_rest_is_still_told(mongo: Mongo) -> None:
    mongo.hidden.add("aggregate")
    reading = await read("mongodb.indexes", reader(mongo), collection="tickets", expected=("status_1",))
    assert (measured(reading)["indexes"], measured(reading)["absent"]) == (1, 1)
    assert "does not know this command" in missing(reading, "unused")


async def test_slow_queries_come_from_the_profiler_by_shape(mongo: Mongo) -> None:
    mongo.store.profiling["shop"] = 1
    entry = {
        "ts": datetime.now(UTC) - timedelta(minutes=5),
        "millis": 4200,
        "ns": "shop.tickets",
        "planSummary": "COLLSCAN",
        "docsExamined": 900_000,
        "nreturned": 3,
        "command": {"find": "tickets", "filter": {"contact": "maria@example.com"}},
    }
    old = {**entry, "ts": datetime.now(UTC) - timedelta(hours=5), "millis": 9999}
    quick = {**entry, "millis": 20}
    mongo.insert("shop", "system.profile", entry, old, quick)
    reading = await read("mongodb.slow", reader(mongo))
    assert measured(reading) == {"slow": 1, "worst_ms": 4200, "scans": 1}
    assert reading.evidence == ("4200 ms  shop.tickets  COLLSCAN  900000 examined for 3  find filter {contact: ?}",)


async def test_slow_queries_are_unknown_while_the_profiler_is_off(mongo: Mongo) -> None:
    reading = await read("mongodb.slow", reader(mongo))
    assert "`db.setProfilingLevel(1, {slowms: 100})`" in missing(reading, "slow")


@pytest.mark.parametrize(
    ("name", "grant"),
    [
        ("mongodb.connections", "`serverStatus` on the cluster"),
        ("mongodb.operations", "`inprog` on the cluster"),
        ("mongodb.slow", "`find` on `system.profile`"),
        ("mongodb.count", "`find` and `listCollections`"),
        ("mongodb.indexes", "`listIndexes`"),
    ],
)
async def test_a_missing_right_is_named(name: str, grant: str, mongo: Mongo) -> None:
    mongo.access.create_user("nobody", PASSWORD, [])
    address = {"url": mongo.url_for("nobody", PASSWORD), "database": "shop"}
    error = await refusal(name, address, **NEEDED.get(name, {}))
    assert isinstance(error, Denied)
    assert error.text.values["user"] == "nobody"
    needed = error.text.values["grant"]
    assert isinstance(needed, Text)
    assert rendered(needed).startswith(grant)


@pytest.mark.parametrize(("user", "password"), [("plantao", "wrong-s3same"), ("ghost", "s3same")])
async def test_a_wrong_password_is_told_without_repeating_it(user: str, password: str, mongo: Mongo) -> None:
    error = await refusal("mongodb.ping", {"url": mongo.url_for(user, password), "database": "shop"})
    assert isinstance(error, Denied)
    assert f"refuses the user `{user}` or its password" in spoken(error)


async def test_a_dead_mongodb_is_unreachable() -> None:
    address = {"url": f"mongodb://u:s3same@127.0.0.1:{NOBODY}/", "database": "shop"}
    errors = await asyncio.gather(*(refusal(name, address, **NEEDED.get(name, {})) for name in EVERY))
    assert {type(error) for error in errors} == {Unreachable}
    assert "cannot be reached" in spoken(errors[0])


async def test_where_none_of_the_named_servers_is_found_it_is_not_said_that_nothing_listens(mongo: Mongo) -> None:
    url = mongo.url_for("plantao", PASSWORD)
    address = {"url": f"{url}&replicaSet=another", "database": "shop"}
    error = await refusal("mongodb.ping", address)
    assert isinstance(error, TimedOut)
    assert "no server to talk to was found within 1.8 s." in spoken(error)


async def test_a_hung_mongodb_times_out_every_check_within_the_limit(mongo: Mongo) -> None:
    mongo.hang()
    begun = monotonic()
    errors = await asyncio.gather(*(refusal(name, reader(mongo), **NEEDED.get(name, {})) for name in EVERY))
    assert monotonic() - begun < 20
    assert {type(error) for error in errors} == {TimedOut}


async def test_a_query_that_is_too_heavy_is_given_up_by_the_server(mongo: Mongo) -> None:
    mongo.load.slowness_ms = 60_000
    for name in ("mongodb.count", "mongodb.newest", "mongodb.exists", "mongodb.operations"):
        error = await refusal(name, reader(mongo), **NEEDED.get(name, {}))
        assert isinstance(error, TimedOut)
        assert "gave up after 2.0 s" in spoken(error)


async def test_a_managed_server_that_hides_a_command_is_told_as_such(mongo: Mongo) -> None:
    mongo.hidden.add("serverStatus")
    error = await refusal("mongodb.connections", reader(mongo))
    assert type(error) is TargetError
    assert "does not know this command" in spoken(error)


async def test_an_unusable_address_is_refused_without_repeating_it() -> None:
    for url in ("https://example.org", "mongodb://u:pa/s3same@host", "mongodb://", "mongodb://u:s3@same@host/"):
        with pytest.raises(ValidationError) as caught:
            await read("mongodb.ping", {"url": url, "database": "shop"})
        assert "not a MongoDB address" in str(caught.value)
        assert "s3same" not in str(caught.value)


def with_atlas(atlas: Atlas, **other: str) -> Settings:
    return {
        "url": "mongodb://127.0.0.1:1",
        "database": "shop",
        "atlas_url": atlas.url,
        "atlas_public_key": atlas.public_key,
        "atlas_private_key": atlas.private_key,
        "atlas_project": atlas.project,
        "atlas_cluster": atlas.cluster,
        **other,
    }


async def test_the_age_of_the_newest_finished_backup_is_told(atlas: Atlas) -> None:
    now = datetime.now(UTC)
    atlas.add_snapshot(now - timedelta(hours=30))
    atlas.add_snapshot(now - timedelta(hours=6))
    atlas.add_snapshot(now, status="inProgress")
    reading = await read("mongodb.backups", with_atlas(atlas))
    assert measured(reading) == {"age_h": 6.0, "snapshots": 2}
    assert summary(reading) == "the newest backup is 6.0 h old, 2 are kept"


async def test_without_backups_there_is_no_age_and_none_are_counted(atlas: Atlas) -> None:
    reading = await read("mongodb.backups", with_atlas(atlas))
    assert measured(reading) == {"age_h": None, "snapshots": 0}


async def test_backups_are_unknown_without_an_api_key_and_say_what_is_needed() -> None:
    reading = await read("mongodb.backups", {"url": "mongodb://127.0.0.1:1", "database": "shop"})
    assert missing(reading, "age_h").startswith("needs an Atlas API key")


@pytest.mark.parametrize("name", sorted(OF_ATLAS))
async def test_a_refused_or_misdirected_atlas_key_is_told(atlas: Atlas, name: str) -> None:
    wrong = await refusal(name, with_atlas(atlas, atlas_private_key="wrong-s3same"))
    assert isinstance(wrong, Denied)
    assert isinstance(await refusal(name, with_atlas(atlas, atlas_url="http://127.0.0.1:1")), Unreachable)
    elsewhere = await refusal(name, with_atlas(atlas, atlas_cluster="other"))
    assert spoken(elsewhere) == "Atlas knows no cluster other in this project."
    atlas.forbidden = True
    forbidden = await refusal(name, with_atlas(atlas))
    assert "Grant it `Project Read Only`" in spoken(forbidden)


def slow_cluster(atlas: Atlas) -> None:
    command = {"find": "tickets", "filter": {"contact": "maria@example.com", "status": "open"}, "sort": {"at": -1}}
    atlas.add_slow("shop.tickets", 740, "COLLSCAN", command)
    atlas.add_slow("shop.orders", 1900, "IXSCAN { at: 1 }", {"aggregate": "orders", "pipeline": [{"$match": {"a": 1}}]})
    atlas.suggest("shop.tickets", {"status": 1, "at": -1}, 431, 740.0)


async def test_the_advisor_tells_slow_queries_by_shape_and_the_indexes_that_it_misses(atlas: Atlas) -> None:
    slow_cluster(atlas)
    reading = await read("mongodb.advisor", with_atlas(atlas))
    assert measured(reading) == {"slow": 2, "worst_ms": 1900, "scans": 1, "suggested": 1}
    assert summary(reading) == (
        "Atlas saw 2 slow queries in the last 1440 min, the worst took 1900 ms; it suggests 1 indexes"
    )
    assert reading.evidence == (
        "index suggested: shop.tickets {status: 1, at: -1}  for 431 queries of 740 ms on average",
        "1900 ms  shop.orders  IXSCAN { at: 1 }  5000 examined for 3  aggregate pipeline [{$match: {a: ?}}]",
        "740 ms  shop.tickets  COLLSCAN  5000 examined for 3  find filter {contact: ?, status: ?} sort {at: ?}",
    )
    assert "maria" not in repr(reading)
    # The members of this cluster, and not of the one whose name begins alike.
    assert {one.partition(".")[0] for one in atlas.advised} == {"prod-shard-00-00", "prod-shard-00-01"}


async def test_an_advisor_with_nothing_to_say_and_a_cut_line_are_no_trouble(atlas: Atlas) -> None:
    quiet = await read("mongodb.advisor", with_atlas(atlas), minutes=60)
    assert summary(quiet) == "Atlas saw no slow query in the last 60 min"
    slow_cluster(atlas)
    atlas.slow[0]["line"] = atlas.slow[0]["line"][:90]
    cut = await read("mongodb.advisor", with_atlas(atlas))
    assert measured(cut)["slow"] == 2
    assert cut.evidence[-1] == "0 ms  shop.tickets  —  ? examined for ?  "
    for one in atlas.slow:
        one["at"] -= 2 * 60 * 60 * 1000
    assert measured(await read("mongodb.advisor", with_atlas(atlas), minutes=60))["slow"] == 0


async def test_the_advisor_needs_its_own_role_and_a_cluster_of_the_project(atlas: Atlas) -> None:
    atlas.advises = False
    denied = await refusal("mongodb.advisor", with_atlas(atlas))
    assert isinstance(denied, Denied)
    assert "`Project Read Only`, `Project Observability Viewer`" in spoken(denied)
    reading = await read("mongodb.advisor", {"url": "mongodb://127.0.0.1:1", "database": "shop"})
    assert missing(reading, "suggested").startswith("needs an Atlas API key")
