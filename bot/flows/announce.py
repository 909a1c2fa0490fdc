"""Announcements: a sentence of the catalog, shown as it will stand in its channel or mail, sent once when confirmed."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bot.catalog.entries import Action
from bot.catalog.sentence import BY_MAIL, Sentence
from bot.catalog.system import System
from bot.core.errors import ChatError, TargetError
from bot.core.operation import Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, Words, say
from bot.flows.ports import Ports

PATIENCE: Final = 60.0  # seconds; news that comes later may no longer be true


async def preview(ports: Ports, action: Action, given: Mapping[str, Any]) -> Preview:
    """What would be said, and where; raises TargetError when the sentence needs an answer that was not given."""
    answers = {name: str(given.get(name) or ask.default) for name, ask in action.asks.items()}
    sentence = action.tells[answers["what"]]
    _require_answers(sentence, answers)
    system = ports.catalog.of(action.system)
    said = _words(system, sentence.says).format(**answers)
    if sentence.subject is not None:
        subject = _words(system, sentence.subject).format(**answers)
        letter = {"to": sentence.to.format(**answers), "subject": subject, "message": said}
        shown = await ports.targets.preview(_by_mail(action), letter)
        return replace(shown, arguments={**answers, **shown.arguments})
    return Preview(
        lines=(Line(say("channel"), "", f"#{sentence.channel}"), Line(say("message"), "", said)),
        state={},
        arguments={**answers, "channel": sentence.channel, "message": said},
    )


def _require_answers(sentence: Sentence, answers: Mapping[str, str]) -> None:
    if missing := sorted(name for name in sentence.names if not answers[name]):
        raise TargetError("this sentence needs {names}.", names=", ".join(missing))
    if odd := sorted(name for name in sentence.names if not answers[name].isprintable()):
        raise TargetError("{names} must be one line.", names=", ".join(odd))


def _words(system: System, words: Words) -> str:
    return words.pt if system.profile.language.startswith("pt") else words.en


def _by_mail(action: Action) -> Action:
    """The same action as a mail of its target."""
    return action.model_copy(update={"operation": BY_MAIL, "tells": {}, "asks": {}})


async def send(ports: Ports, number: str, action: Action, shown: Preview, progress: Progress) -> Text:
    """Send exactly what was shown; the run's number goes with a mail, so that it can be found."""
    if action.tells[shown.arguments["what"]].channel:
        return await _post(ports, action, shown)
    return await ports.targets.execute(_by_mail(action), {**shown.arguments, "reference": number}, shown, progress)


async def _post(ports: Ports, action: Action, shown: Preview) -> Text:
    """Post it; asked to wait it waits for a while, but what may have arrived is never sent again."""
    system, channel = ports.catalog.of(action.system), shown.arguments["channel"]
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE
    while True:
        try:
            await ports.teller.announce(system, channel, shown.arguments["message"])
            return say("posted in #{channel}", channel=channel)
        except ChatError as error:
            if not error.is_early:
                raise _refused(channel, error) from error
            pause = error.retry_after or 1.0
            if clock() + pause > until:
                raise TargetError(
                    "Slack takes nothing for #{channel} now. It was not posted.", channel=channel
                ) from error
            await asyncio.sleep(pause)


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
