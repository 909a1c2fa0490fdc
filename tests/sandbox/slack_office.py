"""What the tests of the emulated Slack work with: a manifest, a client for the control interface, bots."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack import Sandbox

WORKSPACE = Path(__file__).parent / "workspace.yml"
MANIFEST: dict[str, Any] = {
    "display_information": {"name": "Plantão"},
    "features": {
        "app_home": {"home_tab_enabled": True},
        "bot_user": {"display_name": "plantao"},
        "slash_commands": [
            {"command": "/incident", "description": "Incidents", "usage_hint": "declare", "should_escape": True},
            {"command": "/plain", "description": "No escaping"},
        ],
        "shortcuts": [
            {"name": "Declare", "type": "global", "callback_id": "declare", "description": "Declare an incident"},
            {"name": "Keep", "type": "message", "callback_id": "keep", "description": "Add to the timeline"},
        ],
    },
    "oauth_config": {
        "scopes": {
            "bot": [
                "commands",
                "chat:write",
                "channels:read",
                "channels:history",
                "channels:join",
                "channels:manage",
                "groups:read",
                "groups:write",
                "im:write",
                "users:read",
                "users:read.email",
                "usergroups:read",
                "reactions:write",
                "pins:write",
                "bookmarks:write",
                "files:write",
                "team:read",
                "reactions:read",
                "pins:read",
                "bookmarks:read",
                "canvases:read",
                "canvases:write",
                "dnd:read",
                "files:read",
                "usergroups:write",
                "users.profile:read",
            ]
        }
    },
    "settings": {
        "event_subscriptions": {
            "bot_events": [
                "message.channels",
                "app_mention",
                "app_home_opened",
                "member_joined_channel",
                "member_left_channel",
                "reaction_added",
                "reaction_removed",
                "subteam_members_changed",
                "channel_rename",
                "channel_archive",
                "channel_unarchive",
                "channel_left",
            ]
        },
        "socket_mode_enabled": True,
    },
}

INCIDENTS, ALERTS, GENERAL = "C0INCIDENTS", "C0ALERTS", "C0GENERAL"
ANA, BRUNO, CLARA, OTTO = "U0ANA", "U0BRUNO", "U0CLARA", "U0OTTO"


@dataclass(frozen=True)
class Office:
    """A running sandbox, the bot's client for it, and a session for the control interface."""

    sandbox: Sandbox
    client: AsyncWebClient
    session: aiohttp.ClientSession

    async def post(self, act: str, **body: Any) -> tuple[int, dict[str, Any]]:
        async with self.session.post(f"{self.sandbox.url}/control/{act}", json=body) as response:
            return response.status, await response.json()

    async def do(self, act: str, **body: Any) -> dict[str, Any]:
        """A control request that must be carried out."""
        status, told = await self.post(act, **body)
        assert (status, told["ok"]) == (200, True), told
        return told

    async def refused(self, act: str, **body: Any) -> tuple[int, str]:
        """A control request that must be refused: the status and the sentence."""
        status, told = await self.post(act, **body)
        assert told["ok"] is False
        return status, str(told["error"])

    async def install(self, manifest: dict[str, Any], **more: Any) -> AsyncWebClient:
        """One more app; the answer is its bot's client."""
        app = (await self.do("apps", manifest=manifest, **more))["app"]
        return AsyncWebClient(token=app["bot_token"], base_url=f"{self.sandbox.url}/api/")

    async def state(self) -> dict[str, Any]:
        async with self.session.get(f"{self.sandbox.url}/control/state") as response:
            told: dict[str, Any] = await response.json()
            return told

    async def messages(self, channel: str = INCIDENTS) -> list[dict[str, Any]]:
        rows = (await self.state())["channels"]
        return next(row["messages"] for row in rows if row["id"] == channel)

    async def error_of(self, call: Awaitable[Any]) -> str:
        return str((await self.refusal_of(call))["error"])

    async def refusal_of(self, call: Awaitable[Any]) -> dict[str, Any]:
        """The body of a Web API call that must fail."""
        try:
            await call
        except SlackApiError as error:
            data = error.response.data
            assert isinstance(data, dict)
            return data
        raise AssertionError("the call succeeded")

    async def until(self, condition: Callable[[dict[str, Any]], Any], seconds: float = 40.0) -> dict[str, Any]:
        """The first state that fulfils the condition, looked at again after each change."""
        async with asyncio.timeout(seconds), self.session.get(f"{self.sandbox.url}/control/stream") as stream:
            async for line in stream.content:
                if line.startswith(b"data:") and condition(state := await self.state()):
                    return state
        raise AssertionError("the sandbox closed before the condition held")


def bolt_app(office: Office) -> AsyncApp:
    app = office.sandbox.app
    return AsyncApp(client=office.client, signing_secret=app.signing_secret)


@asynccontextmanager
async def over_socket(office: Office, app: AsyncApp) -> AsyncIterator[None]:
    """Connect the app over Socket Mode until the block is left."""
    handler = AsyncSocketModeHandler(app, office.sandbox.app.app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        await office.until(lambda state: state["app"]["sockets"] == 1)
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def over_http(office: Office, app: AsyncApp) -> AsyncIterator[None]:
    """Serve the app on a port of its own and have deliveries sent there."""
    async with served(app.web_app(path="/slack/events")) as url:
        await office.do("app", request_url=f"{url}/slack/events")
        yield


@asynccontextmanager
async def served(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


TRANSPORTS = {"http": over_http, "socket": over_socket}
