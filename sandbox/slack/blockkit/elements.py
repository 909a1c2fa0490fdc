"""Every element that a block can hold, one row each."""

from . import limits
from .parts import (
    ACTION_ID,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_CONFIG,
    IMAGE_ELEMENT,
    MARKED_OPTION,
    MENU_OPTION,
    OPTION_GROUP,
    OVERFLOW_OPTION,
    STYLE,
    URL,
    WORKFLOW,
    plain,
)
from .rules import Rule, anything, exactly_one, flag, items, one_of, shape, string, together, whole

_PLACEHOLDER = plain(limits.PLACEHOLDER)
_INTERACTIVE: dict[str, Rule] = {"action_id": ACTION_ID, "confirm": CONFIRM}
_MENU: dict[str, Rule] = {**_INTERACTIVE, "placeholder": _PLACEHOLDER, "focus_on_load": flag}
_MANY: dict[str, Rule] = {**_MENU, "max_selected_items": whole(1, 100)}
_TYPED: dict[str, Rule] = {
    "action_id": ACTION_ID,
    "placeholder": _PLACEHOLDER,
    "focus_on_load": flag,
    "dispatch_action_config": DISPATCH_CONFIG,
}
_LISTS: dict[str, Rule] = {
    "options": items(MENU_OPTION, most=limits.OPTIONS),
    "option_groups": items(OPTION_GROUP, most=limits.OPTIONS),
}
_LENGTHS: dict[str, Rule] = {
    "min_length": whole(0, limits.INPUT_LENGTH),
    "max_length": whole(1, limits.INPUT_LENGTH),
}
_ONE_LIST = exactly_one("options", "option_groups")
_FEW = items(MARKED_OPTION, most=limits.FEW_OPTIONS)
_IDS = items(string())
_FEEDBACK = shape(
    {"text": plain(limits.BUTTON_TEXT), "value": string(limits.BUTTON_VALUE)},
    {"accessibility_label": string(limits.ACCESSIBILITY_LABEL)},
)

_BUTTON = shape(
    {"text": plain(limits.BUTTON_TEXT)},
    {
        **_INTERACTIVE,
        "value": string(limits.BUTTON_VALUE),
        "url": URL,
        "style": STYLE,
        "accessibility_label": string(limits.ACCESSIBILITY_LABEL),
        "agent_prompt": string(limits.AGENT_PROMPT),
    },
)

_ICON_BUTTON = shape(
    {"icon": one_of("trash"), "text": plain(limits.BUTTON_TEXT)},
    {
        **_INTERACTIVE,
        "value": string(limits.BUTTON_VALUE),
        "accessibility_label": string(limits.ACCESSIBILITY_LABEL),
        "visible_to_user_ids": _IDS,
    },
)

_CONVERSATIONS: dict[str, Rule] = {"default_to_current_conversation": flag, "filter": CONVERSATION_FILTER}

ELEMENTS: dict[str, Rule] = {
    "button": _BUTTON,
    "icon_button": _ICON_BUTTON,
    "feedback_buttons": shape({"positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": ACTION_ID}),
    "workflow_button": shape(
        {"text": plain(limits.BUTTON_TEXT), "workflow": WORKFLOW},
        {"action_id": ACTION_ID, "style": STYLE, "accessibility_label": string(limits.ACCESSIBILITY_LABEL)},
    ),
    "image": IMAGE_ELEMENT,
    "overflow": shape({"options": items(OVERFLOW_OPTION, most=limits.OVERFLOW_OPTIONS)}, _INTERACTIVE),
    "static_select": together(shape({}, {**_MENU, **_LISTS, "initial_option": MENU_OPTION}), _ONE_LIST),
    "multi_static_select": together(
        shape({}, {**_MANY, **_LISTS, "initial_options": items(MENU_OPTION, most=limits.OPTIONS)}), _ONE_LIST
    ),
    "external_select": shape({}, {**_MENU, "min_query_length": whole(0, 150), "initial_option": MENU_OPTION}),
    "multi_external_select": shape(
        {}, {**_MANY, "min_query_length": whole(0, 150), "initial_options": items(MENU_OPTION, most=limits.OPTIONS)}
    ),
    "users_select": shape({}, {**_MENU, "initial_user": string()}),
    "multi_users_select": shape({}, {**_MANY, "initial_users": _IDS}),
    "channels_select": shape({}, {**_MENU, "initial_channel": string(), "response_url_enabled": flag}),
    "multi_channels_select": shape({}, {**_MANY, "initial_channels": _IDS}),
    "conversations_select": shape(
        {}, {**_MENU, **_CONVERSATIONS, "initial_conversation": string(), "response_url_enabled": flag}
    ),
    "multi_conversations_select": shape({}, {**_MANY, **_CONVERSATIONS, "initial_conversations": _IDS}),
    "checkboxes": shape({"options": _FEW}, {**_INTERACTIVE, "initial_options": _FEW, "focus_on_load": flag}),
    "radio_buttons": shape({"options": _FEW}, {**_INTERACTIVE, "initial_option": MARKED_OPTION, "focus_on_load": flag}),
    "datepicker": shape({}, {**_MENU, "initial_date": string(10, 10)}),
    "timepicker": shape({}, {**_MENU, "initial_time": string(5, 5), "timezone": string()}),
    "datetimepicker": shape(
        {}, {**_INTERACTIVE, "focus_on_load": flag, "initial_date_time": whole(1_000_000_000, 9_999_999_999)}
    ),
    "plain_text_input": shape(
        {}, {**_TYPED, **_LENGTHS, "multiline": flag, "initial_value": string(limits.INPUT_LENGTH, 0)}
    ),
    "email_text_input": shape({}, {**_TYPED, "initial_value": string(shortest=0)}),
    "url_text_input": shape({}, {**_TYPED, "initial_value": string(shortest=0)}),
    "number_input": shape(
        {"is_decimal_allowed": flag},
        {**_TYPED, "initial_value": string(), "min_value": string(), "max_value": string()},
    ),
    "rich_text_input": shape(
        {}, {**_TYPED, "initial_value": anything, "min_lines": whole(1, 100), "max_lines": whole(1, 100)}
    ),
    "file_input": shape({}, {"action_id": ACTION_ID, "filetypes": _IDS, "max_files": whole(1, 10)}),
}

SELECTS = frozenset(
    {"static_select", "external_select", "users_select", "channels_select", "conversations_select"},
)
MULTI_SELECTS = frozenset(f"multi_{name}" for name in SELECTS)
PICKERS = frozenset({"datepicker", "timepicker", "datetimepicker"})
CHOICES = frozenset({"checkboxes", "radio_buttons"})

IN_ACTIONS = SELECTS | PICKERS | CHOICES | {"button", "overflow", "workflow_button"}
IN_ACCESSORY = IN_ACTIONS | MULTI_SELECTS | {"image"}
IN_INPUT = (SELECTS | MULTI_SELECTS | PICKERS | CHOICES) | {
    "plain_text_input",
    "email_text_input",
    "url_text_input",
    "number_input",
    "rich_text_input",
    "file_input",
}
