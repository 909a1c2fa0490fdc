"""The Events API: what is sent, to whom, and what happens when nobody takes it."""

import copy
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from slack_office import ANA, GENERAL, INCIDENTS, MANIFEST, Office, bolt_app, over_http, over_socket, served
from slack_sdk.signature import Clock, SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import serve


class Endpoint:
    """A bare endpoint that keeps what it gets and answers with the statuses it was given, then with 200."""

    def __init__(self, *statuses: int, **headers: str) -> None:
        self.statuses = list(statuses)
        self.headers = headers
        self.bodies: list[bytes] = []
        self.heads: list[dict[str, str]] = []

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    async def take(self, request: web.Request) -> web.Response:
        self.bodies.append(await request.read())
        self.heads.append(dict(request.headers))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers)

    @asynccontextmanager
    async def receiving(self, office: Office) -> AsyncIterator[None]:
        app = web.Application()
        app.add_routes([web.post("/slack", self.take)])
        async with served(app) as url:
            await office.do("app", request_url=f"{url}/slack")
            yield


class SharedClock(Clock):
    """A verifier's clock that goes with the sandbox."""

    def __init__(self, office: Office) -> None:
        self.office = office

    def now(self) -> float:
        return self.office.sandbox.clock.now()


def delivered(count: int) -> Any:
    """Whether so many deliveries have an outcome."""
    return lambda state: sum(one["ms"] > 0 for one in state["deliveries"]) >= count


async def say(office: Office, text: str, channel: str = "incidents") -> str:
    return str((await office.do("message", user="ana", channel=channel, text=text))["ts"])


async def test_a_message_arrives_in_its_signed_envelope(office: Office) -> None:
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        ts = await say(office, "site is <b>down</b>")
        await office.until(delivered(1))
    (envelope,) = endpoint.events
    assert (envelope["type"], envelope["team_id"], envelope["api_app_id"]) == (
        "event_callback",
        "T0PLANTAO",
        "A0PLANTAO",
    )
    assert envelope["authorizations"][0]["user_id"] == "U0PLANTAO"
    event = envelope["event"]
    assert (event["type"], event["channel"], event["channel_type"]) == ("message", INCIDENTS, "channel")
    assert (event["user"], event["ts"], event["text"]) == (ANA, ts, "site is &lt;b&gt;down&lt;/b&gt;")
    verifier = SignatureVerifier(office.sandbox.app.signing_secret)
    assert verifier.is_valid_request(endpoint.bodies[0], endpoint.heads[0])
    assert not verifier.is_valid_request(endpoint.bodies[0] + b" ", endpoint.heads[0])


async def test_a_mention_of_the_bot_is_an_event_of_its_own(office: Office) -> None:
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        await say(office, "@plantao who is on call?")
        await office.until(delivered(2))
    assert sorted(one["event"]["type"] for one in endpoint.events) == ["app_mention", "message"]
    assert {one["event"]["text"] for one in endpoint.events} == {"<@U0PLANTAO> who is on call?"}


async def test_the_bots_own_messages_come_back_and_bolt_ignores_them(office: Office) -> None:
    app, heard = bolt_app(office), []

    @app.event("message")
    async def listener(event: dict[str, Any]) -> None:
        heard.append(event["text"])

    async with over_socket(office, app):
        await office.client.chat_postMessage(channel=INCIDENTS, text="mine")
        await say(office, "theirs")
        await office.until(delivered(2))
    assert heard == ["theirs"]


async def test_edits_and_deletions_are_message_events_with_a_subtype(office: Office) -> None:
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        ts = (await office.client.chat_postMessage(channel=INCIDENTS, text="one"))["ts"]
        await office.client.chat_update(channel=INCIDENTS, ts=ts, text="two")
        await office.client.chat_delete(channel=INCIDENTS, ts=ts)
        await office.until(delivered(3))
    by_kind = {one["event"].get("subtype"): one["event"] for one in endpoint.events}
    assert by_kind["message_changed"]["previous_message"]["text"] == "one"
    assert by_kind["message_changed"]["message"]["text"] == "two"
    assert by_kind["message_deleted"]["deleted_ts"] == ts


async def test_the_app_hears_nothing_from_channels_the_bot_is_not_in(office: Office) -> None:
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        await say(office, "@plantao psst", channel="general")
        await office.client.conversations_join(channel=GENERAL)
        await office.until(delivered(1))
    assert [one["event"]["type"] for one in endpoint.events] == ["member_joined_channel"]


async def test_only_events_of_the_manifest_are_sent() -> None:
    quiet = copy.deepcopy(MANIFEST)
    quiet["settings"]["event_subscriptions"]["bot_events"] = ["app_mention"]
    async with serve(manifest=quiet) as sandbox, aiohttp.ClientSession() as session:
        office = Office(sandbox, AsyncWebClient(token=sandbox.app.bot_token, base_url=f"{sandbox.url}/api/"), session)
        endpoint = Endpoint()
        async with endpoint.receiving(office):
            await say(office, "not for you")
            await say(office, "@plantao for you")
            await office.until(delivered(1))
    assert [one["event"]["type"] for one in endpoint.events] == ["app_mention"]


