"""The commands of the emulated server: a literal table from name to what it does."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sandbox.world.mongodb.access import Access
from sandbox.world.mongodb.matching import matches, update
from sandbox.world.mongodb.pipeline import aggregate
from sandbox.world.mongodb.refusals import COMMAND_NOT_FOUND, MAX_TIME_EXPIRED, NAMESPACE_NOT_FOUND, Refusal
from sandbox.world.mongodb.store import Index, Store
from sandbox.world.mongodb.wire import Document


@dataclass
class Load:
    """How busy the server claims to be; `slowness_ms` is how long each read would take.

    `idle` are the connections that do nothing, by the name of their application.
    """

    connections: int = 12
    connection_limit: int = 100
    idle: dict[str, int] = field(default_factory=dict)
    slowness_ms: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """One command with what it needs."""

    store: Store
    access: Access
    load: Load
    user: str
    command: Document

    @property
    def name(self) -> str:
        return next(iter(self.command))

    @property
    def database(self) -> str:
        return str(self.command["$db"])

    @property
    def collection(self) -> str:
        return str(self.command[self.name])

    def require(self, action: str, collection: str | None = None) -> None:
        """The right to this action on the command's collection."""
        wanted = self.collection if collection is None else collection
        self.access.require(self.user, action, self.database, wanted, self.name)

    def require_on_cluster(self, action: str) -> None:
        self.access.require(self.user, action, "", "", self.name)


def carry_out(call: Call) -> Document:
    """The answer to one command; raises Refusal."""
    if call.name not in COMMANDS:
        raise Refusal(COMMAND_NOT_FOUND, f"no such command: '{call.name}'")
    limit = call.command.get("maxTimeMS")
    if limit and call.load.slowness_ms > limit:
        raise Refusal(MAX_TIME_EXPIRED, "operation exceeded time limit")
    return {**COMMANDS[call.name](call), "ok": 1.0}


def _server_status(call: Call) -> Document:
    call.require_on_cluster("serverStatus")
    held = call.load.connections
    return {
        "host": "emulator:27017",
        "version": "7.0.0-emulated",
        "process": "mongod",
        "uptime": 3600.0,
        "connections": {"current": held, "available": call.load.connection_limit - held, "totalCreated": held * 3},
    }


def _find(call: Call) -> Document:
    call.require("find")
    found = call.store.existing(call.database, call.collection).find(
        call.command.get("filter", {}),
        call.command.get("sort", {}),
        abs(call.command.get("limit", 0)),
        call.command.get("projection", {}),
    )
    return _cursor(call, found)


def _count(call: Call) -> Document:
    call.require("find")
    documents = call.store.existing(call.database, call.collection).documents
    return {"n": sum(matches(one, call.command.get("query", {})) for one in documents)}


def _aggregate(call: Call) -> Document:
    stages = list(call.command["pipeline"])
    first = next(iter(stages[0]), "") if stages else ""
    if first == "$currentOp":
        call.require_on_cluster("inprog")
        idle = _idle(call) if stages[0]["$currentOp"].get("idleConnections") else []
        return _cursor(call, aggregate([*call.store.running(), *_own(call), *idle], stages[1:]))
    if first == "$indexStats":
        call.require("indexStats")
        return _cursor(call, aggregate(_index_stats(call), stages[1:]))
    call.require("find")
    return _cursor(call, aggregate(call.store.existing(call.database, call.collection).documents, stages))


def _own(call: Call) -> list[Document]:
    """What a real server shows beside its clients' work: this very command, replication, a waiting hello."""
    shared = {"type": "op", "active": True, "effectiveUsers": [{"user": call.user, "db": "admin"}]}
    client = {**shared, "client": "127.0.0.1:1", "desc": "conn1", "connectionId": 1}
    return [
        {**client, "opid": 1, "op": "command", "ns": "admin.$cmd.aggregate", "secs_running": 0, "command": {}},
        {**client, "opid": 2, "op": "getmore", "ns": "local.oplog.rs", "secs_running": 9000, "command": {}},
        {**client, "opid": 3, "op": "command", "ns": "admin.$cmd", "secs_running": 9, "command": {"hello": 1}},
        {**shared, "opid": 4, "op": "none", "ns": "", "desc": "Checkpointer", "secs_running": 86_400, "command": {}},
    ]


def _idle(call: Call) -> list[Document]:
    idle = {"type": "op", "active": False, "op": "none", "ns": ""}
    return [
        {**idle, "appName": name, "desc": f"conn{number}", "connectionId": number, "client": "127.0.0.1:2"}
        for name, count in call.load.idle.items()
        for number in range(100, 100 + count)
    ]


