"""Rich text: typed nodes instead of markup."""

from .parts import URL
from .rules import Rule, by_type, flag, items, one_of, shape, string, whole

_MARKS = ("bold", "italic", "strike", "code", "highlight", "client_highlight", "unlink", "underline")
_STYLE = shape({}, dict.fromkeys(_MARKS, flag))
_STYLED: dict[str, Rule] = {"style": _STYLE}

_INLINE: dict[str, Rule] = {
    "text": shape({"text": string()}, _STYLED),
    "link": shape({"url": URL}, {"text": string(), "unsafe": flag, **_STYLED}),
    "emoji": shape({"name": string()}, {"unicode": string(), "skin_tone": whole(2, 6), **_STYLED}),
    "user": shape({"user_id": string()}, _STYLED),
    "usergroup": shape({"usergroup_id": string()}, _STYLED),
    "channel": shape({"channel_id": string()}, _STYLED),
    "team": shape({"team_id": string()}, _STYLED),
    "broadcast": shape({"range": one_of("here", "channel", "everyone")}, _STYLED),
    "date": shape(
        {"timestamp": whole(0, 9_999_999_999), "format": string()}, {"url": URL, "fallback": string(), **_STYLED}
    ),
    "color": shape({"value": string()}, _STYLED),
}

_LINE = items(by_type(_INLINE), least=0)
_BORDER = whole(0, 1)
_SECTION = shape({"elements": _LINE})

_PARTS: dict[str, Rule] = {
    "rich_text_section": _SECTION,
    "rich_text_quote": shape({"elements": _LINE}, {"border": _BORDER}),
    "rich_text_preformatted": shape({"elements": _LINE}, {"border": _BORDER, "language": string()}),
    "rich_text_list": shape(
        {"elements": items(by_type({"rich_text_section": _SECTION})), "style": one_of("bullet", "ordered")},
        {"indent": whole(0, 8), "offset": whole(0, 1_000_000), "border": _BORDER},
    ),
}

RICH_TEXT_PARTS = items(by_type(_PARTS))
RICH_TEXT = by_type({"rich_text": shape({"elements": RICH_TEXT_PARTS}, {"block_id": string(255)})})
