"""A report of an incident while it grows in the thread: what it says so far, and that it is not the end of it."""

from datetime import timedelta
from typing import Final

from bot.core.report import Report, lines_of
from bot.core.text import Person, say
from bot.slack.blocks import parts
from bot.slack.blocks.incident import finding_lines
from bot.slack.blocks.parts import Message
from bot.slack.voice import Voice

NAMED: Final = 8


def so_far(value: Report, who: str, voice: Voice) -> Message:
    """The unfinished report."""
    words = voice(
        say(
            "⏳ {who} began the diagnosis {what}, {when}. *So far* {done} of {count} checks:",
            who=Person(who),
            what=value.words,
            when=value.at - timedelta(seconds=value.took),
            done=len(value.findings),
            count=len(value.findings) + len(value.waiting),
        )
    )
    names = ", ".join(voice(title) for title in value.waiting[:NAMED])
    waiting = voice(say("still waiting for {count}", count=len(value.waiting))) + f": {names}"
    rows = parts.lines(finding_lines(lines_of(value.findings), voice))
    return parts.message(words, [parts.section(words), *rows, parts.context(waiting)])
