"""Deliveries that come twice, late or out of order, probes, and what only one side of Bolt is used for."""

import asyncio
import functools
from typing import Any

import pytest
from aiohttp import web
from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_office import ANA, INCIDENTS, TRANSPORTS, Office, bolt_app, over_http, over_socket, served
from slack_sdk import WebClient

Json = dict[str, Any]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def listening(office: Office) -> tuple[AsyncApp, list[Json]]:
    app, heard = bolt_app(office), []

    @app.event("message")
    async def message(body: Json) -> None:
        heard.append(body)

    return app, heard


async def say(office: Office, *words: str) -> None:
    for word in words:
        await office.do("message", user="ana", channel="incidents", text=word)


async def test_an_event_that_comes_twice_has_the_same_id(office: Office, transport: str) -> None:
    app, heard = listening(office)
    async with TRANSPORTS[transport](office, app):
        await office.do("faults", delivery="duplicate", of="event")
        await say(office, "one")
        await office.until(lambda _: len(heard) == 2)
    assert heard[0]["event_id"] == heard[1]["event_id"]


async def test_neighbouring_events_change_places(office: Office, transport: str) -> None:
    app, heard = listening(office)
    async with TRANSPORTS[transport](office, app):
        await office.do("faults", delivery="reorder", of="event")
        await say(office, "first", "second")
        await office.until(lambda _: len(heard) == 2)
    assert [one["event"]["text"] for one in heard] == ["second", "first"]


async def test_an_event_is_delayed_by_the_clock(office: Office) -> None:
    app, heard = listening(office)
    async with over_socket(office, app):
        await office.do("faults", delivery="delay", seconds=600, of="event")
        await say(office, "late", "on time")
        await office.until(lambda _: len(heard) == 1)
        assert heard[0]["event"]["text"] == "on time"
        await office.do("clock", advance=600)
        await office.until(lambda _: len(heard) == 2)
    assert heard[1]["event"]["text"] == "late"


async def test_a_command_that_is_under_way_too_long_times_out(office: Office) -> None:
    app = bolt_app(office)
    async with over_socket(office, app):
        await office.do("faults", delivery="delay", seconds=5)
        typing = asyncio.create_task(office.do("command", user="ana", channel="incidents", text="/incident"))
        await office.until(lambda state: state["deliveries"])
        await office.do("clock", advance=3)
        assert (await typing)["error"] == "operation_timeout"


async def test_the_ssl_probe_gets_200_from_bolt(office: Office) -> None:
    assert (await office.refused("ssl_check"))[0] == 409, "there is no request URL yet"
    async with over_http(office, bolt_app(office)):
        told = await office.do("ssl_check")
    assert (told["error"], told["delivery"]["status"]) == (None, 200)


async def test_bolt_refuses_a_replay_after_five_minutes_and_a_stranger_at_once(office: Office) -> None:
    app, heard = listening(office)
    async with over_http(office, app):
        await say(office, "signed")
        state = await office.until(lambda state: state["deliveries"] and state["deliveries"][0]["status"] == 200)
        again = await office.do("deliver", again=state["deliveries"][0]["id"])
        assert again["delivery"]["status"] == 200, "within five minutes nothing tells a replay from the original"
        url = state["app"]["request_url"]
        headers = {"X-Slack-Request-Timestamp": "soon", "x-slack-signature": "v0=" + "0" * 64}
        async with office.session.post(url, data=b"{}", headers=headers) as response:
            assert response.status in (401, 500), "a number is expected"
        async with office.session.post(url, data=b"{}") as response:
            assert response.status == 401
    assert len(heard) == 2


