"""Sockets that Slack recycles, switches off or loses, and events in the gap between two (behaviour 13)."""

import asyncio
from typing import Any

import aiohttp
from slack_bolt.async_app import AsyncApp
from slack_office import INCIDENTS, Office, bolt_app, over_socket
from slack_sdk.web.async_client import AsyncWebClient


async def address(office: Office) -> str:
    client = AsyncWebClient(base_url=f"{office.sandbox.url}/api/")
    return str((await client.apps_connections_open(app_token=office.sandbox.app.app_token))["url"])


async def connect(office: Office, more: str = "") -> tuple[aiohttp.ClientWebSocketResponse, dict[str, Any]]:
    opened = await office.session.ws_connect(await address(office) + more)
    return opened, await opened.receive_json()


async def test_a_socket_is_warned_refreshed_and_closed_within_the_hour(office: Office) -> None:
    opened, hello = await connect(office)
    assert hello["debug_info"]["approximate_connection_time"] == 3600
    await office.do("clock", advance=3591)
    assert (await opened.receive_json(timeout=40))["reason"] == "warning"
    await office.do("clock", advance=9)
    assert (await opened.receive_json(timeout=40))["reason"] == "refresh_requested"
    assert (await opened.receive()).type is aiohttp.WSMsgType.CLOSE


async def test_debugging_reconnects_come_after_six_minutes(office: Office) -> None:
    opened, hello = await connect(office, "&debug_reconnects=true")
    assert hello["debug_info"]["approximate_connection_time"] == 360
    await office.do("clock", advance=360)
    assert [(await opened.receive_json(timeout=40))["reason"] for _ in range(2)] == ["warning", "refresh_requested"]


async def test_an_acknowledgement_in_flight_counts_on_the_new_connection(office: Office) -> None:
    old, _ = await connect(office)
    typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
    envelope = await old.receive_json()
    await office.do("faults", socket="kill")
    new, _ = await connect(office)
    await new.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "here I am again"}})
    told = await typing
    assert (told["error"], told["ack"]) == (None, {"text": "here I am again"})
    await new.close()


async def test_bolt_comes_back_after_a_refresh_and_after_a_killed_socket(office: Office) -> None:
    app = answering(office)
    async with over_socket(office, app):
        await office.do("clock", advance=3600)
        await office.until(lambda state: connections(state) == 2 and state["app"]["sockets"] == 1)
        told = await office.do("command", user="ana", channel="incidents", text="/incident")
        assert told["ack"] == {"text": "on duty"}


async def test_events_raised_in_the_gap_are_tried_again(office: Office) -> None:
    await office.do("message", user="ana", channel="incidents", text="is anybody there?")
    await office.until(lambda state: [one["error"] for one in state["deliveries"]] == ["dispatch_failed"] * 2)
    opened, _ = await connect(office)
    await office.do("clock", advance=60)
    envelope = await opened.receive_json()
    assert (envelope["payload"]["event"]["text"], envelope["retry_attempt"]) == ("is anybody there?", 2)
    await opened.close()


async def test_events_raised_in_the_gap_can_be_lost(office: Office) -> None:
    await office.do("faults", gap="lost")
    await office.do("message", user="ana", channel="incidents", text="is anybody there?")
    await office.until(lambda state: [one["error"] for one in state["deliveries"]] == ["dispatch_failed"])
    opened, _ = await connect(office)
    await office.do("clock", advance=400)
    await office.do("message", user="ana", channel="incidents", text="and now?")
    assert (await opened.receive_json())["payload"]["event"]["text"] == "and now?"
    assert len((await office.state())["deliveries"]) == 2
    await opened.close()


async def test_switching_socket_mode_off_closes_what_is_open(office: Office) -> None:
    opened, _ = await connect(office)
    await office.do("app", request_url="http://127.0.0.1:9/slack")
    frame = await opened.receive_json()
    assert (frame["type"], frame["reason"]) == ("disconnect", "link_disabled")
    assert (await office.state())["app"]["sockets"] == 0


async def test_a_message_written_while_the_socket_is_killed_is_not_lost_for_good(office: Office) -> None:
    opened, _ = await connect(office)
    assert (await office.do("faults", socket="kill"))["killed"] == 1
    assert (await opened.receive()).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
    await office.until(lambda state: state["app"]["sockets"] == 0)
    await office.client.chat_postMessage(channel=INCIDENTS, text="still posting")
    assert [one["text"] for one in await office.messages()] == ["still posting"]


def answering(office: Office) -> AsyncApp:
    app = bolt_app(office)

    @app.command("/incident")
    async def incident(ack: Any) -> None:
        await ack("on duty")

    return app


def connections(state: dict[str, Any]) -> int:
    return sum(call["method"] == "apps.connections.open" for call in state["calls"])
