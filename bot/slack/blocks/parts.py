"""The few blocks everything is made of. Limits: Block Kit reference, as Slack enforces them."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Block: TypeAlias = dict[str, Any]

SECTION_LIMIT = 3000
CONTEXT_LIMIT = 2000
BUTTON_LIMIT = 75
TITLE_LIMIT = 24
FALLBACK_LIMIT = 3900  # chat.update refuses more than 4,000
MESSAGE_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Message:
    """What is posted: blocks, and the text that notifications and screen readers use.

    A loud reply in a thread is shown in the channel as well.
    """

    text: str
    blocks: tuple[Block, ...]
    is_loud: bool = False


def message(text: str, blocks: Sequence[Block], *, is_loud: bool = False) -> Message:
    """A message within the limits; blocks beyond the fiftieth are dropped, which no caller should need."""
    return Message(clip(text, FALLBACK_LIMIT), tuple(blocks[:MESSAGE_BLOCKS]), is_loud)


def clip(words: str, limit: int) -> str:
    """Shorten without cutting an entity or a `<...>` token in half."""
    if len(words) <= limit:
        return words
    cut = words[: limit - 1]
    if cut.rfind("<") > cut.rfind(">"):
        cut = cut[: cut.rfind("<")]
    ampersand = cut.rfind("&")
    if ampersand >= 0 and ";" not in cut[ampersand:] and len(cut) - ampersand < 6:
        cut = cut[:ampersand]
    return f"{cut}…"


def mrkdwn(words: str, limit: int) -> Block:
    """A text object; `verbatim` keeps Slack from turning plain words into mentions and links."""
    return {"type": "mrkdwn", "text": clip(words, limit) or " ", "verbatim": True}


def plain(words: str, limit: int) -> Block:
    """A plain text object."""
    return {"type": "plain_text", "text": words if len(words) <= limit else f"{words[: limit - 1]}…", "emoji": True}


def section(words: str) -> Block:
    return {"type": "section", "text": mrkdwn(words, SECTION_LIMIT)}


def context(words: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(words, CONTEXT_LIMIT)]}


def divider() -> Block:
    return {"type": "divider"}


def button(label: str, action: str, value: str, style: str = "") -> Block:
    """A button; `value` is an id, never data."""
    element: Block = {"type": "button", "text": plain(label, BUTTON_LIMIT), "action_id": action, "value": value}
    return {**element, "style": style} if style else element


def actions(buttons: Iterable[Block]) -> Block:
    """A row of buttons. Slack refuses two with one action id in a block: those after the first get a number."""
    seen: Counter[str] = Counter()
    elements = []
    for element in buttons:
        name = element["action_id"]
        seen[name] += 1
        elements.append(element if seen[name] == 1 else {**element, "action_id": f"{name}#{seen[name]}"})
    return {"type": "actions", "elements": elements}


def numbered(action: str) -> re.Pattern[str]:
    """The ids that the buttons of one action have in a row of several."""
    return re.compile(rf"^{re.escape(action)}(#\d+)?$")


def confirm(title: str, text: str, yes: str, no: str) -> Block:
    """A dialog between a click and its effect."""
    return {"title": plain(title, 100), "text": plain(text, 300), "confirm": plain(yes, 30), "deny": plain(no, 30)}


def lines(words: Iterable[str]) -> list[Block]:
    """Many lines in as few sections as hold them."""
    blocks: list[Block] = []
    batch = ""
    for line in words:
        line = clip(line, SECTION_LIMIT)
        if batch and len(batch) + len(line) + 1 > SECTION_LIMIT:
            blocks.append(section(batch))
            batch = ""
        batch = f"{batch}\n{line}" if batch else line
    return [*blocks, section(batch)] if batch else blocks


def quoted(words: str) -> str:
    """Already escaped words as a quotation."""
    return "\n".join(f"> {line}" for line in words.splitlines())


def modal(callback: str, title: str, blocks: Sequence[Block], **rest: Any) -> Block:
    """A modal view."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title, TITLE_LIMIT),
        "blocks": list(blocks),
        **rest,
    }


def text_input(block: str, label: str, **rest: Any) -> Block:
    """A text field whose block id and action id are the same word; `optional`, `hint` and element options by name."""
    optional, hint = rest.pop("optional", False), rest.pop("hint", "")
    initial = rest.pop("initial", "")
    element = {"type": "plain_text_input", "action_id": block, **rest}
    if initial:
        element["initial_value"] = initial
    field = {"type": "input", "block_id": block, "label": plain(label, 2000), "element": element, "optional": optional}
    return {**field, "hint": plain(hint, 2000)} if hint else field
