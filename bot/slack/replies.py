"""Answers through a response_url: private, five at most, within thirty minutes."""

import structlog
from aiohttp import ClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack.blocks.parts import Message

log = structlog.get_logger()

LIMIT = 10  # seconds


async def respond(url: str, message: Message, *, replace: bool = False) -> None:
    """Tell one person something privately, in place of the private message that was clicked if `replace` says so.

    A refusal is logged, since nobody is left to be told.
    """
    try:
        status = await _send(url, message, replace)
    except (ClientError, OSError, TimeoutError) as error:
        log.warning("response_url.unreachable", error=type(error).__name__)
        return
    if status != 200:
        log.warning("response_url.refused", status=status)


async def _send(url: str, message: Message, replace: bool) -> int:
    client = AsyncWebhookClient(url, timeout=LIMIT, retry_handlers=[AsyncRateLimitErrorRetryHandler(max_retry_count=2)])
    answer = await client.send(
        text=message.text, blocks=list(message.blocks), response_type="ephemeral", replace_original=replace
    )
    return int(answer.status_code)
