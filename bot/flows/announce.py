"""Announcements: a sentence of the catalog, shown as it will stand in its channel, posted once when it is confirmed."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core.errors import ChatError, TargetError
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.flows.ports import Ports


def preview(system: System, action: Action, given: Mapping[str, Any]) -> Preview:
    """What would be said, and where; raises TargetError when the sentence needs an answer that was not given."""
    answers = {name: str(given.get(name) or ask.default) for name, ask in action.asks.items()}
    sentence = action.tells[answers["what"]]
    if missing := sorted(name for name in sentence.names if not answers[name]):
        raise TargetError("this sentence needs {names}.", names=", ".join(missing))
    words = sentence.says.pt if system.profile.language.startswith("pt") else sentence.says.en
    said = words.format(**answers)
    return Preview(
        lines=(Line(say("channel"), "", f"#{sentence.channel}"), Line(say("message"), "", said)),
        state={},
        arguments={**answers, "channel": sentence.channel, "message": said},
    )


async def post(ports: Ports, action: Action, shown: Preview) -> Text:
    """Post exactly what was shown; asked to wait it waits, but what may have arrived is never sent again."""
    system, channel = ports.catalog.of(action.system), shown.arguments["channel"]
    while True:
        try:
            await ports.teller.announce(system, channel, shown.arguments["message"])
            return say("posted in #{channel}", channel=channel)
        except ChatError as error:
            if not error.is_early:
                raise _refused(channel, error) from error
            await asyncio.sleep(error.retry_after or 1.0)


def _refused(channel: str, error: ChatError) -> TargetError:
    if error.retry_after is None:
        return TargetError(
            "Slack does not take it for #{channel} (`{code}`). Is there such a channel, and is the bot in it?",
            channel=channel,
            code=error.code,
        )
    return TargetError(
        "Slack did not answer; whether it stands in #{channel} is not known. Look there before it is said again.",
        channel=channel,
    )