def _index_stats(call: Call) -> list[Document]:
    indexes = call.store.existing(call.database, call.collection).indexes.values()
    return [
        {"name": one.name, "key": one.key, "host": "emulator", "accesses": {"ops": one.used, "since": one.since}}
        for one in indexes
    ]


def _current_op(call: Call) -> Document:
    call.require_on_cluster("inprog")
    return {"inprog": call.store.running()}


def _kill_op(call: Call) -> Document:
    call.require_on_cluster("killop")
    call.store.kill(int(call.command["op"]))
    return {"info": "attempting to kill op"}


def _list_databases(call: Call) -> Document:
    call.require_on_cluster("listDatabases")
    found = [{"name": name, "sizeOnDisk": 8192, "empty": not kept} for name, kept in call.store.databases.items()]
    return {"databases": found, "totalSize": 8192 * len(found)}


def _list_collections(call: Call) -> Document:
    call.require("listCollections", "")
    names = call.store.databases.get(call.database, {})
    found: list[Document] = [{"name": name, "type": "collection"} for name in names]
    return _cursor(call, [one for one in found if matches(one, call.command.get("filter", {}))])


def _list_indexes(call: Call) -> Document:
    call.require("listIndexes")
    if call.collection not in call.store.databases.get(call.database, {}):
        raise Refusal(NAMESPACE_NOT_FOUND, f"ns does not exist: {call.database}.{call.collection}")
    indexes = call.store.existing(call.database, call.collection).indexes.values()
    return _cursor(call, [{"v": 2, "key": one.key, "name": one.name} for one in indexes])


def _create_indexes(call: Call) -> Document:
    call.require("createIndex")
    collection = call.store.collection(call.database, call.collection)
    before = len(collection.indexes)
    for wanted in call.command["indexes"]:
        collection.indexes[wanted["name"]] = Index(wanted["name"], dict(wanted["key"]))
    return {"numIndexesBefore": before, "numIndexesAfter": len(collection.indexes)}


def _insert(call: Call) -> Document:
    call.require("insert")
    return {"n": call.store.collection(call.database, call.collection).insert(call.command["documents"])}


def _update(call: Call) -> Document:
    call.require("update")
    collection = call.store.collection(call.database, call.collection)
    changed = 0
    for wanted in call.command["updates"]:
        found = [one for one in collection.documents if matches(one, wanted["q"])]
        for document in found if wanted.get("multi") else found[:1]:
            update(document, wanted["u"])
            changed += 1
    return {"n": changed, "nModified": changed}


def _delete(call: Call) -> Document:
    call.require("remove")
    collection = call.store.collection(call.database, call.collection)
    gone: list[Document] = []
    for wanted in call.command["deletes"]:
        found = [one for one in collection.documents if matches(one, wanted["q"])]
        gone += found[: wanted["limit"] or None]
    collection.documents = [one for one in collection.documents if not any(one is other for other in gone)]
    return {"n": len(gone)}


def _profile(call: Call) -> Document:
    call.require("find", "system.profile")
    return {"was": call.store.profiling.get(call.database, 0), "slowms": 100, "sampleRate": 1.0}


def _create_role(call: Call) -> Document:
    call.require("createRole", "")
    call.access.create_role(call.collection, call.command["privileges"])
    return {}


def _create_user(call: Call) -> Document:
    call.require("createUser", "")
    call.access.create_user(call.collection, call.command["pwd"], call.command["roles"])
    return {}


def _cursor(call: Call, batch: list[Document]) -> Document:
    return {"cursor": {"id": 0, "ns": f"{call.database}.{call.command[call.name]}", "firstBatch": batch}}


def _nothing(_: Call) -> Mapping[str, Any]:
    return {}


COMMANDS: Final[Mapping[str, Callable[[Call], Mapping[str, Any]]]] = {
    "ping": _nothing,
    "endSessions": _nothing,
    "serverStatus": _server_status,
    "currentOp": _current_op,
    "killOp": _kill_op,
    "listDatabases": _list_databases,
    "listCollections": _list_collections,
    "find": _find,
    "count": _count,
    "aggregate": _aggregate,
    "insert": _insert,
    "update": _update,
    "delete": _delete,
    "createIndexes": _create_indexes,
    "listIndexes": _list_indexes,
    "profile": _profile,
    "createRole": _create_role,
    "createUser": _create_user,
}