async def test_reactions_joining_and_the_home_tab_are_told(office: Office) -> None:
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        ts = (await office.client.chat_postMessage(channel=INCIDENTS, text="x"))["ts"]
        await office.do("reaction", user="clara", channel="incidents", ts=ts, name="eyes")
        await office.do("home", user="ana")
        made = (await office.client.conversations_create(name="inc-1"))["channel"]["id"]
        await office.client.conversations_invite(channel=made, users=[ANA])
        await office.until(delivered(4))
    by_type = {one["event"]["type"]: one["event"] for one in endpoint.events}
    assert (by_type["reaction_added"]["reaction"], by_type["reaction_added"]["item"]["ts"]) == ("eyes", ts)
    assert (by_type["app_home_opened"]["user"], by_type["app_home_opened"]["tab"]) == (ANA, "home")
    assert (by_type["member_joined_channel"]["user"], by_type["member_joined_channel"]["channel"]) == (ANA, made)


async def test_a_failed_event_is_tried_at_once_after_a_minute_and_after_five(office: Office) -> None:
    endpoint = Endpoint(500, 500, 500)
    async with endpoint.receiving(office):
        await say(office, "x")
        await office.until(delivered(2))
        await office.do("clock", advance=59)
        assert len(endpoint.bodies) == 2
        await office.do("clock", advance=1)
        await office.until(delivered(3))
        await office.do("clock", advance=300)
        await office.until(delivered(4))
    assert len({one["event_id"] for one in endpoint.events}) == 1
    assert [head.get("X-Slack-Retry-Num") for head in endpoint.heads] == [None, "1", "2", "3"]
    assert [head.get("X-Slack-Retry-Reason") for head in endpoint.heads] == [None, *["http_error"] * 3]


async def test_after_three_retries_slack_gives_up(office: Office) -> None:
    endpoint = Endpoint(*[500] * 9)
    async with endpoint.receiving(office):
        await say(office, "x")
        await office.until(delivered(2))
        for count, pause in ((3, 60), (4, 300)):
            await office.do("clock", advance=pause)
            await office.until(delivered(count))
        await office.do("clock", advance=7_200)
        await say(office, "another")
        await office.until(delivered(5))
    assert [head.get("X-Slack-Retry-Num") for head in endpoint.heads][:5] == [None, "1", "2", "3", None]


async def test_an_app_can_forbid_retries(office: Office) -> None:
    endpoint = Endpoint(503, **{"X-Slack-No-Retry": "1"})
    async with endpoint.receiving(office):
        await say(office, "x")
        await office.until(delivered(1))
        await office.do("clock", advance=600)
        await say(office, "y")
        await office.until(delivered(2))
    assert [one["event"]["text"] for one in endpoint.events] == ["x", "y"]


async def test_an_event_over_a_socket_is_redelivered_until_it_is_acknowledged(office: Office) -> None:
    app, attempts = bolt_app(office), []

    @app.middleware
    async def once_is_not_enough(req: Any, resp: Any, next: Any) -> Any:
        attempts.append((req.headers.get("x-slack-retry-num"), req.headers.get("x-slack-retry-reason")))
        if len(attempts) == 1:
            resp.status = 500
            return resp
        return await next()

    @app.event("message")
    async def listener() -> None:
        pass

    async with over_socket(office, app):
        await say(office, "x")
        await office.until(lambda state: state["deliveries"])
        # No frame at all comes for a failed dispatch: the three seconds pass by the clock.
        while len(attempts) < 1:
            await office.state()
        await office.do("clock", advance=3)
        await office.until(delivered(2))
    assert attempts == [(None, None), (["1"], ["http_timeout"])]


async def test_the_request_url_is_verified_by_its_challenge(office: Office) -> None:
    async with over_http(office, bolt_app(office)):
        told = await office.do("verify")
    assert told["is_verified"] is True


async def test_an_endpoint_without_the_challenge_is_not_verified(office: Office) -> None:
    async with Endpoint().receiving(office):
        told = await office.do("verify")
    assert (told["is_verified"], told["error"]) == (False, None)


async def test_there_is_nothing_to_verify_over_a_socket(office: Office) -> None:
    assert (await office.refused("verify"))[0] == 409


async def test_signatures_follow_the_clock_of_the_sandbox(office: Office) -> None:
    """A bot that shares the clock accepts them; one on wall time must refuse them as too old or too new."""
    endpoint = Endpoint()
    async with endpoint.receiving(office):
        await office.do("clock", advance=301)
        await say(office, "x")
        await office.until(delivered(1))
    on_wall_time = SignatureVerifier(office.sandbox.app.signing_secret)
    assert not on_wall_time.is_valid_request(endpoint.bodies[0], endpoint.heads[0])
    assert SignatureVerifier(office.sandbox.app.signing_secret, SharedClock(office)).is_valid_request(
        endpoint.bodies[0], endpoint.heads[0]
    )


async def test_a_plain_text_acknowledgement_needs_no_bolt(office: Office) -> None:
    async def acknowledge(request: web.Request) -> web.Response:
        return web.Response(text=f"you typed {(await request.post())['text']!s}")

    app = web.Application()
    app.add_routes([web.post("/slack", acknowledge)])
    async with served(app) as url:
        await office.do("app", request_url=f"{url}/slack")
        told = await office.do("command", user="ana", channel="incidents", text="/plain hello")
    assert told["ack"] == "you typed hello"
