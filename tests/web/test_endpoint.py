"""Slack's HTTP endpoint: what is not small, fresh, signed and well-formed gets a 4xx, never a 500."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from bot.core.family import INCIDENTS
from sandbox.demo import Demo, open_demo
from tests.memory import memory
from tests.people import NEXT_ON_CALL

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMAND = {
    "command": "/incident",
    "text": "declare P1 forged",
    "team_id": "T0PLANTAO",
    "user_id": NEXT_ON_CALL.id,
    "channel_id": "C0INCIDENTS",
    "channel_name": "incidents",
    "trigger_id": "1.2.3",
    "response_url": "http://127.0.0.1:9/",
}


class Door:
    """The bot's endpoint, and the key to it."""

    def __init__(self, demo: Demo, client: httpx.AsyncClient, before: int) -> None:
        self.demo = demo
        self.client = client
        self.before = before
        self.url = str(demo.slack.app.request_url)

    def signed(self, body: bytes, *, age: float = 0, secret: str = "") -> dict[str, str]:
        stamp = str(int(self.demo.slack.clock.now() - age))
        key = secret or self.demo.slack.app.signing_secret
        digest = hmac.new(key.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        return {
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": f"v0={digest}",
            "Content-Type": "application/x-www-form-urlencoded",
        }

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.client.post(self.url, content=body, headers=headers)

    async def declared(self) -> int:
        """How many incidents this test has declared."""
        return await self.demo.bot.ports.record.count(INCIDENTS) - self.before


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo() -> AsyncIterator[Demo]:
    """One bot for all: hardly anything here may change it."""
    with memory() as folder:
        async with open_demo(folder, http=True, pace=0.02) as demo:
            yield demo


@pytest_asyncio.fixture(loop_scope="module")
async def door(demo: Demo) -> AsyncIterator[Door]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        yield Door(demo, client, await demo.bot.ports.record.count(INCIDENTS))


FORM = urlencode(COMMAND).encode()


async def test_a_signed_command_is_carried_out_and_its_replay_changes_nothing(door: Door) -> None:
    headers = door.signed(FORM)
    first, again = await door.post(FORM, headers), await door.post(FORM, headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert "INC-1 declared" in first.text
    assert first.text == again.text
    assert await door.declared() == 1


@pytest.mark.parametrize(
    "change",
    [
        {"X-Slack-Signature": "v0=00"},
        {"X-Slack-Signature": ""},
        {"X-Slack-Signature": "ü"},
        {"X-Slack-Request-Timestamp": "yesterday"},
        {"X-Slack-Request-Timestamp": "-5"},
        {"X-Slack-Request-Timestamp": "９"},
        {"X-Slack-Request-Timestamp": "9" * 400},
        {"X-Slack-Request-Timestamp": ""},
    ],
)
async def test_a_request_with_a_wrong_signature_or_time_is_401(door: Door, change: dict[str, str]) -> None:
    headers = {name: value.encode() for name, value in {**door.signed(FORM), **change}.items()}
    answer = await door.client.post(door.url, content=FORM, headers=list(headers.items()))
    assert answer.status_code == 401
    assert await door.declared() == 0


async def test_another_secret_or_an_old_request_is_401(door: Door) -> None:
    assert (await door.post(FORM, door.signed(FORM, secret="guessed"))).status_code == 401
    assert (await door.post(FORM, door.signed(FORM, age=301))).status_code == 401
    assert (await door.post(FORM, door.signed(FORM, age=-310))).status_code == 401
    assert (await door.post(FORM + b"&text=more", door.signed(FORM))).status_code == 401
    assert await door.declared() == 0


async def test_an_unsigned_request_is_401_whatever_it_holds(door: Door) -> None:
    for body in (b"", b"{", FORM, b"payload={", b"\xff\xfe", b"ssl_check=1"):
        assert (await door.post(body, {})).status_code == 401


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"hello=world", "application/x-www-form-urlencoded"),
        (b"payload={not json", "application/x-www-form-urlencoded"),
        (b"payload=[]", "application/x-www-form-urlencoded"),
        (b"payload=null", "application/x-www-form-urlencoded"),
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"{", "application/json"),
        (b"[1]", "application/json"),
        (b"null", "application/json"),
    ],
)
async def test_a_signed_but_malformed_body_is_400(door: Door, body: bytes, content_type: str) -> None:
    answer = await door.post(body, {**door.signed(body), "Content-Type": content_type})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "payload", [{}, {"type": "block_actions"}, {"type": "view_submission", "user": 5}, {"type": 7}]
)
async def test_a_signed_payload_that_slack_would_never_send_is_no_500(door: Door, payload: dict[str, object]) -> None:
    body = urlencode({"payload": json.dumps(payload)}).encode()
    assert (await door.post(body, door.signed(body))).status_code in (200, 400, 404)


async def test_a_body_that_is_too_large_is_refused_unread(door: Door) -> None:
    body = b"text=" + b"x" * (600 * 1024)
    assert (await door.post(body, door.signed(body))).status_code == 413


async def test_only_post_reaches_the_endpoint(door: Door) -> None:
    assert (await door.client.get(door.url)).status_code == 405


async def test_a_person_of_another_workspace_changes_nothing(door: Door) -> None:
    body = urlencode({**COMMAND, "team_id": "T0OTHER"}).encode()
    answer = await door.post(body, door.signed(body))
    assert answer.status_code == 200
    assert "Only members of this workspace" in answer.text
    assert await door.declared() == 0


async def test_an_unknown_command_gets_an_answer(door: Door) -> None:
    body = urlencode({**COMMAND, "command": "/nonsense"}).encode()
    answer = await door.post(body, door.signed(body))
    assert answer.status_code == 200
    assert "/nonsense" in answer.text


async def test_health_tells_about_the_record_and_the_worker(door: Door) -> None:
    base = door.url.removesuffix("/slack/events")
    for _ in range(200):  # the worker shows itself with its first heartbeat
        health = await door.client.get(f"{base}/health")
        if health.json()["workers"]:
            break
        await asyncio.sleep(0.05)
    assert health.status_code == 200
    assert health.json()["record"] == "answers"
    assert health.json()["last_seen"] < 30
    assert "process_cpu_seconds_total" in (await door.client.get(f"{base}/metrics")).text
