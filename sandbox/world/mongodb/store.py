"""What the emulated server keeps: databases, collections, indexes and the operations that run."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import Any

import bson
from bson import ObjectId

from sandbox.world.mongodb.matching import matches, ordered, projected
from sandbox.world.mongodb.wire import Document


@dataclass
class Index:
    """An index and how often it was used since the server started."""

    name: str
    key: Document
    used: int = 0
    since: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class Collection:
    """Documents in the order of their insertion."""

    documents: list[Document] = field(default_factory=list)
    indexes: dict[str, Index] = field(default_factory=lambda: {"_id_": Index("_id_", {"_id": 1})})

    def insert(self, documents: Iterable[Mapping[str, Any]]) -> int:
        # Through BSON and back, as over the wire: dates lose their zone, tuples become lists.
        found = [bson.decode(bson.encode({"_id": ObjectId(), **document})) for document in documents]
        self.documents += found
        return len(found)

    def find(self, wanted: Document, sort: Document, limit: int, projection: Document) -> list[Document]:
        self._use_index(wanted, sort)
        found = ordered((one for one in self.documents if matches(one, wanted)), sort)
        return [projected(one, projection) for one in (found[:limit] if limit else found)]

    def _use_index(self, wanted: Document, sort: Document) -> None:
        for index in self.indexes.values():
            first = next(iter(index.key))
            if first in wanted or next(iter(sort), None) == first:
                index.used += 1


@dataclass
class RunningOperation:
    """An operation of a client; `looks_until_gone` is how often it is still seen after it was killed."""

    opid: int
    namespace: str
    op: str
    command: Document
    started: float
    connection: int
    user: str = "app"
    plan: str = "COLLSCAN"
    client: str | None = "198.51.100.7:51234"
    looks_until_gone: int = 1
    ignores_kill: bool = False
    is_killed: bool = False

    def document(self) -> Document:
        """As `$currentOp` shows it."""
        running = monotonic() - self.started
        shown: Document = {
            "type": "op",
            "host": "emulator:27017",
            "desc": f"conn{self.connection}" if self.client else self.user,
            "connectionId": self.connection,
            "client": self.client,
            "appName": "shop-api",
            "active": True,
            "opid": self.opid,
            "effectiveUsers": [{"user": self.user, "db": "admin"}],
            "secs_running": int(running),
            "microsecs_running": int(running * 1_000_000),
            "op": self.op,
            "ns": self.namespace,
            "command": self.command,
            "planSummary": self.plan,
            "waitingForLock": False,
            **({"killPending": True} if self.is_killed else {}),
        }
        return {name: value for name, value in shown.items() if value is not None}


class Store:
    """The state of one emulated server."""

    def __init__(self) -> None:
        self.databases: dict[str, dict[str, Collection]] = {}
        self.operations: dict[int, RunningOperation] = {}
        self.profiling: dict[str, int] = {}
        self._next_opid = 1000 + secrets.randbelow(1000)

    def collection(self, database: str, name: str) -> Collection:
        """The collection, created on first use as MongoDB does."""
        return self.databases.setdefault(database, {}).setdefault(name, Collection())

    def existing(self, database: str, name: str) -> Collection:
        """The collection, or an empty one that is not kept."""
        return self.databases.get(database, {}).get(name, Collection())

    def start(self, namespace: str, op: str, command: Document, seconds: float, **other: Any) -> RunningOperation:
        """Let an operation run, since `seconds`, until it is killed."""
        opid = self._next_opid
        self._next_opid += 1
        found = RunningOperation(opid, namespace, op, command, monotonic() - seconds, connection=opid % 97, **other)
        self.operations[opid] = found
        return found

    def kill(self, opid: int) -> None:
        """Mark it; like the real one this says nothing about an operation that does not exist."""
        if opid in self.operations:
            self.operations[opid].is_killed = True

    def running(self) -> list[Document]:
        """What runs; a killed operation stops at its next chance to notice."""
        for found in list(self.operations.values()):
            if found.is_killed and not found.ignores_kill:
                found.looks_until_gone -= 1
                if found.looks_until_gone < 0:
                    del self.operations[found.opid]
        return [found.document() for found in self.operations.values()]
