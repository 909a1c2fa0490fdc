"""Trouble on purpose: limits, errors, delays, lost answers, an outage."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_office import INCIDENTS, Office
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler

POST = "chat.postMessage"


async def test_a_limited_call_gets_429_and_retry_after(office: Office) -> None:
    await office.do("faults", method=POST, kind="ratelimited", retry_after=7, times=2)
    for _ in range(2):
        with pytest.raises(SlackApiError) as limited:
            await office.client.chat_postMessage(channel=INCIDENTS, text="x")
        response = limited.value.response
        assert (response.status_code, response["error"], response.headers["Retry-After"]) == (429, "ratelimited", "7")
    await office.client.chat_postMessage(channel=INCIDENTS, text="through")
    assert [one["text"] for one in await office.messages()] == ["through"]


async def test_other_methods_are_not_limited(office: Office) -> None:
    await office.do("faults", method=POST, kind="ratelimited", times=9)
    assert (await office.client.auth_test())["ok"]


async def test_the_sdks_own_retry_gets_through(office: Office) -> None:
    await office.do("faults", method=POST, kind="ratelimited", retry_after=0, times=1)
    office.client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
    await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    assert [(one["status"], one["ok"]) for one in (await office.state())["calls"]] == [(429, False), (200, True)]


async def test_a_named_error_is_answered_as_told(office: Office) -> None:
    await office.do("faults", method="views.open", kind="error", error="fatal_error")
    opening = office.client.views_open(trigger_id="t", view={"type": "modal"})
    assert await office.error_of(opening) == "fatal_error"


async def test_an_internal_error_is_http_500_and_stores_nothing(office: Office) -> None:
    await office.do("faults", method="*", kind="http_500")
    with pytest.raises(SlackApiError) as failed:
        await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    assert failed.value.response.status_code == 500
    assert await office.messages() == []


async def test_latency_passes_by_the_clock(office: Office) -> None:
    await office.do("faults", method=POST, kind="latency", seconds=3_600)
    posting = asyncio.create_task(office.client.chat_postMessage(channel=INCIDENTS, text="slow"))
    await office.client.auth_test()
    assert not posting.done()
    while not posting.done():
        await office.do("clock", advance=3_600)
    await posting
    assert [one["text"] for one in await office.messages()] == ["slow"]


async def test_a_lost_answer_is_done_all_the_same(office: Office) -> None:
    office.client.retry_handlers.clear()
    await office.do("faults", method=POST, kind="lost_answer")
    with pytest.raises(aiohttp.ClientError):
        await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    assert [one["text"] for one in await office.messages()] == ["x"]


async def test_the_sdks_retry_after_a_lost_answer_posts_twice(office: Office) -> None:
    """Why a bot must find its own message again before it posts a second time."""
    await office.do("faults", method=POST, kind="lost_answer")
    await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    assert [one["text"] for one in await office.messages()] == ["x", "x"]


async def test_an_outage_lasts_until_it_is_cleared(office: Office) -> None:
    office.client.retry_handlers.clear()
    await office.do("faults", method="*", kind="down")
    for _ in range(3):
        with pytest.raises(aiohttp.ClientError):
            await office.client.chat_postMessage(channel=INCIDENTS, text="x")
    await office.do("faults", clear=True)
    await office.client.chat_postMessage(channel=INCIDENTS, text="back")
    assert [one["text"] for one in await office.messages()] == ["back"]


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"method": "chat.shout", "kind": "down"}, "there is no method 'chat.shout'"),
        ({"method": POST}, "a fault of a method needs method and kind"),
        ({"method": POST, "kind": "down", "times": 0}, "times: Input should be greater than or equal to 1"),
        ({"method": POST, "kind": "down", "sceonds": 1}, "sceonds: Extra inputs are not permitted"),
    ],
)
async def test_a_fault_that_makes_no_sense_is_refused(office: Office, body: dict[str, Any], sentence: str) -> None:
    assert await office.refused("faults", **body) == (400, sentence)
