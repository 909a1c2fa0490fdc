"""The outbox: every call to Slack that nobody waits for, paced per channel, with errors that say when to try again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry import HttpRequest, HttpResponse, RetryState
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import ChatError
from bot.slack.blocks.parts import Message

PACE = 1.0  # seconds between posts in one channel; Slack's own limit, with short bursts allowed
BURST = 4
PAGE, APPROVAL, STATUS, COSMETIC = 6.0, 2.0, 1.0, 0.5  # seconds: whoever may wait longer in a crowded channel is first
PACED = "paced"
RETRY_UNREACHABLE = 2.0


class Retries(AsyncConnectionErrorRetryHandler):
    """The library's second try after a broken connection, but for posts: one that may have arrived is not sent again.

    Whoever posts is told instead, and knows whether a doubled post or none is the lesser evil.
    """

    async def _can_retry_async(
        self,
        *,
        state: RetryState,
        request: HttpRequest,
        response: HttpResponse | None = None,
        error: Exception | None = None,
    ) -> bool:
        if request.url.endswith("/chat.postMessage"):
            return False
        return await super()._can_retry_async(state=state, request=request, response=response, error=error)


class Pacer:
    """Lets a burst pass, then one post a second, per channel.

    Turns are given out as far ahead as a post is ready to wait, so one that may wait longer finds a turn where others
    are sent away to come back.
    """

    def __init__(self, pace: float = PACE, burst: int = BURST) -> None:
        self._pace = pace
        self._burst = burst
        self._free_at: dict[str, float] = {}

    async def turn(self, channel: str, patience: float) -> None:
        """Wait until this channel may be posted to again; raises ChatError when that is longer than `patience`."""
        now = asyncio.get_running_loop().time()
        earliest = now - self._pace * (self._burst - 1)
        turn = max(self._free_at.get(channel, earliest), earliest)
        if turn - now > patience:
            raise ChatError(PACED, turn - now)
        self._free_at[channel] = turn + self._pace
        if turn > now:
            await asyncio.sleep(turn - now)


class Chat:
    """Posts, edits and private messages; raises ChatError and nothing else."""

    def __init__(self, client: AsyncWebClient, pacer: Pacer | None = None) -> None:
        self._client = client
        self._pacer = pacer or Pacer()
        self._ids: dict[str, str] = {}

    async def post(
        self, channel: str, message: Message, *, thread: str = "", patience: float = STATUS
    ) -> tuple[str, str]:
        """Post and give back the channel's id and the message's ts."""
        await self._pacer.turn(self._ids.get(channel, channel), patience)
        answer = await self._call(
            self._client.chat_postMessage,
            channel=channel,
            text=message.text,
            blocks=list(message.blocks),
            thread_ts=thread or None,
            reply_broadcast=(message.is_loud and bool(thread)) or None,
            unfurl_links=False,
            unfurl_media=False,
        )
        self._ids[channel] = str(answer["channel"])
        return self._ids[channel], str(answer["ts"])

    async def edit(self, channel: str, ts: str, message: Message) -> None:
        """Replace a message."""
        await self._call(
            self._client.chat_update, channel=channel, ts=ts, text=message.text, blocks=list(message.blocks)
        )

    async def whisper(self, channel: str, user: str, message: Message, thread: str = "") -> None:
        """Say something that only one person sees."""
        await self._call(
            self._client.chat_postEphemeral,
            channel=channel,
            user=user,
            text=message.text,
            blocks=list(message.blocks),
            thread_ts=thread or None,
        )

    async def upload(self, channel: str, thread: str, name: str, content: bytes) -> None:
        """Put a file into a thread."""
        await self._call(
            self._client.files_upload_v2, channel=channel, thread_ts=thread, filename=name, title=name, content=content
        )

    async def open_view(self, trigger: str, view: dict[str, Any]) -> None:
        """Open a form; the trigger is good for 3 s and once."""
        await self._call(self._client.views_open, trigger_id=trigger, view=view)

    async def update_view(self, id: str, view: dict[str, Any]) -> None:
        """Replace what an open form shows."""
        await self._call(self._client.views_update, view_id=id, view=view)

    async def publish_home(self, user: str, blocks: list[dict[str, Any]]) -> None:
        """Replace somebody's App Home."""
        await self._call(self._client.views_publish, user_id=user, view={"type": "home", "blocks": blocks})

    async def _call(self, method: Callable[..., Awaitable[Any]], **arguments: Any) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        try:
            return await method(**given)
        except SlackApiError as error:
            raise _chat_error(error) from error
        except (ClientError, SlackClientError, OSError, TimeoutError) as error:
            raise ChatError("unreachable", RETRY_UNREACHABLE) from error


def _chat_error(error: SlackApiError) -> ChatError:
    response = error.response
    status = getattr(response, "status_code", 200)
    code = "http_error" if isinstance(response.data, bytes | str) else str(response.get("error", "unknown"))
    if status == 429 or code in ("ratelimited", "rate_limited"):
        return ChatError("ratelimited", float(response.headers.get("Retry-After", "1")))
    if status >= 500 or code in ("internal_error", "fatal_error", "service_unavailable", "request_timeout"):
        return ChatError(code, RETRY_UNREACHABLE)
    return ChatError(code)
