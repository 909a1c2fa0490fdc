"""Which indexes a collection has, which of those expected are missing, and which nobody uses."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from pydantic import Field
from pymongo.errors import OperationFailure, PyMongoError

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ANSWER_MS, LIMIT, Client, connected, in_thread, is_forbidden, translated
from bot.providers.mongodb.documents import Collection

_LIST: Final = say("`listIndexes` on this database (role `read`)")
_UNGRANTED: Final = say("MongoDB does not tell how often indexes are used. Grant `indexStats` (role `clusterMonitor`).")
_FETCHED: Final = 200
_SHOWN: Final = 30
_Uses: TypeAlias = dict[str, tuple[int, datetime | None]]


class Indexes(Parameters):
    """Of which collection; `expected` are the names of indexes that must be there."""

    collection: Collection
    expected: tuple[str, ...] = Field((), max_length=30)


def _read(address: Address, wanted: Indexes) -> Reading:
    with connected(address, _LIST) as client:
        names = _names(client, address.database, wanted.collection)
        uses, reason = _uses(client, address, wanted.collection)
    absent = [name for name in wanted.expected if name not in names]
    unused = None if uses is None else [name for name in names if name != "_id_" and not uses.get(name, (1, None))[0]]
    return Reading(
        _summary(names, absent, unused),
        (
            Measurement("indexes", len(names)),
            Measurement("absent", len(absent)),
            Measurement("unused", None if unused is None else len(unused), missing=reason),
        ),
        (
            *(f"absent: {name[:100]}" for name in absent),
            *(_line(name, uses) for name in names[:_SHOWN]),
        ),
    )


def _names(client: Client, database: str, collection: str) -> list[str]:
    names = [str(index["name"]) for index in client[database][collection].list_indexes()][:_FETCHED]
    if not names:  # the driver turns "no such collection" into an empty list; a real one has at least that of _id
        raise TargetError("{database} has no collection {collection}.", database=database, collection=collection)
    return names


def _uses(client: Client, address: Address, collection: str) -> tuple[_Uses | None, Text | None]:
    """Uses of each index since the server started; None, and why, where it does not tell."""
    stages: list[Mapping[str, Any]] = [{"$indexStats": {}}]
    try:
        cursor = client[address.database][collection].aggregate(stages, maxTimeMS=ANSWER_MS)
        found = cursor.to_list(_FETCHED)
    except PyMongoError as error:
        if isinstance(error, OperationFailure) and is_forbidden(error):
            return None, _UNGRANTED
        return None, translated(error, address, _LIST, client).text
    return {str(one["name"]): (int(one["accesses"]["ops"]), one["accesses"].get("since")) for one in found}, None


def _summary(names: list[str], absent: list[str], unused: list[str] | None) -> Text:
    if absent:
        return say(
            "{count} indexes; {absent} expected ones are missing: {names}",
            count=len(names),
            absent=len(absent),
            names=", ".join(absent)[:200],
        )
    if unused is None:
        return say("{count} indexes", count=len(names))
    return say(
        "{count} indexes, {unused} of them not used since the server started", count=len(names), unused=len(unused)
    )


def _line(name: str, uses: _Uses | None) -> str:
    if uses is None or name not in uses:
        return name[:100]
    count, since = uses[name]
    days = f" in {(datetime.now(UTC) - since).total_seconds() / 86_400:.1f} d" if since else ""
    return f"{name[:100]}  ×{count}{days}"


INDEXES = Read("mongodb.indexes", Address, Indexes, LIMIT, in_thread(_read))
