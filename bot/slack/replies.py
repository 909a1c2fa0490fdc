"""Answers through a response_url: private, five at most, within thirty minutes."""

import structlog
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.blocks.parts import Message

log = structlog.get_logger()

LIMIT = 10  # seconds


async def respond(url: str, message: Message) -> None:
    """Tell one person something privately; a refusal is logged, since nobody is left to be told."""
    client = AsyncWebhookClient(url, timeout=LIMIT, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
    answer = await client.send(
        text=message.text, blocks=list(message.blocks), response_type="ephemeral", replace_original=False
    )
    if answer.status_code != 200:
        log.warning("response_url.refused", status=answer.status_code, body=answer.body[:100])
