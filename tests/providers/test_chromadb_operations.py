"""The Chroma checks against a real server; no document ever travels, and a deletion takes one named collection."""

import asyncio
from collections.abc import Iterator
from time import monotonic

import pytest
from aiohttp import web
from chroma_server import ChromaServer, guarded, running_chroma
from data_changes import execute, granted, lines, preview, refused, warnings
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, rendered, spoken, summary

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.operation import Read
from bot.core.text import Text
from bot.providers import names, operation
from bot.providers.chromadb.delete_collection import Changed
from sandbox.world.listening import listen
from tests.ports import NOBODY

DELETE = "chromadb.delete_collection"
NEEDED: dict[str, dict[str, object]] = {
    "chromadb.count": {"collection": "kb-acme"},
    "chromadb.sample": {"collection": "kb-acme"},
}
EVERY = [name for name in names() if name.startswith("chromadb.") and isinstance(operation(name), Read)]
TOKENS = {"s3same-read": granted("chromadb-read")}


@pytest.fixture(scope="module")
def chroma(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChromaServer]:
    with running_chroma(tmp_path_factory.mktemp("chroma")) as server:
        server.create("kb-acme", documents=7)
        server.create("kb-empty")
        yield server


async def test_the_heartbeat_tells_the_round_trip_in_milliseconds(chroma: ChromaServer) -> None:
    reading = await read("chromadb.heartbeat", {"url": chroma.url})
    latency = measured(reading)["latency_ms"]
    assert isinstance(latency, float)
    assert 0 < latency < 3000
    assert summary(reading) == f"answers in {latency} ms"


async def test_collections_are_counted_with_their_documents_and_the_missing_are_named(chroma: ChromaServer) -> None:
    reading = await read("chromadb.collections", {"url": chroma.url}, expected=("kb-acme", "kb-gone"))
    assert measured(reading) == {"collections": 2, "absent": 1, "documents": 7, "vectors_mb": 0.0}
    assert summary(reading) == "2 collections; 1 expected ones are missing: kb-gone"
    assert set(reading.evidence) == {"absent: kb-gone", "kb-acme  7", "kb-empty  0"}
    plain = await read("chromadb.collections", {"url": chroma.url})
    assert summary(plain) == "2 collections with 7 documents"


async def test_the_memory_that_all_vectors_take_once_they_are_loaded_is_told(chroma: ChromaServer) -> None:
    chroma.create_database("loaded")
    address = {"url": chroma.url, "database": "loaded"}
    chroma.create("kb-one", documents=2000, database="loaded")
    assert measured(await read("chromadb.collections", address))["vectors_mb"] == 0.02  # 2000 of three numbers
    chroma.create("kb-two", documents=4000, database="loaded")
    assert measured(await read("chromadb.collections", address))["vectors_mb"] == 0.07


async def test_more_collections_than_a_page_are_still_counted(chroma: ChromaServer) -> None:
    chroma.create_database("crowded")
    for number in range(103):
        chroma.create(f"kb-{number:03}", database="crowded")
    reading = await read(
        "chromadb.collections", {"url": chroma.url, "database": "crowded"}, expected=("kb-000", "kb-102", "kb-103")
    )
    assert measured(reading)["collections"] == 103
    assert measured(reading)["absent"] == 1
    assert "more than 50 collections" in missing(reading, "documents")
    assert "more than 50 collections" in missing(reading, "vectors_mb")


async def test_the_documents_of_one_collection_are_counted(chroma: ChromaServer) -> None:
    reading = await read("chromadb.count", {"url": chroma.url}, collection="kb-acme")
    assert measured(reading) == {"documents": 7}
    assert summary(reading) == "7 documents in kb-acme"


async def test_a_sample_query_finds_documents_without_reading_them(chroma: ChromaServer) -> None:
    heard: list[bytes] = []
    async with guarded(chroma, TOKENS, heard=heard) as url:
        for wanted in ({}, {"embedding": (1.0, 1.0, 2.0)}):
            reading = await read(
                "chromadb.sample", {"url": url, "token": "s3same-read"}, collection="kb-acme", **wanted
            )
            assert measured(reading)["hits"] == 3
    assert b"doc" in b"".join(heard)
    assert b"Maria" not in b"".join(heard)