async def test_options_are_fetched_while_a_person_types(office: Office, transport: str) -> None:
    app = bolt_app(office)

    @app.options("service")
    async def service(ack: Any, payload: Json) -> None:
        await ack(options=[{"text": {"type": "plain_text", "text": payload["value"]}, "value": "v"}])

    element = {"type": "external_select", "action_id": "service", "min_query_length": 1}
    blocks = [{"type": "actions", "elements": [element]}]
    ts = (await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))["ts"]
    async with TRANSPORTS[transport](office, app):
        told = await office.do("suggest", user="ana", channel="incidents", ts=ts, action_id="service", value="che")
    assert (told["error"], [one["text"]["text"] for one in told["options"]]) == (None, ["che"])


async def test_options_that_come_too_late_are_none(office: Office) -> None:
    element = {"type": "external_select", "action_id": "service"}
    blocks = [{"type": "actions", "elements": [element]}]
    ts = (await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))["ts"]
    app = web.Application()
    app.router.add_post("/", never)
    async with served(app) as url:
        await office.do("app", request_url=url + "/")
        ask = office.do("suggest", user="ana", channel="incidents", ts=ts, action_id="service", value="che")
        asking = asyncio.create_task(ask)
        await office.until(lambda state: state["deliveries"])
        await office.do("clock", advance=3)
        told = await asking
    assert (told["error"], told["options"]) == ("operation_timeout", [])


async def never(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


async def test_a_click_brings_what_was_entered_around_it(office: Office, transport: str) -> None:
    app, seen = bolt_app(office), []

    @app.action("go")
    async def go(ack: Any, body: Json) -> None:
        await ack()
        seen.append(body)

    go_button = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}}
    note = {"type": "plain_text_input", "action_id": "text"}
    blocks = [
        {"type": "input", "block_id": "note", "label": {"type": "plain_text", "text": "Note"}, "element": note},
        {"type": "actions", "elements": [go_button]},
    ]
    ts = (await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks))["ts"]
    async with TRANSPORTS[transport](office, app):
        entered = {"note": {"text": "disk full"}}
        await office.do("click", user="ana", channel="incidents", ts=ts, action_id="go", values=entered)
        view = {"type": "modal", "title": {"type": "plain_text", "text": "Form"}, "blocks": blocks}
        view["submit"] = {"type": "plain_text", "text": "Save"}
        await office.client.views_open(trigger_id=seen[0]["trigger_id"], view=view)
        shown = (await office.state())["views"][ANA][-1]
        entered = {"note": {"text": "typed in the form"}}
        await office.do("click", user="ana", view_id=shown["id"], action_id="go", values=entered)
        await office.until(lambda _: len(seen) == 2)
    assert seen[0]["state"]["values"]["note"]["text"]["value"] == "disk full"
    assert seen[1]["view"]["state"]["values"]["note"]["text"]["value"] == "typed in the form"


async def test_a_button_in_a_card_of_a_carousel_gets_an_id_and_is_pressed(office: Office) -> None:
    app, seen = bolt_app(office), []

    @app.action({"type": "block_actions", "block_id": "inc-1"})
    async def pressed(ack: Any, action: Json) -> None:
        await ack()
        seen.append(action["value"])

    button = {"type": "button", "value": "look", "text": {"type": "plain_text", "text": "Look"}}
    card = {"type": "card", "block_id": "inc-1", "title": {"type": "mrkdwn", "text": "INC-1"}, "actions": [button]}
    blocks = [{"type": "carousel", "elements": [card]}]
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="x", blocks=blocks)
    generated = posted["message"]["blocks"][0]["elements"][0]["actions"][0]["action_id"]
    async with over_socket(office, app):
        await office.do("click", user="ana", channel="incidents", ts=posted["ts"], action_id=generated)
    assert seen == ["look"]


async def test_the_synchronous_bolt_works_over_socket_mode(office: Office) -> None:
    """The App of most bots: threads, and the client that waits."""
    api = f"{office.sandbox.url}/api/"
    client = WebClient(token=office.sandbox.app.bot_token, base_url=api)
    app = await asyncio.to_thread(functools.partial(App, client=client))

    @app.command("/incident")
    def incident(ack: Any, client: WebClient) -> None:
        ack("on it")
        client.chat_postMessage(channel=INCIDENTS, text="declared")

    handler = SocketModeHandler(app, office.sandbox.app.app_token, web_client=client)
    await asyncio.to_thread(handler.connect)
    try:
        await office.until(lambda state: state["app"]["sockets"] == 1)
        told = await office.do("command", user="ana", channel="incidents", text="/incident")
        await office.until(lambda state: state["channels"][0]["messages"])
    finally:
        await asyncio.to_thread(handler.close)
    assert told["ack"] == {"text": "on it"}


