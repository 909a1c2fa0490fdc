"""A freeze in Slack: loud while it is on."""

from bot.core import freeze
from bot.core.events import Recorded
from bot.core.freeze import Freeze
from bot.core.text import Person, say
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Message
from bot.slack.voice import Voice, escape


def headline(state: Freeze, voice: Voice) -> Message:
    """The message that says that nothing may be changed, and why."""
    scope = state.system or voice(say("all systems"))
    if state.is_on:
        title = voice(say("🧊 *{number} · Changes are stopped*: {scope}", number=state.number, scope=scope))
    else:
        title = voice(say("✅ *{number} · Changes are allowed again*: {scope}", number=state.number, scope=scope))
    blocks = [parts.section(title), parts.section(parts.quoted(escape(state.words)))]
    blocks.append(parts.context(voice(say("stopped by {who}, {when}", who=Person(state.by), when=state.at))))
    if state.is_on:
        blocks.append(
            parts.actions([parts.button(voice.plain(say("Let changes through")), "freeze:lift", state.number)])
        )
    return parts.message(title, blocks)


def reply(event: Recorded, after: Freeze, voice: Voice) -> Message:
    """One event as one reply in the thread."""
    who = Person(event.by.user)
    lifted = isinstance(event.fact, freeze.Lifted)
    words = voice(
        say("✅ {who} lets changes through again.", who=who) if lifted else say("🧊 {who} stops changes.", who=who)
    )
    return parts.message(words, [parts.section(words)])