async def test_a_collection_may_be_named_by_what_follows_its_prefix(chroma: ChromaServer) -> None:
    reading = await read("chromadb.sample", {"url": chroma.url}, prefix="kb-", collection="acme")
    assert measured(reading)["hits"] == 3
    assert reading.evidence == ("kb-acme",)


async def test_a_sample_of_an_empty_collection_hits_nothing(chroma: ChromaServer) -> None:
    reading = await read("chromadb.sample", {"url": chroma.url}, collection="kb-empty")
    assert measured(reading) == {"hits": 0, "latency_ms": None}
    assert summary(reading) == "kb-empty is empty"


async def test_an_embedding_of_the_wrong_size_is_an_error_and_no_miss(chroma: ChromaServer) -> None:
    error = await refusal("chromadb.sample", {"url": chroma.url}, collection="kb-acme", embedding=(1.0,))
    assert spoken(error).endswith("answered 400 (InvalidArgumentError).")


@pytest.mark.parametrize("name", ["chromadb.count", "chromadb.sample"])
async def test_a_collection_that_does_not_exist_is_told(name: str, chroma: ChromaServer) -> None:
    error = await refusal(name, {"url": chroma.url}, collection="kb-nobody")
    assert spoken(error).endswith("has no collection kb-nobody.")


async def test_a_database_that_does_not_exist_is_told(chroma: ChromaServer) -> None:
    error = await refusal("chromadb.collections", {"url": chroma.url, "tenant": "nobody"})
    assert "has no database default_database of tenant nobody" in spoken(error)


async def test_every_check_runs_with_only_the_requests_of_the_documentation(chroma: ChromaServer) -> None:
    async with guarded(chroma, TOKENS) as url:
        for header in ("X-Chroma-Token", "Authorization"):
            for name in EVERY:
                address = {"url": url, "token": "s3same-read", "header": header}
                assert (await read(name, address, **NEEDED.get(name, {}))).measurements
    assert len(EVERY) == 4


async def test_a_wrong_or_missing_token_is_told_without_repeating_it(chroma: ChromaServer) -> None:
    async with guarded(chroma, TOKENS) as url:
        for token in ("wrong-s3same", ""):
            error = await refusal("chromadb.heartbeat", {"url": url, "token": token})
            assert isinstance(error, Denied)
            assert "refuses the token" in spoken(error)


async def test_a_dead_chroma_is_unreachable() -> None:
    for name in EVERY:
        error = await refusal(name, {"url": f"http://127.0.0.1:{NOBODY}"}, **NEEDED.get(name, {}))
        assert isinstance(error, Unreachable)
        assert "nothing listens there" in spoken(error)


async def test_a_hung_chroma_times_out_every_check_within_the_limit(chroma: ChromaServer) -> None:
    begun = monotonic()
    with chroma.paused():
        errors = await asyncio.gather(*(refusal(name, {"url": chroma.url}, **NEEDED.get(name, {})) for name in EVERY))
    assert monotonic() - begun < 20
    assert {type(error) for error in errors} == {TimedOut}


async def _elsewhere(request: web.Request) -> web.Response:
    """Something that is not Chroma: an older one, a web page, an endless stream, a mask of a right answer."""
    kind = request.path.split("/")[1]
    if kind == "gone":
        return web.json_response({"error": "Gone"}, status=410)
    if kind == "page":
        return web.Response(text="<html>token s3same</html>")
    if kind == "long":
        return web.Response(body=b" " * (3 * 1024 * 1024))
    if kind == "away":
        raise web.HTTPFound("http://169.254.169.254/")
    return web.json_response([1, {"id": 3}])


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("gone", "is not Chroma"),
        ("page", "is not Chroma"),
        ("long", "too long an answer"),
        ("away", "answered 302"),
        ("odd", "cannot be used"),
    ],
)
async def test_what_is_not_chroma_is_told_as_such(kind: str, words: str) -> None:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", _elsewhere)
    async with listen(app) as url:
        for name in EVERY:
            error = await refusal(name, {"url": f"{url}/{kind}"}, **NEEDED.get(name, {}))
            assert type(error) is TargetError
            assert words in spoken(error)


