"""`http.smoke` against a real local server: every address once, with the token, and what fails by its name."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from pydantic import ValidationError
from readings import measured, read, refusal, summary

from sandbox.world.listening import listen
from tests.ports import NOBODY

TOKEN = "s3same-smoke-0001"


class Shop:
    """An application that wants a token; `broken` are the paths that it answers with 500."""

    def __init__(self) -> None:
        self.url = ""
        self.broken: set[str] = set()
        self.seen: list[str] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.seen.append(f"{request.method} {request.path_qs}")
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        return web.Response(status=500 if request.path in self.broken else 200, text="maria@example.com")


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_get("/{path:.*}", shop.answer)
    async with listen(app) as shop.url:
        yield shop


async def test_every_address_is_asked_once_with_the_token(shop: Shop) -> None:
    reading = await read("http.smoke", {"url": shop.url, "token": TOKEN}, paths=["/health", "/v1/items?limit=1"])
    assert sorted(shop.seen) == ["GET /health", "GET /v1/items?limit=1"]
    assert summary(reading) == "all 2 addresses answer 200"
    assert measured(reading)["failed"] == 0
    assert "maria" not in str(reading), "what the addresses answer is nobody's business"


async def test_what_fails_is_named_and_the_rest_is_counted(shop: Shop) -> None:
    shop.broken = {"/version", "/metrics"}
    reading = await read(
        "http.smoke", {"url": shop.url, "token": TOKEN}, paths=["/health", "/version", "/metrics", "/health/db"]
    )
    said = summary(reading)
    assert (measured(reading)["failed"], measured(reading)["passed"]) == (2, 2)
    assert said.startswith("2 of 4 addresses do not answer 200: ")
    assert [line.split()[:3] for line in reading.evidence][1] == ["GET", "/version", "500"]


async def test_without_its_token_everything_fails_and_nothing_is_called_well(shop: Shop) -> None:
    reading = await read("http.smoke", {"url": shop.url}, paths=["/health", "/version"])
    assert measured(reading)["passed"] == 0


async def test_an_application_that_does_not_answer_is_one_error_not_many() -> None:
    error = await refusal("http.smoke", {"url": f"http://127.0.0.1:{NOBODY}"}, paths=["/health", "/version"])
    assert error.level == "crit"


@pytest.mark.parametrize("paths", [[], ["health"], ["/a b"], [f"/{number}" for number in range(21)]])
async def test_a_list_that_makes_no_sense_is_refused(shop: Shop, paths: list[str]) -> None:
    with pytest.raises(ValidationError):
        await read("http.smoke", {"url": shop.url}, paths=paths)
    assert shop.seen == []
