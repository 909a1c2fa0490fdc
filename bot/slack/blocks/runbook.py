"""Runbooks in Slack: the list, and one document whose steps can be run or proposed where they stand."""

from typing import Final

from bot.catalog.runbook import Section
from bot.core.text import say
from bot.flows.runbooks import Opened, Shelf
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

MARKDOWN_LIMIT: Final = 12_000  # characters of all Markdown blocks of a message, as Slack counts them
BUTTONS: Final = 25


def shelf(value: Shelf, voice: Voice) -> Message:
    """What there is to read, by name."""
    title = voice(say("*Runbooks of {system}*", system=value.system.profile.name))
    rows = [f"`/runbook {name}` — {escape(one.title)}" for name, one in value.system.runbooks.items()]
    blocks = [parts.section(title), *parts.lines(rows or [voice(say("none"))])]
    if value.others:
        ids = ", ".join(f"`/runbook {other.id}`" for other in value.others)
        blocks.append(parts.context(voice(say("Other systems")) + f": {ids}"))
    return parts.message(title, blocks)


def opened(value: Opened, voice: Voice) -> Message:
    """The document as it was written; under its diagnosis and its resolution, buttons for what they name."""
    title = f"📖 *{escape(value.runbook.title)}*"
    blocks = [parts.section(title), parts.context(escape(value.system.profile.name))]
    room = MARKDOWN_LIMIT
    for section in value.runbook.sections:
        if not section.heading:
            blocks.append(parts.context(escape(section.text)))
            continue
        words = f"## {section.heading}\n{section.text}"
        blocks.append({"type": "markdown", "text": words[:room] or "…"})
        room = max(0, room - len(words))
        blocks += _buttons(value, section, voice)
    return parts.message(title, blocks)


def _buttons(value: Opened, section: Section, voice: Voice) -> list[Block]:
    """Actions are proposed here and never executed."""
    if section.purpose == "diagnosis" and value.runbook.diagnosis:
        run = parts.button(
            voice.plain(say("Run this diagnosis")),
            "runbook:diagnose",
            f"{value.system.id}:{value.runbook.name}:{value.number}",
        )
        return [parts.actions([run])]
    if section.purpose == "resolution" and value.actions:
        offered = [
            parts.button(
                voice.plain(say("Propose: {action}", action=action.title)),
                "run:propose",
                f"{value.system.id}:{action.name}:{value.number}",
            )
            for action in value.actions[:BUTTONS]
        ]
        return [parts.actions(offered)]
    return []
