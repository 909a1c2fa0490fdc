"""Events from Slack, a literal table: the App Home with the open incidents, and people who change their language."""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeAlias

from slack_bolt.async_app import AsyncApp

from bot.flows import incidents
from bot.slack.blocks import incident
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Desk, private

Reaction: TypeAlias = Callable[[Desk, dict[str, Any]], Awaitable[None]]


async def home_opened(desk: Desk, event: dict[str, Any]) -> None:
    """Somebody looks at the bot: show the open incidents."""
    if event.get("tab") == "home":
        await _publish(desk, event["user"])


async def user_changed(desk: Desk, event: dict[str, Any]) -> None:
    """Somebody changed their profile, perhaps their language."""
    if locale := event["user"].get("locale"):
        desk.people.learn(event["user"]["id"], locale)


EVENTS: Mapping[str, Reaction] = {
    "app_home_opened": home_opened,
    "user_change": user_changed,
}


def register_events(app: AsyncApp, desk: Desk) -> None:
    """Bind every event of the table; any other is taken note of and ignored."""
    for name, reaction in EVENTS.items():
        app.event(name)(_event(desk, reaction))
    app.event(re.compile(".*"))(_ignore)


def _event(desk: Desk, reaction: Reaction) -> Callable[..., Awaitable[None]]:
    async def listener(event: dict[str, Any]) -> None:
        await reaction(desk, event)

    return listener


async def _ignore() -> None:
    return


async def _publish(desk: Desk, user: str) -> None:
    voice = desk.voice(user)
    try:
        message = incident.listing(
            await guarded(lambda: incidents.open_list(desk.ports), desk.ports.catalog.home), voice
        )
    except Outcome as outcome:
        message = private(outcome.text, voice)
    with suppress(Outcome):  # nobody is waiting for an answer, and the boundary has logged it
        await guarded(lambda: desk.chat.publish_home(user, list(message.blocks)), desk.ports.catalog.home)