async def test_one_collection_goes_and_its_neighbours_stay(chroma: ChromaServer) -> None:
    identity = chroma.create("kb-old", documents=3)
    told: list[str] = []

    async def note(text: Text) -> None:
        told.append(rendered(text))

    shown = await preview(DELETE, {"url": chroma.url}, collection="kb-old")
    assert lines(shown) == {"Collection kb-old": (identity, "—"), "Documents in it": ("3", "0")}
    assert "Nothing brings it back but a backup" in warnings(shown)
    assert shown.undo == {}
    assert "kb-old" in chroma.names()
    assert await execute(DELETE, {"url": chroma.url}, shown, note) == "collection kb-old deleted"
    assert chroma.names() == {"kb-acme", "kb-empty"}
    assert told == ["deleting kb-old"]


@pytest.mark.parametrize("name", ["", "..", "*", "kb/../kb-acme", "<collection_name>", "kb acme", "-kb", "kb-acme?x=1"])
async def test_a_placeholder_or_a_path_is_no_name_of_a_collection(name: str, chroma: ChromaServer) -> None:
    with pytest.raises(ValidationError):
        await preview(DELETE, {"url": chroma.url}, collection=name)


async def test_a_collection_made_anew_under_the_same_name_is_left_alone(chroma: ChromaServer) -> None:
    chroma.create("kb-again")
    shown = await preview(DELETE, {"url": chroma.url}, collection="kb-again")
    chroma.delete("kb-again")
    error = await refused(execute(DELETE, {"url": chroma.url}, shown))
    assert isinstance(error, Changed)
    chroma.create("kb-again", documents=1)
    again = await refused(execute(DELETE, {"url": chroma.url}, shown))
    assert spoken(again) == "kb-again is not the collection that was shown; nothing was done."
    assert "kb-again" in chroma.names()
    chroma.delete("kb-again")


async def test_new_documents_do_not_make_the_preview_stale(chroma: ChromaServer) -> None:
    first = await preview(DELETE, {"url": chroma.url}, collection="kb-acme")
    assert (await preview(DELETE, {"url": chroma.url}, **first.arguments)).fingerprint == first.fingerprint


async def test_deleting_needs_a_token_that_may_and_nothing_more(chroma: ChromaServer) -> None:
    chroma.create("kb-guarded")
    both = f"{granted('chromadb-read')}\n{granted('chromadb-delete')}"
    async with guarded(chroma, {**TOKENS, "s3same-delete": both}) as url:
        reader: Settings = {"url": url, "token": "s3same-read"}
        shown = await preview(DELETE, reader, collection="kb-guarded")
        assert isinstance(await refused(execute(DELETE, reader, shown)), Denied)
        assert "kb-guarded" in chroma.names()
        await execute(DELETE, {"url": url, "token": "s3same-delete"}, shown)
    assert "kb-guarded" not in chroma.names()


@pytest.mark.parametrize("status", [0, 504])
async def test_a_lost_answer_to_the_deletion_is_looked_at(chroma: ChromaServer, status: int) -> None:
    chroma.create("kb-lost")
    every = f"{granted('chromadb-read')}\n{granted('chromadb-delete')}"
    async with guarded(chroma, {"t": every}, break_at="DELETE", lost_status=status) as url:
        shown = await preview(DELETE, {"url": url, "token": "t"}, collection="kb-lost")
        assert await execute(DELETE, {"url": url, "token": "t"}, shown) == "collection kb-lost deleted"
    assert "kb-lost" not in chroma.names()


async def test_a_chroma_that_falls_silent_leaves_an_honest_unknown(chroma: ChromaServer) -> None:
    chroma.create_database("silent")  # whether it is gone is not known to the other tests either
    chroma.create("kb-silent", database="silent")
    address = {"url": chroma.url, "database": "silent"}
    shown = await preview(DELETE, address, collection="kb-silent")
    silence = chroma.paused()

    async def pause(_: Text) -> None:
        silence.__enter__()

    try:
        error = await refused(execute(DELETE, address, shown, pause))
    finally:
        silence.__exit__(None, None, None)
    assert isinstance(error, Unreachable)
    assert "whether it is gone is not known" in spoken(error)
