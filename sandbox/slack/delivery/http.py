"""Deliveries as signed HTTP requests."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any

import aiohttp

from ..ledger import SentBytes
from .parcel import Parcel


@dataclass(frozen=True)
class Answer:
    """What the app said: an HTTP status (None over a socket) and the acknowledgement's body."""

    status: int | None
    body: Any
    no_retry: bool = False


def signed(parcel: Parcel, secret: str, timestamp: int) -> SentBytes:
    """The request with its v0 signature over the raw body."""
    body = parcel.http_body()
    digest = hmac.new(secret.encode(), b"v0:%d:%s" % (timestamp, body), hashlib.sha256).hexdigest()
    headers = {
        "Content-Type": parcel.content_type,
        "User-Agent": "Slackbot 1.0 (sandbox)",
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": f"v0={digest}",
    }
    if parcel.retry is not None:
        headers |= {"X-Slack-Retry-Num": str(parcel.retry.number), "X-Slack-Retry-Reason": parcel.retry.reason}
    return SentBytes(body, headers)


async def post(session: aiohttp.ClientSession, url: str, sent: SentBytes) -> Answer:
    """Send it; redirects count as failures here, while real Slack follows two."""
    async with session.post(url, data=sent.body, headers=sent.headers, allow_redirects=False) as response:
        body = await response.read()
        no_retry = response.headers.get("x-slack-no-retry") == "1"
        return Answer(response.status, _read_ack(response.content_type, body), no_retry)


def _read_ack(content_type: str, body: bytes) -> Any:
    text = body.decode(errors="replace")
    if content_type == "application/json" and text:
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text or None
