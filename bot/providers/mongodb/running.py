"""What clients are doing in it right now, longest first; never the values they ask for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ANSWER_MS, LIMIT, Client, connected, in_thread
from bot.providers.mongodb.shape import shape

INSIGHT: Final = say("`inprog` on the cluster (role `clusterMonitor`)")
_FETCHED: Final = 200
_SHOWN: Final = 15
# Other systems' housekeeping lives in these databases, waiting hellos and this very query among it.
_OF_CLIENTS: Final = {
    "active": True,
    "op": {"$ne": "none"},
    "ns": {"$not": {"$regex": r"^(admin|local|config)\."}},
    "$or": [{"client": {"$exists": True}}, {"client_s": {"$exists": True}}],
}


class Longer(Parameters):
    """From how many seconds on an operation counts as long."""

    min_seconds: int = Field(5, ge=0, le=86_400)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a client, without its values."""

    opid: str
    kind: str
    namespace: str
    seconds: int
    plan: str
    connection: str
    application: str
    user: str
    is_waiting: bool
    is_killed: bool
    shape: str

    def __str__(self) -> str:
        waiting = "  waiting for a lock" if self.is_waiting else ""
        killed = "  being killed" if self.is_killed else ""
        who = f"{self.application or '?'}/{self.user or '?'}"
        return (
            f"{self.opid}  {self.seconds} s  {self.namespace}  {self.plan or '—'}  {who}{waiting}{killed}  {self.shape}"
        )


def client_operations(client: Client, only: Mapping[str, Any] | None = None) -> list[Operation]:
    """The longest running operations of clients, at most 200; `only` narrows them."""
    stages: list[Mapping[str, Any]] = [
        {"$currentOp": {"allUsers": True, "idleConnections": False}},
        {"$match": {**_OF_CLIENTS, **(only or {})}},
        {"$sort": {"secs_running": -1}},
        {"$limit": _FETCHED},
    ]
    cursor = client["admin"].aggregate(stages, maxTimeMS=ANSWER_MS)
    return [_operation(document) for document in cursor.to_list(_FETCHED)]


def _operation(document: Mapping[str, Any]) -> Operation:
    users = document.get("effectiveUsers") or [{}]
    command = document.get("command")
    return Operation(
        opid=str(document.get("opid", ""))[:80],
        kind=_word(document.get("op")),
        namespace=_word(document.get("ns")),
        seconds=int(document.get("secs_running") or 0),
        plan=_word(document.get("planSummary")),
        connection=str(document.get("connectionId", document.get("client_s", "")))[:60],
        application=_word(document.get("appName")),
        user=_word(users[0].get("user")),
        is_waiting=bool(document.get("waitingForLock")),
        is_killed=bool(document.get("killPending")),
        shape=shape(command if isinstance(command, dict) else {}),
    )


def _word(value: object) -> str:
    return mask(str(value or ""))[:80]


def _read(address: Address, wanted: Longer) -> Reading:
    with connected(address, INSIGHT) as client:
        found = client_operations(client)
    long = [one for one in found if one.seconds >= wanted.min_seconds]
    longest = found[0].seconds if found else 0
    return Reading(
        _summary(found, long, wanted.min_seconds),
        (
            Measurement("active", len(found)),
            Measurement("long", len(long)),
            Measurement("longest_s", longest, "s"),
            Measurement("waiting", sum(one.is_waiting for one in found)),
        ),
        tuple(str(one) for one in long[:_SHOWN]),
    )


def _summary(found: list[Operation], long: list[Operation], seconds: int) -> Text:
    if not long:
        return say("{active} operations are running, none for {seconds} s or more", active=len(found), seconds=seconds)
    return say(
        "{long} of {active} operations have run for {seconds} s or more, the longest for {longest} s in {namespace}",
        long=len(long),
        active=len(found),
        seconds=seconds,
        longest=long[0].seconds,
        namespace=long[0].namespace,
    )


OPERATIONS = Read("mongodb.operations", Address, Longer, LIMIT, in_thread(_read))
