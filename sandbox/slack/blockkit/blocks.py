"""Every block, one row each."""

from . import limits
from .elements import ELEMENTS, IN_ACCESSORY, IN_ACTIONS, IN_INPUT
from .parts import IMAGE_ELEMENT, IMAGE_SOURCE, plain, text
from .rich_text import RICH_TEXT, RICH_TEXT_PARTS
from .rules import (
    Rule,
    anything,
    at_least_one,
    by_type,
    exactly_one,
    flag,
    items,
    one_of,
    or_null,
    shape,
    string,
    together,
    whole,
)

_BLOCK_ID: dict[str, Rule] = {"block_id": string(limits.BLOCK_ID)}


def _block(required: dict[str, Rule], optional: dict[str, Rule] | None = None) -> Rule:
    return shape(required, {**_BLOCK_ID, **(optional or {})})


_CONTEXT_PARTS: dict[str, Rule] = {
    "mrkdwn": text(limits.TEXT),
    "plain_text": text(limits.TEXT),
    "image": IMAGE_ELEMENT,
}

_CELL = by_type({"raw_text": shape({"text": string()}), "rich_text": RICH_TEXT})
_COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": flag})
_COLUMNS = items(or_null(_COLUMN), least=0, most=limits.TABLE_CELLS)

_CARD = together(
    _block(
        {},
        {
            "hero_image": IMAGE_ELEMENT,
            "icon": IMAGE_ELEMENT,
            "title": text(limits.CARD_TITLE),
            "subtitle": text(limits.CARD_TITLE),
            "body": text(limits.CARD_BODY),
            "actions": items(by_type(ELEMENTS, {"button"}), most=limits.CARD_ACTIONS),
        },
    ),
    at_least_one("hero_image", "title", "actions", "body"),
)

_TASK_CARD = _block(
    {"task_id": string(), "title": string()},
    {
        "details": RICH_TEXT,
        "output": RICH_TEXT,
        "sources": items(by_type({"url": shape({"url": string(limits.URL), "text": string()})})),
        "status": one_of("pending", "in_progress", "complete", "error"),
    },
)

_LEAVES: dict[str, Rule] = {
    "section": together(
        _block(
            {},
            {
                "text": text(limits.TEXT),
                "fields": items(text(limits.FIELD_TEXT), most=limits.FIELDS),
                "accessory": by_type(ELEMENTS, IN_ACCESSORY),
                "expand": flag,
            },
        ),
        at_least_one("text", "fields"),
    ),
    "header": _block({"text": plain(limits.HEADER)}, {"level": whole(1, limits.HEADER_LEVELS)}),
    "divider": _block({}),
    "context": _block({"elements": items(by_type(_CONTEXT_PARTS), most=limits.CONTEXT)}),
    "actions": _block({"elements": items(by_type(ELEMENTS, IN_ACTIONS), most=limits.ACTIONS)}),
    "context_actions": _block(
        {"elements": items(by_type(ELEMENTS, {"feedback_buttons", "icon_button"}), most=limits.CONTEXT_ACTIONS)}
    ),
    "input": _block(
        {"label": plain(limits.LABEL), "element": by_type(ELEMENTS, IN_INPUT)},
        {"hint": plain(limits.HINT), "optional": flag, "dispatch_action": flag},
    ),
    "image": together(
        _block({"alt_text": string(limits.ALT_TEXT)}, {**IMAGE_SOURCE, "title": plain(limits.IMAGE_TITLE)}),
        exactly_one("image_url", "slack_file"),
    ),
    "rich_text": _block({"elements": RICH_TEXT_PARTS}),
    "markdown": _block({"text": string(limits.MARKDOWN)}),
    "table": _block(
        {"rows": items(items(_CELL, most=limits.TABLE_CELLS), most=limits.TABLE_ROWS)}, {"column_settings": _COLUMNS}
    ),
    "data_table": _block(
        {
            "caption": string(),
            "rows": items(items(_CELL, most=limits.TABLE_CELLS), least=2, most=limits.DATA_TABLE_ROWS),
        },
        {"page_size": whole(1, 100), "row_header_column_index": anything, "column_settings": _COLUMNS},
    ),
    # Of charts only the frame is checked: the inside is too new to have a second source.
    "data_visualization": _block({"title": string(limits.CHART_TITLE), "chart": anything}),
    "alert": _block({"text": text(limits.TEXT)}, {"level": one_of("default", "info", "warning", "error", "success")}),
    "card": _CARD,
    "carousel": _block({"elements": items(by_type({"card": _CARD}), most=limits.CAROUSEL_CARDS)}),
    "task_card": _TASK_CARD,
    "plan": _block({"title": string()}, {"tasks": items(by_type({"task_card": _TASK_CARD}))}),
}

_IN_CONTAINER = frozenset(
    {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table"},
)

BLOCKS: dict[str, Rule] = {
    **_LEAVES,
    "container": _block(
        {"child_blocks": items(by_type(_LEAVES, _IN_CONTAINER), most=limits.CONTAINER_CHILDREN)},
        {
            "title": plain(limits.CARD_TITLE),
            "rich_text_title": RICH_TEXT,
            "subtitle": text(limits.CARD_TITLE),
            "width": one_of("narrow", "standard", "wide", "full"),
            "icon": anything,
            "is_collapsible": flag,
            "default_collapsed": flag,
            "has_header_divider": flag,
        },
    ),
}

# `file` is read only and `video` needs scopes for embedding that a bot like this never has: both are refused.
IN_MODALS = frozenset(BLOCKS) - {
    "table",
    "data_table",
    "data_visualization",
    "markdown",
    "context_actions",
    "plan",
    "task_card",
    "container",
}
IN_HOMES = IN_MODALS | {"container", "data_visualization"}
# `alert` on messages is accepted by the SDK and refused by the one schema that tells surfaces: refused here.
IN_MESSAGES = frozenset(BLOCKS) - {"alert"}
