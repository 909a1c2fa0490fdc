"""Socket Mode on the wire: tickets, hello, one socket for each envelope."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest
from slack_office import Office
from slack_sdk.web.async_client import AsyncWebClient


async def ticket(office: Office) -> str:
    app = office.sandbox.app
    client = AsyncWebClient(base_url=f"{office.sandbox.url}/api/")
    return str((await client.apps_connections_open(app_token=app.app_token))["url"])


@asynccontextmanager
async def socket(office: Office) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with office.session.ws_connect(await ticket(office)) as opened:
        yield opened


async def test_a_socket_is_greeted_with_hello(office: Office) -> None:
    async with socket(office) as first, socket(office) as second:
        hellos = [await first.receive_json(), await second.receive_json()]
    assert [one["type"] for one in hellos] == ["hello", "hello"]
    assert [one["num_connections"] for one in hellos] == [1, 2]
    assert hellos[0]["connection_info"] == {"app_id": "A0PLANTAO"}


async def test_a_ticket_works_once(office: Office) -> None:
    url = await ticket(office)
    async with office.session.ws_connect(url) as opened:
        assert (await opened.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await office.session.ws_connect(url)
    assert refused.value.status == 403


async def test_an_envelope_goes_to_exactly_one_of_the_sockets(office: Office) -> None:
    async with socket(office) as first, socket(office) as second:
        for one in (first, second):
            await one.receive_json()
        for n in range(4):
            await office.do("message", user="ana", channel="incidents", text=str(n))
        frames = [await one.receive_json() for one in (first, second) for _ in range(2)]
    assert sorted(frame["payload"]["event"]["text"] for frame in frames) == ["0", "1", "2", "3"]
    assert {frame["type"] for frame in frames} == {"events_api"}
    assert {frame["accepts_response_payload"] for frame in frames} == {False}


async def test_an_acknowledgement_may_come_over_another_socket(office: Office) -> None:
    async with socket(office) as first, socket(office) as second:
        for one in (first, second):
            await one.receive_json()
        typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
        receiving = {asyncio.create_task(one.receive_json()): one for one in (first, second)}
        done, pending = await asyncio.wait(receiving, return_when=asyncio.FIRST_COMPLETED)
        (got,), (idle,) = done, pending
        other = receiving[idle]
        idle.cancel()
        await asyncio.wait([idle])
        await other.send_json({"envelope_id": got.result()["envelope_id"], "payload": {"text": "from the other"}})
        told = await typing
    assert (told["error"], told["ack"]) == (None, {"text": "from the other"})


async def test_rubbish_and_foreign_acknowledgements_are_ignored(office: Office) -> None:
    async with socket(office) as opened:
        await opened.receive_json()
        typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
        frame = await opened.receive_json()
        for rubbish in ("{", "[1]", json.dumps({"envelope_id": "another"})):
            await opened.send_str(rubbish)
        await opened.send_json({"envelope_id": frame["envelope_id"]})
        assert (await typing)["error"] is None


async def test_an_eleventh_socket_is_one_too_many(office: Office) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(10):
            opened = await stack.enter_async_context(socket(office))
            assert (await opened.receive_json())["type"] == "hello"
        extra = await stack.enter_async_context(socket(office))
        frame: dict[str, Any] = await extra.receive_json()
    assert (frame["type"], frame["reason"]) == ("disconnect", "too_many_websockets")


async def test_sockets_are_refused_while_deliveries_go_over_http(office: Office) -> None:
    await office.do("app", request_url="http://127.0.0.1:9/slack")
    async with socket(office) as opened:
        frame = await opened.receive_json()
    assert (frame["type"], frame["reason"]) == ("disconnect", "link_disabled")
