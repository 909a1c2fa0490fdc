"""A watch in Slack: a headline with the latest finding and a way to stop it, a reply for each change."""

from bot.core import watch
from bot.core.events import Recorded
from bot.core.redaction import spoken
from bot.core.text import Person, Text, say
from bot.core.watch import Watch
from bot.slack.blocks import parts
from bot.slack.blocks.incident import LEVEL_SIGNS
from bot.slack.blocks.parts import Message
from bot.slack.voice import Voice, escape


def headline(state: Watch, voice: Voice) -> Message:
    """The one message that is edited as the watch goes on."""
    sign = LEVEL_SIGNS[state.level] if state.level else "👀"
    title = f"{sign} *{state.number} · {voice(state.begun.title)}*{escape(spoken(state.begun.given))}"
    blocks = [parts.section(title), parts.context(voice(_standing(state)))]
    if state.summary is not None:
        blocks.insert(1, parts.section(voice(state.summary)))
    if state.is_open:
        stop = parts.button(voice.plain(say("Stop watching")), "watch:stop", state.number)
        blocks.append(parts.actions([stop]))
    return parts.message(f"{title} {voice(state.summary) if state.summary else ''}", blocks)


def _standing(state: Watch) -> Text:
    who = Person(state.by)
    incident = f" ({state.begun.incident})" if state.begun.incident else ""
    if state.is_open:
        return say("watched for {who}{incident} until {when}", who=who, incident=incident, when=state.begun.until)
    if state.stopped_by:
        return say("stopped by {who}, {when}", who=Person(state.stopped_by), when=state.ended_at or state.at)
    return say("watched for {who}{incident}; ended {when}", who=who, incident=incident, when=state.ended_at or state.at)


def reply(event: Recorded, after: Watch, voice: Voice) -> Message:
    """One event as one reply in the thread."""
    words = voice(_told(event, after))
    return parts.message(words, [parts.section(words)])


def _told(event: Recorded, after: Watch) -> Text:
    match event.fact:
        case watch.Seen(level, summary):
            return say("{sign} {when}: {summary}", sign=LEVEL_SIGNS[level], when=event.at, summary=summary)
        case watch.Ended(stopped=True):
            return say("⏹️ {who} stopped the watch.", who=Person(event.by.user))
        case watch.Ended(summary=Text() as last) if after.first:
            return say("⏹️ The watch has ended. At first: {first}. At last: {last}.", first=after.first, last=last)
        case _:
            return say("⏹️ The watch has ended.")
