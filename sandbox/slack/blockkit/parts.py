"""The pieces that blocks and elements are made of: text objects, options, confirmations, images."""

from . import limits
from .rules import Rule, anything, by_type, exactly_one, flag, items, one_of, shape, string, together

STYLE = one_of("primary", "danger")
ACTION_ID = string(limits.ACTION_ID)
URL = string(limits.URL)


def plain(longest: int) -> Rule:
    """A plain_text object."""
    return by_type({"plain_text": shape({"text": string(longest)}, {"emoji": flag})})


def text(longest: int) -> Rule:
    """A text object of either kind."""
    return by_type(
        {
            "plain_text": shape({"text": string(longest)}, {"emoji": flag}),
            "mrkdwn": shape({"text": string(longest)}, {"verbatim": flag}),
        }
    )


CONFIRM = shape(
    {
        "title": plain(limits.CONFIRM_TITLE),
        "text": text(limits.CONFIRM_TEXT),
        "confirm": plain(limits.CONFIRM_BUTTON),
        "deny": plain(limits.CONFIRM_BUTTON),
    },
    {"style": STYLE},
)

SLACK_FILE = together(shape({}, {"id": string(), "url": URL}), exactly_one("id", "url"))
IMAGE_SOURCE = {"image_url": URL, "slack_file": SLACK_FILE}
IMAGE_ELEMENT = together(
    shape({"alt_text": string(limits.ALT_TEXT)}, IMAGE_SOURCE), exactly_one("image_url", "slack_file")
)

DISPATCH_CONFIG = shape(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), most=2)},
)

CONVERSATION_FILTER = shape(
    {},
    {
        "include": items(one_of("im", "mpim", "private", "public")),
        "exclude_bot_users": flag,
        "exclude_external_shared_channels": flag,
    },
)

WORKFLOW = shape({"trigger": anything})


def option(label: Rule) -> Rule:
    return shape(
        {"text": label, "value": string(limits.OPTION_VALUE)}, {"description": text(limits.OPTION_DESCRIPTION)}
    )


MENU_OPTION = option(plain(limits.OPTION_TEXT))
MARKED_OPTION = option(text(limits.OPTION_TEXT))
OVERFLOW_OPTION = shape(
    {"text": plain(limits.OPTION_TEXT)},
    {"value": string(limits.OPTION_VALUE), "description": plain(limits.OPTION_DESCRIPTION), "url": URL},
)
OPTION_GROUP = shape({"label": plain(limits.GROUP_LABEL), "options": items(MENU_OPTION, most=limits.OPTIONS)})
