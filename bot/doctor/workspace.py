"""The Slack workspace: tokens, scopes, and the channels and people that the catalog names. Nothing is posted."""

from collections.abc import AsyncIterator, Awaitable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.catalog.system import System
from bot.core.errors import ConfigError
from bot.doctor.verdict import Verdict, fail, ok, warn
from bot.settings import Settings
from bot.slack.app import Identity, identify

LIMIT = 10  # seconds for one call
PAGE = 1000
REINSTALL = "Give the app the scopes of manifest.yml (App Manifest in the app's settings), then install it again."


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a question was not answered: Slack's own code, or what happened to the connection."""

    code: str
    needed: str = ""
    was_reached: bool = True

    @property
    def words(self) -> str:
        return f"Slack says {self.code}" if self.was_reached else f"Slack does not answer: {self.code}"

    def verdict(self, id: str, what: str) -> Verdict:
        """The same as a line."""
        if self.code == "missing_scope":
            return fail(id, f"{what}: the scope {self.needed.replace(',', ' or ')} is missing", REINSTALL)
        return fail(id, f"{what}: {self.words}", "Try again; https://slack-status.com tells about outages.")


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[AsyncWebClient]:
    """A client that waits once when Slack asks it to."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(LIMIT)) as session:
        token = settings.slack_bot_token.get_secret_value()
        client = AsyncWebClient(token, base_url=settings.slack_api_url, session=session)
        client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=1))
        yield client


async def examine_workspace(
    settings: Settings, systems: Sequence[System], scopes: Collection[str], environ: Mapping[str, str]
) -> list[Verdict]:
    """Everything about Slack; without a working bot token only the app token can be looked at."""
    async with opened(settings) as client:
        verdicts = await _app_token(client, settings)
        try:
            identity = await identify(client)
        except ConfigError as error:
            return [_no_token(error), *verdicts]
        token = ok("slack.token", f"the bot token belongs to {identity.user} in {identity.team}")
        channels = await _channels(client, systems, identity)
        channels += [
            await _restricted(client, system, environ) for system in systems if system.profile.restricted_channel
        ]
        return [token, _scopes(identity, scopes), *verdicts, *channels, *await _people(client, systems)]


def _no_token(error: ConfigError) -> Verdict:
    if isinstance(error.__cause__, SlackApiError):
        hint = "Copy the Bot User OAuth Token (OAuth & Permissions in the app's settings) into SLACK_BOT_TOKEN."
        return fail("slack.token", str(error), hint)
    return fail("slack.token", str(error), "See that this machine may reach Slack, and that SLACK_API_URL is right.")


def _scopes(identity: Identity, wanted: Collection[str]) -> Verdict:
    if not identity.scopes:
        hint = "Compare OAuth & Permissions in the app's settings with manifest.yml by hand."
        return warn("slack.scopes", "Slack did not say which scopes are granted", hint)
    missing = sorted(set(wanted) - set(identity.scopes))
    if missing:
        return fail("slack.scopes", f"not granted: {', '.join(missing)}", REINSTALL)
    return ok("slack.scopes", f"all {len(wanted)} scopes of manifest.yml are granted")


async def _app_token(client: AsyncWebClient, settings: Settings) -> list[Verdict]:
    """The token for Socket Mode, when there is one; otherwise Slack posts to us and signs."""
    if settings.slack_app_token is None:
        return [ok("slack.signing_secret", "set; whether it is the right one shows with Slack's first request")]
    token = settings.slack_app_token.get_secret_value()
    answer = await _ask(client.apps_connections_open(app_token=token))
    if not isinstance(answer, Refusal):
        return [ok("slack.app_token", "Slack offers a Socket Mode connection")]
    if not answer.was_reached:
        return [answer.verdict("slack.app_token", "SLACK_APP_TOKEN cannot be tried")]
    hint = "Make an app token with the scope connections:write (Basic Information), and set socket_mode_enabled."
    return [fail("slack.app_token", f"SLACK_APP_TOKEN: {answer.words}", hint)]


async def _channels(client: AsyncWebClient, systems: Sequence[System], identity: Identity) -> list[Verdict]:
    sees_private = "groups:read" in identity.scopes
    types = "public_channel,private_channel" if sees_private else "public_channel"
    listed = await _ask(_all_channels(client, types))
    if isinstance(listed, Refusal):
        return [listed.verdict("slack.channel", "the channels cannot be listed")]
    return [_channel(system, listed, identity) for system in systems]


async def _all_channels(client: AsyncWebClient, types: str) -> dict[str, dict[str, Any]]:
    channels: dict[str, dict[str, Any]] = {}
    cursor = ""
    while True:
        page = await client.conversations_list(types=types, limit=PAGE, cursor=cursor)
        channels |= {channel["name"]: channel for channel in page["channels"]}
        cursor = (page.get("response_metadata") or {}).get("next_cursor", "")
        if not cursor:
            return channels


def _channel(system: System, listed: Mapping[str, Mapping[str, Any]], identity: Identity) -> Verdict:
    id, name = "slack.channel", system.profile.channel
    found = listed.get(name)
    if found is None:
        hint = f"Create it, or correct `channel` in {system.id}/system.yml."
        if "groups:read" not in identity.scopes:
            hint += " If it is private, grant the scope groups:read too: without it I cannot see private channels."
        return fail(id, f"{system.id}: I see no channel #{name}", hint)
    if found.get("is_archived"):
        return fail(id, f"{system.id}: #{name} is archived", "Unarchive it, or name another channel in system.yml.")
    if found.get("is_member"):
        return ok(id, f"{system.id}: the bot is a member of #{name}")
    if "chat:write.public" in identity.scopes and not found.get("is_private"):
        return ok(id, f"{system.id}: #{name} is public, so the bot may post there without being a member")
    return warn(id, f"{system.id}: the bot is not a member of #{name}", f"Type `/invite @plantao` in #{name}.")


async def _restricted(client: AsyncWebClient, system: System, environ: Mapping[str, str]) -> Verdict:
    """The channel in which details are read in full; the bot sees a private one only with the scope groups:read."""
    id = "slack.restricted"
    try:
        channel = system.profile.restricted_in(environ)
    except ConfigError as error:
        return fail(id, f"{system.id}: {error}", "Copy the channel's id from its details in Slack.")
    if not channel:
        hint = f"Set {system.profile.restricted_channel.removeprefix('env:')} to the id of a private channel."
        return warn(id, f"{system.id}: no restricted channel, so details are masked everywhere", hint)
    answer = await _ask(client.conversations_info(channel=channel))
    if isinstance(answer, Refusal) and answer.code == "missing_scope":
        return ok(id, f"{system.id}: {channel} is not public; more I may not see without the scope groups:read")
    if isinstance(answer, Refusal) and answer.code == "channel_not_found":
        return warn(id, f"{system.id}: I see no channel {channel}", "Type `/invite @plantao` in it, or correct the id.")
    if isinstance(answer, Refusal):
        return answer.verdict(id, f"{system.id}: {channel} cannot be looked up")
    if not answer["channel"].get("is_private"):
        return fail(id, f"{system.id}: {channel} is public, so nothing is shown in full there", "Make it private.")
    return ok(id, f"{system.id}: {channel} is private")


async def _people(client: AsyncWebClient, systems: Sequence[System]) -> list[Verdict]:
    roles = [
        (f"{system.id}: {name}", member)
        for system in systems
        for name, role in system.profile.roles.items()
        for member in role.members
    ]
    verdicts = [await _person(client, role, member) for role, member in roles if not member.startswith("@")]
    groups = [(role, member[1:]) for role, member in roles if member.startswith("@")]
    if not groups:
        return verdicts
    answer = await _ask(client.usergroups_list(include_users=True))
    if isinstance(answer, Refusal):
        return [*verdicts, answer.verdict("slack.group", "the user groups cannot be listed")]
    members = {group["handle"]: group.get("users") or [] for group in answer["usergroups"]}
    return [*verdicts, *(_group(role, handle, members) for role, handle in groups)]


def _group(role: str, handle: str, members: Mapping[str, Sequence[str]]) -> Verdict:
    if handle not in members:
        hint = "Create the user group in Slack, enable it, or correct the role in system.yml."
        return fail("slack.group", f"{role}: there is no user group @{handle}", hint)
    if not members[handle]:
        return fail("slack.group", f"{role}: nobody is in @{handle}", "Add people to it in Slack.")
    return ok("slack.group", f"{role}: @{handle} has {len(members[handle])}")


async def _person(client: AsyncWebClient, role: str, user: str) -> Verdict:
    answer = await _ask(client.users_info(user=user))
    if isinstance(answer, Refusal) and answer.code != "user_not_found":
        return answer.verdict("slack.person", f"{role}: {user} cannot be looked up")
    if isinstance(answer, Refusal) or answer["user"].get("deleted"):
        return fail("slack.person", f"{role}: nobody here has the id {user}", "Correct the role in system.yml.")
    return ok("slack.person", f"{role}: {user} is here")


async def _ask(question: Awaitable[Any]) -> Any | Refusal:
    try:
        return await question
    except SlackApiError as error:
        response = error.response
        is_answer = isinstance(response.data, dict)
        return Refusal(str(response.get("error")), response.get("needed") or "") if is_answer else Refusal("http_error")
    except (SlackClientError, ClientError, OSError, TimeoutError) as error:
        return Refusal(type(error).__name__, was_reached=False)
