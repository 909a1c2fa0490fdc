"""Documents: how many, how fresh, whether one is there; of their contents only the named fields, masked."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal, Self, TypeAlias

from bson import ObjectId
from pydantic import AfterValidator, Field, model_validator

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.mongodb.address import Address
from bot.providers.mongodb.connection import ANSWER_MS, LIMIT, Client, Document, ask, connected, in_thread

_READ: Final = say("`find` and `listCollections` on this database (role `read`)")
_VALUE_LIMIT: Final = 80
_LINE_LIMIT: Final = 300
_SECRET_NAME: Final = re.compile(r"(?i)pass|pwd|senha|hash|secret|token|credential|salt|api_?key|private")


def _not_secret(name: str) -> str:
    if _SECRET_NAME.search(name):
        raise ValueError(f"the field {name} sounds like a secret and is never shown")
    return name


Collection = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=120)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$", max_length=120)]
ShownName = Annotated[Name, AfterValidator(_not_secret)]
# A plain value is compared for equality; a document would be an operator.
Plain: TypeAlias = str | int | float | bool
Shown: TypeAlias = Literal["role", "company", "company_id", "status", "active"]


class Count(Parameters):
    """How many documents, all or those whose `field` equals `value`."""

    collection: Collection
    field: Name = ""
    value: Plain | None = None

    @model_validator(mode="after")
    def _belong_together(self) -> Self:
        if bool(self.field) != (self.value is not None):
            raise ValueError("field and value belong together")
        return self


class Newest(Parameters):
    """The newest documents by `time_field`; only `fields` are shown, masked."""

    collection: Collection
    time_field: Name
    fields: tuple[ShownName, ...] = Field((), max_length=8)
    limit: int = Field(5, ge=1, le=20)


class Exists(Parameters):
    """Whether a document has this value; what is shown of it is not personal."""

    collection: Collection
    field: Name
    value: Plain
    shown: tuple[Shown, ...] = ("role", "company")


def _count(address: Address, wanted: Count) -> Reading:
    query = {wanted.field: wanted.value} if wanted.field else {}
    with connected(address, _READ) as client:
        answer = ask(client, address.database, "count", wanted.collection, query=query, maxTimeMS=ANSWER_MS)
        count = int(answer["n"])
        if not count:
            _require(client, address.database, wanted.collection)
    return Reading(_count_summary(count, wanted), (Measurement("count", count),))


def _count_summary(count: int, wanted: Count) -> Text:
    if not wanted.field:
        return say("{count} documents in {collection}", count=count, collection=wanted.collection)
    return say(
        "{count} documents in {collection} have this {field}",
        count=count,
        collection=wanted.collection,
        field=wanted.field,
    )


def _newest(address: Address, wanted: Newest) -> Reading:
    projection = dict.fromkeys((wanted.time_field, *wanted.fields), 1)
    with connected(address, _READ) as client:
        cursor = client[address.database][wanted.collection].find({}, projection).sort(wanted.time_field, -1)
        found = cursor.limit(wanted.limit).max_time_ms(ANSWER_MS).to_list(wanted.limit)
        if not found:
            _require(client, address.database, wanted.collection)
    now = datetime.now(UTC)
    times = [_time(_value(document, wanted.time_field)) for document in found]
    age = round((now - times[0]).total_seconds()) if times and times[0] else None
    return Reading(
        _newest_summary(wanted, found, age),
        (
            Measurement("newest_age_s", age, "s", None if age is not None else _ageless(wanted, found)),
            Measurement("shown", len(found)),
        ),
        tuple(_line(document, at, wanted.fields) for document, at in zip(found, times, strict=True)),
    )


def _ageless(wanted: Newest, found: list[Document]) -> Text:
    if not found:
        return say("{collection} is empty", collection=wanted.collection)
    return say("`{field}` is not a time", field=wanted.time_field)


def _newest_summary(wanted: Newest, found: list[Document], age: int | None) -> Text:
    if age is None:
        return _ageless(wanted, found)
    return say("the newest in {collection} is {age} s old", collection=wanted.collection, age=age)


def _exists(address: Address, wanted: Exists) -> Reading:
    projection: dict[str, int] = dict.fromkeys(wanted.shown, 1)
    with connected(address, _READ) as client:
        collection = client[address.database][wanted.collection]
        found = collection.find_one({wanted.field: wanted.value}, projection or {"_id": 1}, max_time_ms=ANSWER_MS)
        if found is None:
            _require(client, address.database, wanted.collection)
    where = {"collection": wanted.collection, "field": wanted.field}
    if found is None:
        return Reading(say("nobody in {collection} has this {field}", **where), (Measurement("exists", False),))
    parts = [f"{name}: {_shown(found[name])}" for name in wanted.shown if name in found]
    return Reading(
        say("it is there: {collection} has this {field}", **where),
        (Measurement("exists", True),),
        (mask("  ".join(parts))[:_LINE_LIMIT],) if parts else (),
    )


def _require(client: Client, database: str, collection: str) -> None:
    """Nothing found in a collection that does not exist is a mistake, not an answer."""
    if not client[database].list_collection_names(filter={"name": collection}):
        raise TargetError("{database} has no collection {collection}.", database=database, collection=collection)


def _line(document: Document, at: datetime | None, fields: tuple[str, ...]) -> str:
    parts = [f"{name}: {_shown(_value(document, name))}" for name in fields]
    return mask("  ".join([f"{at:%Y-%m-%d %H:%M:%S}Z" if at else "—", *parts]))[:_LINE_LIMIT]


def _shown(value: Any) -> str:
    """One value on one line; documents and lists hold what nobody named."""
    if isinstance(value, dict | list):
        return "…"
    text = "".join(sign for sign in str(value)[:2000] if sign.isprintable())
    return mask(text)[:_VALUE_LIMIT]


def _value(document: Any, path: str) -> Any:
    for step in path.split("."):
        document = document.get(step) if isinstance(document, dict) else None
    return document


def _time(value: Any) -> datetime | None:
    """A moment out of what teams store as one: dates, ISO texts, seconds or milliseconds, object ids."""
    try:
        if isinstance(value, ObjectId):
            return value.generation_time
        if isinstance(value, str):
            value = datetime.fromisoformat(value)
        if isinstance(value, datetime):
            return value if value.tzinfo else value.replace(tzinfo=UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


COUNT = Read("mongodb.count", Address, Count, LIMIT, in_thread(_count))
NEWEST = Read("mongodb.newest", Address, Newest, LIMIT, in_thread(_newest))
EXISTS = Read("mongodb.exists", Address, Exists, LIMIT, in_thread(_exists))
