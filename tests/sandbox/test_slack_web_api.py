"""The Web API as the SDK's clients meet it: tokens, scopes, messages."""

import asyncio
import copy
from typing import Any

import aiohttp
import pytest
from slack_office import ANA, CLARA, GENERAL, INCIDENTS, MANIFEST, Office
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import serve


async def call(office: Office, method: str, bearer: str | None, **form: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    async with office.session.post(f"{office.sandbox.url}/api/{method}", data=form, headers=headers) as response:
        assert response.status == 200
        told: dict[str, Any] = await response.json()
        return told


async def test_auth_test_tells_who_the_bot_is(office: Office) -> None:
    told = await office.client.auth_test()
    assert (told["team_id"], told["user_id"], told["bot_id"]) == ("T0PLANTAO", "U0PLANTAO", "B0PLANTAO")


async def test_the_synchronous_client_works_too(office: Office) -> None:
    client = WebClient(token=office.sandbox.app.bot_token, base_url=f"{office.sandbox.url}/api/")
    posted = await asyncio.to_thread(client.chat_postMessage, channel=INCIDENTS, text="from a thread")
    assert (await office.messages())[0]["ts"] == posted["ts"]


async def test_a_call_without_a_token_is_not_authed(office: Office) -> None:
    assert (await call(office, "auth.test", None))["error"] == "not_authed"


async def test_a_wrong_token_is_invalid(office: Office) -> None:
    assert (await call(office, "auth.test", "xoxb-wrong"))["error"] == "invalid_auth"


async def test_a_token_may_travel_as_a_form_field(office: Office) -> None:
    assert (await call(office, "auth.test", None, token=office.sandbox.app.bot_token))["ok"] is True


async def test_the_app_token_opens_sockets_and_nothing_else(office: Office) -> None:
    app = office.sandbox.app
    assert (await call(office, "auth.test", app.app_token))["error"] == "not_allowed_token_type"
    assert (await call(office, "apps.connections.open", app.bot_token))["error"] == "not_allowed_token_type"
    assert (await call(office, "apps.connections.open", app.app_token))["url"].startswith("ws://127.0.0.1:")


async def test_an_unknown_method_is_unknown(office: Office) -> None:
    assert (await call(office, "chat.shout", office.sandbox.app.bot_token))["error"] == "unknown_method"


async def test_a_missing_scope_names_what_is_needed_and_what_is_there() -> None:
    poor = copy.deepcopy(MANIFEST)
    poor["oauth_config"]["scopes"]["bot"] = ["commands"]
    async with serve(manifest=poor) as sandbox, aiohttp.ClientSession() as session:
        office = Office(sandbox, AsyncWebClient(token=sandbox.app.bot_token, base_url=f"{sandbox.url}/api/"), session)
        refused = await office.refusal_of(office.client.chat_postMessage(channel=INCIDENTS, text="x"))
    assert (refused["error"], refused["needed"], refused["provided"]) == ("missing_scope", "chat:write", "commands")


async def test_unknown_arguments_are_ignored_but_written_down(office: Office) -> None:
    await office.client.api_call("chat.postMessage", params={"channel": INCIDENTS, "text": "x", "colour": "red"})
    last = (await office.state())["calls"][-1]
    assert (last["method"], last["ok"], last["unknown_args"]) == ("chat.postMessage", True, ["colour"])


async def test_the_call_log_never_holds_a_token(office: Office) -> None:
    token = office.sandbox.app.bot_token
    await call(office, "auth.test", None, token=token)
    state = await office.state()
    assert state["calls"][-1]["token_kind"] == "bot"
    assert token not in str(state["calls"])


async def test_a_json_body_that_is_no_object_is_refused(office: Office) -> None:
    url = f"{office.sandbox.url}/api/chat.postMessage"
    async with office.session.post(url, data="[1", headers={"Content-Type": "application/json"}) as response:
        assert (await response.json())["error"] == "invalid_form_data"


async def test_a_method_without_json_does_not_see_a_json_body(office: Office) -> None:
    as_json = office.client.api_call("users.info", json={"user": ANA})
    assert await office.error_of(as_json) == "user_not_found"
    assert (await office.client.api_call("users.info", params={"user": ANA}))["ok"]


async def test_a_posted_message_is_seen_with_its_blocks_and_metadata(office: Office) -> None:
    posted = await office.client.chat_postMessage(
        channel="#incidents",
        text="INC-1",
        blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "*INC-1*"}}],
        metadata={"event_type": "incident", "event_payload": {"id": "INC-1"}},
        unfurl_links=False,
    )
    shown = (await office.messages())[0]
    assert (posted["channel"], posted["ts"]) == (INCIDENTS, shown["ts"])
    assert shown["metadata"]["event_payload"] == {"id": "INC-1"}
    assert shown["blocks"][0]["block_id"]
    assert (shown["user"], shown["bot_id"], shown["edits"]) == ("U0PLANTAO", "B0PLANTAO", 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": "", "text": "x"}, "channel_not_found"),
        ({"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ({"channel": INCIDENTS, "text": " "}, "no_text"),
        ({"channel": INCIDENTS, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": INCIDENTS, "text": "x", "blocks": "{"}, "invalid_blocks_format"),
        ({"channel": INCIDENTS, "text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
        ({"channel": INCIDENTS, "text": "x", "attachments": [{}] * 101}, "too_many_attachments"),
        ({"channel": INCIDENTS, "text": "x", "thread_ts": "1.000001"}, "cannot_reply_to_message"),
    ],
)
async def test_a_message_that_slack_would_refuse_is_stored_nowhere(
    office: Office, arguments: dict[str, Any], error: str
) -> None:
    assert await office.error_of(office.client.api_call("chat.postMessage", json=arguments)) == error
    assert [row for channel in (await office.state())["channels"] for row in channel["messages"]] == []


async def test_posting_to_a_person_opens_the_direct_message(office: Office) -> None:
    first = await office.client.chat_postMessage(channel=ANA, text="wake up")
    second = await office.client.chat_postMessage(channel=ANA, text="please")
    assert first["channel"] == second["channel"]
    dm = next(row for row in (await office.state())["channels"] if row["id"] == first["channel"])
    assert (dm["is_im"], [one["text"] for one in dm["messages"]]) == (True, ["wake up", "please"])


async def test_a_private_channel_without_the_bot_does_not_exist_for_it(office: Office) -> None:
    made = await office.client.conversations_create(name="secret", is_private=True)
    secret = made["channel"]["id"]
    del office.sandbox.workspace.channels[secret].members["U0PLANTAO"]
    assert await office.error_of(office.client.chat_postMessage(channel=secret, text="x")) == "channel_not_found"


async def test_long_text_is_split_above_4040_and_cut_above_40000(office: Office) -> None:
    await office.client.chat_postMessage(channel=INCIDENTS, text="a" * 4_040)
    await office.client.chat_postMessage(channel=INCIDENTS, text="b" * 4_041)
    lengths = [len(one["text"]) for one in await office.messages()]
    await office.client.chat_postMessage(channel="alerts", text="c" * 40_001)
    assert lengths == [4_040, 4_000, 41]
    assert sum(len(one["text"]) for one in await office.messages("C0ALERTS")) == 40_000


async def test_a_thread_counts_its_replies_and_can_be_read(office: Office) -> None:
    parent = await office.client.chat_postMessage(channel=INCIDENTS, text="headline")
    reply = await office.client.chat_postMessage(channel=INCIDENTS, text="one", thread_ts=parent["ts"])
    # A reply's ts leads to its parent.
    await office.client.chat_postMessage(channel=INCIDENTS, text="two", thread_ts=reply["ts"], reply_broadcast=True)
    shown = (await office.messages())[0]
    thread = await office.client.conversations_replies(channel=INCIDENTS, ts=parent["ts"])
    history = await office.client.conversations_history(channel=INCIDENTS)
    assert shown["reply_count"] == 2
    assert [one["text"] for one in thread["messages"]] == ["headline", "one", "two"]
    assert [one["text"] for one in history["messages"]] == ["two", "headline"]


async def test_an_update_changes_the_message_in_place(office: Office) -> None:
    posted = await office.client.chat_postMessage(
        channel=INCIDENTS, text="open", metadata={"event_type": "a", "event_payload": {}}
    )
    await office.client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="mitigated")
    (shown,) = await office.messages()
    assert (shown["text"], shown["edits"], shown["metadata"]["event_type"]) == ("mitigated", 1, "a")


async def test_an_update_longer_than_4000_is_refused(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="short")
    update = office.client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="a" * 4_001)
    assert await office.error_of(update) == "msg_too_long"
    assert (await office.messages())[0]["text"] == "short"


async def test_only_the_bots_own_messages_can_be_changed_or_deleted(office: Office) -> None:
    ts = (await office.do("message", user="ana", channel="incidents", text="mine"))["ts"]
    client = office.client
    assert await office.error_of(client.chat_update(channel=INCIDENTS, ts=ts, text="x")) == "cant_update_message"
    assert await office.error_of(client.chat_delete(channel=INCIDENTS, ts=ts)) == "cant_delete_message"
    assert await office.error_of(client.chat_delete(channel=INCIDENTS, ts="1.1")) == "message_not_found"


async def test_a_deleted_message_is_gone(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="oops")
    await office.client.chat_delete(channel=INCIDENTS, ts=posted["ts"])
    assert await office.messages() == []


async def test_an_archived_channel_takes_no_posts_and_no_updates(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    await office.client.conversations_archive(channel=INCIDENTS)
    assert await office.error_of(office.client.chat_postMessage(channel=INCIDENTS, text="y")) == "is_archived"
    update = office.client.chat_update(channel=INCIDENTS, ts=posted["ts"], text="y")
    assert await office.error_of(update) == "is_inactive"


async def test_an_ephemeral_is_seen_by_one_person_only(office: Office) -> None:
    await office.client.chat_postEphemeral(channel=INCIDENTS, user=ANA, text="for you")
    state = await office.state()
    assert [one["text"] for one in state["ephemerals"][ANA]] == ["for you"]
    assert list(state["ephemerals"]) == [ANA]
    assert await office.messages() == []


async def test_an_ephemeral_for_somebody_outside_the_channel_is_refused(office: Office) -> None:
    del office.sandbox.workspace.channels[INCIDENTS].members[CLARA]
    whisper = office.client.chat_postEphemeral(channel=INCIDENTS, user=CLARA, text="x")
    assert await office.error_of(whisper) == "user_not_in_channel"


async def test_a_permalink_leads_to_the_message(office: Office) -> None:
    posted = await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    link = await office.client.chat_getPermalink(channel=INCIDENTS, message_ts=posted["ts"])
    stamp = posted["ts"].replace(".", "")
    assert link["permalink"] == f"https://plantao-demo.slack.com/archives/{INCIDENTS}/p{stamp}"


async def test_timestamps_never_repeat(office: Office) -> None:
    await office.do("faults", strict_rates=False)
    posts = (office.client.chat_postMessage(channel=INCIDENTS, text=str(n)) for n in range(30))
    stamps = [one["ts"] for one in await asyncio.gather(*posts)]
    assert len(set(stamps)) == 30
