"""What is kept: the server's pulse, its collections, how full one is, and whether it finds anything."""

import asyncio
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from typing import Annotated, Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.chromadb.server import LIMIT, Address, Chroma, odd, opened

_ROUNDS: Final = 3
_PAGE: Final = 100
_COUNTED: Final = 50
_AT_ONCE: Final = 8
_HITS: Final = 3
_BYTES: Final = 4  # of each number in a vector
_MIB: Final = 1024 * 1024

CollectionName = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]*[a-zA-Z0-9]$", min_length=3, max_length=512)]


class Expected(Parameters):
    """`expected` are names of collections that must be there."""

    expected: tuple[CollectionName, ...] = Field((), max_length=100)


class Named(Parameters):
    """Which collection, by its exact name."""

    collection: CollectionName


class Sample(Parameters):
    """Which collection, by its name after `prefix`; without `embedding` the first one that is stored is looked for."""

    collection: str = Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9._-]{0,400}$")
    prefix: str = Field("", pattern=r"^([a-zA-Z0-9][a-zA-Z0-9._-]{0,100})?$")
    embedding: tuple[float, ...] = Field((), max_length=8192)


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with the id that no other ever gets; vectors have no length before the first is stored."""

    id: str
    name: str
    dimension: int = field(default=0, compare=False)


async def find(chroma: Chroma, name: str) -> Collection | None:
    """The collection of this name."""
    answer = await chroma.get(f"{chroma.address.collections}/{name}")
    return None if answer is None else _collection(answer, chroma)


async def count(chroma: Chroma, collection: Collection) -> int:
    """How many documents it holds."""
    answer = await chroma.get(f"{chroma.address.collections}/{collection.id}/count")
    if not isinstance(answer, int):
        raise odd(chroma.address.where)
    return answer


def _collection(raw: Any, chroma: Chroma) -> Collection:
    if not isinstance(raw, dict) or not isinstance(raw.get("id"), str) or not isinstance(raw.get("name"), str):
        raise odd(chroma.address.where)
    dimension = raw.get("dimension")
    return Collection(raw["id"], raw["name"], dimension if isinstance(dimension, int) else 0)


async def _heartbeat(address: Address, _: Parameters) -> Reading:
    async with opened(address) as chroma:
        await _beat(chroma)  # pays for the connection
        latency = round(median([await _beat(chroma) for _ in range(_ROUNDS)]), 2)
    return Reading(say("answers in {latency} ms", latency=latency), (Measurement("latency_ms", latency, "ms"),))


async def _beat(chroma: Chroma) -> float:
    begun = perf_counter()
    answer = await chroma.get("/api/v2/heartbeat")
    if not isinstance(answer, dict) or "nanosecond heartbeat" not in answer:
        raise odd(chroma.address.where)
    return (perf_counter() - begun) * 1000


async def _collections(address: Address, wanted: Expected) -> Reading:
    async with opened(address) as chroma:
        found = await _listed(chroma)
        counts = await _counts(chroma, found[:_COUNTED])
        absent = [name for name in wanted.expected if not any(one.name == name for one in found)]
        total = len(found) if len(found) < _PAGE else await _total(chroma)
        absent = [name for name in absent if total < _PAGE or await find(chroma, name) is None]
    is_counted = total <= _COUNTED
    uncounted = (
        None
        if is_counted
        else say("there are more than {limit} collections; count the one that matters", limit=_COUNTED)
    )
    documents = sum(counts) if is_counted else None
    # What its cache holds once every collection was asked: it keeps vectors until the process ends.
    held = sum(one.dimension * size * _BYTES for one, size in zip(found, counts, strict=False))
    return Reading(
        _summary(total, documents, absent),
        (
            Measurement("collections", total),
            Measurement("absent", len(absent)),
            Measurement("documents", documents, missing=uncounted),
            Measurement("vectors_mb", round(held / _MIB, 2) if is_counted else None, "MB", uncounted),
        ),
        (
            *(f"absent: {mask(name)[:100]}" for name in absent),
            *(f"{mask(one.name)[:100]}  {size}" for one, size in zip(found, counts, strict=False)),
        ),
    )


def _summary(total: int, documents: int | None, absent: list[str]) -> Text:
    if absent:
        return say(
            "{count} collections; {absent} expected ones are missing: {names}",
            count=total,
            absent=len(absent),
            names=mask(", ".join(absent))[:200],
        )
    if documents is None:
        return say("{count} collections", count=total)
    return say("{count} collections with {documents} documents", count=total, documents=documents)


async def _listed(chroma: Chroma) -> list[Collection]:
    answer = await chroma.get(chroma.address.collections, limit=_PAGE, offset=0)
    if answer is None:
        raise _no_database(chroma)
    if not isinstance(answer, list):
        raise odd(chroma.address.where)
    # The server lists nothing, without complaint, where there is no such tenant or database.
    if not answer and await chroma.get(chroma.address.collections.rpartition("/")[0]) is None:
        raise _no_database(chroma)
    return [_collection(one, chroma) for one in answer]


async def _counts(chroma: Chroma, found: list[Collection]) -> list[int]:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def counted(one: Collection) -> int:
        async with gate:
            return await count(chroma, one)

    return list(await asyncio.gather(*(counted(one) for one in found)))


async def _total(chroma: Chroma) -> int:
    answer = await chroma.get(f"{chroma.address.collections}_count")
    if not isinstance(answer, int):
        raise odd(chroma.address.where)
    return answer


def _no_database(chroma: Chroma) -> TargetError:
    return TargetError(
        "Chroma at {where} has no database {database} of tenant {tenant}.",
        where=chroma.address.where,
        database=chroma.address.database,
        tenant=chroma.address.tenant,
    )


async def required(chroma: Chroma, name: str) -> Collection:
    """The collection; its absence is an error."""
    found = await find(chroma, name)
    if found is None:
        raise TargetError("Chroma at {where} has no collection {name}.", where=chroma.address.where, name=mask(name))
    return found


async def _count(address: Address, wanted: Named) -> Reading:
    async with opened(address) as chroma:
        documents = await count(chroma, await required(chroma, wanted.collection))
    name = mask(wanted.collection)[:100]
    return Reading(
        say("{documents} documents in {name}", documents=documents, name=name), (Measurement("documents", documents),)
    )


async def _sample(address: Address, wanted: Sample) -> Reading:
    """Only ids and distances are asked for, so no document travels."""
    name = f"{wanted.prefix}{wanted.collection}"
    async with opened(address) as chroma:
        collection = await required(chroma, name)
        path = f"{address.collections}/{collection.id}"
        embedding = list(wanted.embedding) or await _first(chroma, path)
        if not embedding:
            empty = say("{name} is empty", name=mask(name)[:100])
            return Reading(empty, (Measurement("hits", 0), Measurement("latency_ms", None, "ms", empty)))
        begun = perf_counter()
        body = {"query_embeddings": [embedding], "n_results": _HITS, "include": ["distances"]}
        answer = await chroma.post(f"{path}/query", body)
        latency = round((perf_counter() - begun) * 1000, 1)
    hits = _hits(answer, address)
    return Reading(
        say("a sample query finds {hits} documents in {latency} ms", hits=hits, latency=latency),
        (Measurement("hits", hits), Measurement("latency_ms", latency, "ms")),
        (mask(name)[:100],),
    )


async def _first(chroma: Chroma, path: str) -> list[float]:
    answer = await chroma.post(f"{path}/get", {"limit": 1, "include": ["embeddings"]})
    embeddings = answer.get("embeddings") if isinstance(answer, dict) else None
    if not isinstance(embeddings, list):
        raise odd(chroma.address.where)
    return list(embeddings[0]) if embeddings else []


def _hits(answer: Any, address: Address) -> int:
    try:
        return len(answer["ids"][0])
    except (KeyError, IndexError, TypeError) as error:
        raise odd(address.where) from error


HEARTBEAT = Read("chromadb.heartbeat", Address, Parameters, LIMIT, _heartbeat)
COLLECTIONS = Read("chromadb.collections", Address, Expected, LIMIT, _collections)
COUNT = Read("chromadb.count", Address, Named, LIMIT, _count)
SAMPLE = Read("chromadb.sample", Address, Sample, LIMIT, _sample)
