"""The Bolt app with all listeners bound, for HTTP and Socket Mode alike."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientError
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.core.errors import ConfigError
from bot.flows.answers import Handler
from bot.slack.buttons import register_clicks
from bot.slack.commands import register_commands
from bot.slack.desk import Desk
from bot.slack.home import register_events
from bot.slack.mentions import register_mentions
from bot.slack.reports import register_reports
from bot.slack.submissions import register_submissions


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the bot is in Slack."""

    team: str
    user: str
    bot: str
    scopes: tuple[str, ...]


async def identify(client: AsyncWebClient) -> Identity:
    """Ask Slack once who the token belongs to; raises ConfigError naming the variable."""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        raise ConfigError(f"SLACK_BOT_TOKEN: Slack says {error.response.get('error')}") from error
    except (SlackClientError, ClientError, OSError, TimeoutError) as error:
        raise ConfigError(f"Slack does not answer at {client.base_url}: {type(error).__name__}") from error
    scopes = answer.headers.get("x-oauth-scopes", "")
    names = tuple(scope.strip() for scope in scopes.split(",") if scope.strip())
    return Identity(answer["team_id"], answer["user_id"], answer.get("bot_id", ""), names)


def build_app(client: AsyncWebClient, identity: Identity, secret: str | None) -> AsyncApp:
    """An app that knows its own identity: Bolt by itself asks Slack again on each request until one succeeds."""
    result = AuthorizeResult(
        enterprise_id=None,
        team_id=identity.team,
        bot_token=client.token,
        bot_user_id=identity.user,
        bot_id=identity.bot,
    )

    async def authorize(**_: Any) -> AuthorizeResult:
        return result

    return AsyncApp(
        name="plantao",  # otherwise Bolt reads the sources of the whole call stack
        client=client,
        signing_secret=secret or "unused in Socket Mode",
        authorize=authorize,
        # The guard in front has verified the request already; in Socket Mode the socket is authenticated.
        request_verification_enabled=False,
        logger=_quiet_logger(),
    )


def _quiet_logger() -> logging.Logger:
    """Bolt warns about our own authorize function, and prints parts of payloads when nothing matches."""
    logger = logging.getLogger("slack_bolt.plantao")
    logger.setLevel(logging.ERROR)
    return logger


def register(app: AsyncApp, desk: Desk, commands: Mapping[str, Handler]) -> None:
    """Bind everything."""
    register_commands(app, desk, commands)
    register_reports(app, desk)
    register_clicks(app, desk)
    register_submissions(app, desk)
    register_mentions(app, desk, commands)
    register_events(app, desk)
