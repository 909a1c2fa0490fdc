"""A report in the restricted channel: what its reader alone sees in full comes right after the verdict."""

from collections.abc import Iterator
from typing import Final

from bot.core.text import say
from bot.flows.restricted import Detail, Disclosed
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block, Message
from bot.slack.blocks.report import report
from bot.slack.voice import Voice, escape

HEAD: Final = 2  # blocks: the verdict and what was counted
BLOCKS: Final = 6  # a report leaves room for one more than these
CHARACTERS: Final = parts.SECTION_LIMIT - 10


def disclosed(value: Disclosed, voice: Voice) -> Message:
    """The report with the details; its text, which notifications show, stays the verdict."""
    whole = report(value.report, voice)
    blocks = [block for detail in value.details for block in _detail(detail, voice)]
    if len(blocks) > BLOCKS:
        more = voice(say("… more than one message holds: ask for one check at a time"))
        blocks = [*blocks[:BLOCKS], parts.context(more)]
    return parts.message(whole.text, [*whole.blocks[:HEAD], *blocks, *whole.blocks[HEAD:]])


def _detail(detail: Detail, voice: Voice) -> Iterator[Block]:
    if detail.refusal is not None:
        yield parts.section(voice(say("🔒 *{what}*, in full: {reason}", what=detail.title, reason=detail.refusal)))
        return
    yield parts.section(
        voice(say("🔒 *{what}*, in full: only you see this, and it is kept nowhere.", what=detail.title))
    )
    batch = ""
    for line in detail.lines or ("—",):
        shown = parts.clip(escape(line).replace("`", "´"), CHARACTERS)
        if batch and len(batch) + len(shown) >= CHARACTERS:
            yield parts.section(f"```{batch}```")
            batch = ""
        batch = f"{batch}\n{shown}" if batch else shown
    yield parts.section(f"```{batch}```")
