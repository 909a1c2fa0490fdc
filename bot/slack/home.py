"""Events from Slack: the App Home with the open incidents, and people who change their language."""

import re
from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.flows import incidents
from bot.slack.blocks import incident
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Desk, private


def register_events(app: AsyncApp, desk: Desk) -> None:
    """Bind the events of the manifest; any other is taken note of and ignored."""

    async def home_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            await _publish(desk, event["user"])

    async def user_changed(event: dict[str, Any]) -> None:
        if locale := event["user"].get("locale"):
            desk.people.learn(event["user"]["id"], locale)

    async def ignore() -> None:
        return

    app.event("app_home_opened")(home_opened)
    app.event("user_change")(user_changed)
    app.event(re.compile(".*"))(ignore)


async def _publish(desk: Desk, user: str) -> None:
    voice = desk.voice(user)
    try:
        message = incident.listing(await guarded(lambda: incidents.open_list(desk.ports), desk.system), voice)
    except Outcome as outcome:
        message = private(outcome.text, voice)
    with suppress(Outcome):  # nobody is waiting for an answer, and the boundary has logged it
        await guarded(lambda: desk.chat.publish_home(user, list(message.blocks)), desk.system)
