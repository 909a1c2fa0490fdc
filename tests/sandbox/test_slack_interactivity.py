"""Buttons, menus, shortcuts and response URLs through a real Bolt app."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_office import ANA, INCIDENTS, OTTO, Office, bolt_app, over_http
from slack_sdk.webhook.async_client import AsyncWebhookClient

BUTTON = {"type": "button", "action_id": "approve", "value": "run-1", "text": {"type": "plain_text", "text": "Approve"}}
OPTIONS = [{"text": {"type": "plain_text", "text": name}, "value": name.lower()} for name in ("High", "Low")]
SELECT = {"type": "static_select", "action_id": "level", "options": OPTIONS}
ROW: list[dict[str, Any]] = [{"type": "actions", "block_id": "row", "elements": [BUTTON, SELECT]}]


class Listener:
    """An app that acknowledges everything and keeps the payloads."""

    def __init__(self, office: Office) -> None:
        self.payloads: list[dict[str, Any]] = []
        self.app: AsyncApp = bolt_app(office)
        self.app.action({"type": "block_actions", "action_id": "approve"})(self._take)
        self.app.action("level")(self._take)
        self.app.action("slow")(self._never)
        self.app.shortcut("declare")(self._take)
        self.app.shortcut("keep")(self._take)

    async def _take(self, ack: Any, body: dict[str, Any]) -> None:
        self.payloads.append(body)
        await ack()

    async def _never(self) -> None:
        await asyncio.Event().wait()


@pytest.fixture
async def heard(office: Office) -> AsyncIterator[list[dict[str, Any]]]:
    listener = Listener(office)
    async with over_http(office, listener.app):
        yield listener.payloads


async def post(office: Office, blocks: list[dict[str, Any]] = ROW) -> str:
    return str((await office.client.chat_postMessage(channel=INCIDENTS, text="proposal", blocks=blocks))["ts"])


async def use(response_url: str, **body: Any) -> int:
    return (await AsyncWebhookClient(response_url).send_dict(body)).status_code


async def test_a_click_tells_who_where_and_what(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    told = await office.do("click", user="bruno", channel="incidents", ts=ts, action_id="approve")
    (payload,) = heard
    assert told["error"] is None
    assert (payload["type"], payload["user"]["id"], payload["channel"]["id"]) == ("block_actions", "U0BRUNO", INCIDENTS)
    assert payload["container"] == {
        "type": "message",
        "message_ts": ts,
        "channel_id": INCIDENTS,
        "is_ephemeral": False,
    }
    assert (payload["message"]["ts"], payload["message"]["blocks"][0]["block_id"]) == (ts, "row")
    action = payload["actions"][0]
    assert (action["action_id"], action["block_id"], action["value"]) == ("approve", "row", "run-1")


async def test_a_chosen_option_is_in_the_action_and_stays_in_the_state(
    office: Office, heard: list[dict[str, Any]]
) -> None:
    ts = await post(office)
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="level", value="high")
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="approve")
    assert heard[0]["actions"][0]["selected_option"]["value"] == "high"
    assert heard[1]["state"]["values"]["row"]["level"]["selected_option"]["value"] == "high"


async def test_an_option_that_is_not_there_cannot_be_chosen(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    click = {"user": "ana", "channel": "incidents", "ts": ts, "action_id": "level", "value": "medium"}
    assert await office.refused("click", **click) == (400, "level has no option 'medium'; the options are high, low")
    assert heard == []


async def test_a_button_that_is_gone_can_only_be_pressed_on_a_stale_screen(
    office: Office, heard: list[dict[str, Any]]
) -> None:
    ts = await post(office)
    await office.client.chat_update(channel=INCIDENTS, ts=ts, text="denied")
    click = {"user": "ana", "channel": "incidents", "ts": ts, "action_id": "approve"}
    status, sentence = await office.refused("click", **click)
    assert (status, sentence) == (409, "there is no 'approve' in the message now; it has no elements to press")
    await office.do("click", **click, stale=True)
    assert [payload["actions"][0]["value"] for payload in heard] == ["run-1"]


async def test_a_person_outside_the_channel_cannot_press(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    del office.sandbox.workspace.channels[INCIDENTS].members[OTTO]
    status, sentence = await office.refused("click", user="otto", channel="incidents", ts=ts, action_id="approve")
    assert (status, sentence) == (403, "otto is not in #incidents and cannot do that there")
    assert heard == []


async def test_an_ephemeral_is_pressed_by_its_owner_only(office: Office, heard: list[dict[str, Any]]) -> None:
    sent = await office.client.chat_postEphemeral(channel=INCIDENTS, user=ANA, text="sure?", blocks=ROW)
    click = {"channel": "incidents", "ts": sent["message_ts"], "action_id": "approve"}
    assert (await office.refused("click", user="otto", **click))[0] == 404
    await office.do("click", user="ana", **click)
    assert heard[0]["container"]["is_ephemeral"] is True
    assert "message" not in heard[0]


async def test_a_click_without_an_answer_times_out_and_is_not_retried(
    office: Office, heard: list[dict[str, Any]]
) -> None:
    ts = await post(office, [{"type": "actions", "elements": [{**BUTTON, "action_id": "slow"}]}])
    click = asyncio.create_task(office.do("click", user="ana", channel="incidents", ts=ts, action_id="slow"))
    await office.until(lambda state: any(one["kind"] == "action" for one in state["deliveries"]))
    await office.do("clock", advance=3)
    assert (await click)["error"] == "operation_timeout"
    await office.do("clock", advance=600)
    state = await office.state()
    assert [one["kind"] for one in state["deliveries"]].count("action") == 1
    assert state["notices"][0]["text"] == 'slow failed with the error "operation_timeout"'


async def test_a_global_shortcut_has_no_channel_and_no_response_url(
    office: Office, heard: list[dict[str, Any]]
) -> None:
    await office.do("shortcut", user="ana", callback_id="declare")
    assert (heard[0]["type"], heard[0]["callback_id"]) == ("shortcut", "declare")
    assert not heard[0].keys() & {"channel", "response_url", "message"}


async def test_a_message_shortcut_brings_the_message(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = (await office.do("message", user="clara", channel="incidents", text="look here"))["ts"]
    await office.do("shortcut", user="ana", callback_id="keep", channel="incidents", ts=ts)
    assert (heard[0]["type"], heard[0]["message_ts"], heard[0]["message"]["text"]) == (
        "message_action",
        ts,
        "look here",
    )
    assert heard[0]["response_url"]


async def test_a_message_shortcut_needs_a_message(office: Office) -> None:
    status, sentence = await office.refused("shortcut", user="ana", callback_id="keep")
    assert (status, sentence) == (400, "keep is a message shortcut: it needs channel and ts")
    assert (await office.refused("shortcut", user="ana", callback_id="nope"))[1] == (
        "there is no shortcut 'nope'; the shortcuts are declare, keep"
    )


async def test_a_response_url_answers_ephemerally_unless_told_otherwise(
    office: Office, heard: list[dict[str, Any]]
) -> None:
    ts = await post(office)
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="approve")
    url = heard[0]["response_url"]
    assert await use(url, text="only you") == 200
    assert await use(url, text="everybody", response_type="in_channel", thread_ts=ts) == 200
    state, (_, public) = await office.state(), await office.messages()
    assert [one["text"] for one in state["ephemerals"][ANA]] == ["only you"]
    assert (public["text"], public["thread_ts"]) == ("everybody", ts)


async def test_a_response_url_replaces_and_deletes_the_original(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="approve")
    url = heard[0]["response_url"]
    await use(url, text="approved", replace_original=True)
    assert [(one["text"], one["edits"]) for one in await office.messages()] == [("approved", 1)]
    await use(url, delete_original=True)
    assert await office.messages() == []


async def test_an_ephemeral_never_becomes_a_channel_message(office: Office, heard: list[dict[str, Any]]) -> None:
    sent = await office.client.chat_postEphemeral(channel=INCIDENTS, user=ANA, text="sure?", blocks=ROW)
    await office.do("click", user="ana", channel="incidents", ts=sent["message_ts"], action_id="approve")
    await use(heard[0]["response_url"], text="done", replace_original=True, response_type="in_channel")
    assert [one["text"] for one in (await office.state())["ephemerals"][ANA]] == ["done"]
    assert await office.messages() == []


async def test_a_response_url_works_five_times(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="approve")
    url = heard[0]["response_url"]
    assert await use(url, blocks=[{"type": "nonsense"}]) == 400
    assert [await use(url, text=str(n)) for n in range(6)] == [200, 200, 200, 200, 200, 404]
    assert len((await office.state())["ephemerals"][ANA]) == 5


async def test_a_response_url_ends_after_thirty_minutes(office: Office, heard: list[dict[str, Any]]) -> None:
    ts = await post(office)
    await office.do("click", user="ana", channel="incidents", ts=ts, action_id="approve")
    await office.do("clock", advance=1_799)
    assert await use(heard[0]["response_url"], text="in time") == 200
    await office.do("clock", advance=2)
    assert await use(heard[0]["response_url"], text="too late") == 404