async def test_a_person_edits_and_deletes_what_the_timeline_quotes(office: Office) -> None:
    app, seen = bolt_app(office), []

    @app.event({"type": "message", "subtype": "message_changed"})
    async def changed(event: Json) -> None:
        seen.append((event["previous_message"]["text"], event["message"]["text"]))

    @app.event({"type": "message", "subtype": "message_deleted"})
    async def deleted(event: Json) -> None:
        seen.append((event["previous_message"]["text"], ""))

    async with over_socket(office, app):
        ts = (await office.do("message", user="ana", channel="incidents", text="teh disk"))["ts"]
        assert (await office.refused("edit", user="bruno", channel="incidents", ts=ts, text="mine"))[0] == 403
        await office.do("edit", user="ana", channel="incidents", ts=ts, text="the disk")
        await office.until(lambda _: len(seen) == 1)
        await office.do("delete", user="ana", channel="incidents", ts=ts)
        await office.until(lambda _: len(seen) == 2)
    assert seen == [("teh disk", "the disk"), ("the disk", "")]


async def test_the_app_hears_of_channels_groups_and_reactions_changing(office: Office) -> None:
    app, heard = bolt_app(office), []
    kinds = ("channel_rename", "subteam_members_changed", "reaction_removed", "channel_left")
    for kind in (*kinds, "member_left_channel", "reaction_added"):
        app.event(kind)(functools.partial(_note, heard))
    channel = (await office.client.conversations_create(name="inc-9"))["channel"]["id"]
    await office.client.conversations_invite(channel=channel, users=ANA)
    async with over_socket(office, app):
        ts = (await office.client.chat_postMessage(channel=channel, text="x"))["ts"]
        await office.do("reaction", user="ana", channel="inc-9", ts=ts, name="eyes")
        await office.do("unreact", user="ana", channel="inc-9", ts=ts, name="eyes")
        await office.client.conversations_rename(channel=channel, name="inc-9-checkout")
        await office.do("usergroup", user="ana", usergroup="oncall", users=["bruno"])
        await office.do("kick", user="ana", channel="alerts", member="plantao")
        await office.do("leave", user="ana", channel="incidents")
        await office.until(lambda _: {one["type"] for one in heard} >= {*kinds, "member_left_channel"})
    group = next(one for one in heard if one["type"] == "subteam_members_changed")
    assert (group["added_users"], group["removed_users"]) == (["U0BRUNO"], [ANA, "U0CLARA"])


async def _note(heard: list[Json], event: Json) -> None:
    heard.append(event)


async def test_each_tab_that_is_opened_is_told(office: Office) -> None:
    app, tabs = bolt_app(office), []

    @app.event("app_home_opened")
    async def opened(event: Json) -> None:
        tabs.append(event["tab"])

    async with over_socket(office, app):
        for tab in ("home", "messages"):
            await office.do("home", user="ana", tab=tab)
        await office.until(lambda _: len(tabs) == 2)
    assert sorted(tabs) == ["home", "messages"]


async def test_the_state_shows_the_latest_two_hundred_calls_unless_asked_for_more(office: Office) -> None:
    for _ in range(205):
        await office.client.auth_test()
    assert len((await office.state())["calls"]) == 200
    async with office.session.get(f"{office.sandbox.url}/control/state?calls=2000") as response:
        assert len((await response.json())["calls"]) == 205
    async with office.session.get(f"{office.sandbox.url}/control/state?calls=all") as response:
        assert response.status == 400
