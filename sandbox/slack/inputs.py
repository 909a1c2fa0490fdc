"""What a person can put into each kind of element, and how Slack tells of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .refusal import ControlRefusal
from .views import Values
from .workspace import Workspace

Element = dict[str, Any]
# Blocks made of blocks, and the field that holds them.
ROWS_OF_BLOCKS = (("container", "child_blocks"), ("carousel", "elements"))

Reader = Callable[[Element, Any, Workspace], Any]


@dataclass(frozen=True)
class InputKind:
    """The payload field of an element type, the field of its first value, and how a given value is read."""

    field: str
    initial: str
    read: Reader


def elements_of(block: dict[str, Any]) -> Iterator[Element]:
    """The elements of one block that have an action_id."""
    inside = [block.get("accessory"), block.get("element"), *block.get("elements", ()), *block.get("actions", ())]
    yield from (one for one in inside if isinstance(one, dict) and "action_id" in one)


def leaf_blocks(blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The blocks that hold elements themselves, also those inside containers and carousels."""
    for block in blocks:
        inside = dict(ROWS_OF_BLOCKS).get(block["type"])
        yield from leaf_blocks(block[inside]) if inside else (block,)


def state_values(blocks: list[dict[str, Any]], chosen: Values) -> Values:
    """`state.values` of a payload: what was chosen, else what the element started with."""
    values: Values = {}
    for block in leaf_blocks(blocks):
        for element in elements_of(block):
            kind = KINDS.get(element["type"])
            if kind is None or element["type"] == "overflow":
                continue
            started = {"type": element["type"], kind.field: _initial(element, kind)}
            now = chosen.get(block["block_id"], {}).get(element["action_id"], started)
            values.setdefault(block["block_id"], {})[element["action_id"]] = now
    return values


def read_value(element: Element, given: Any, workspace: Workspace) -> dict[str, Any]:
    """The state of the element after a person put `given` into it."""
    kind = KINDS.get(element["type"])
    if kind is None:
        raise ControlRefusal(f"a {element['type']} takes no value", status=400)
    value = None if given in (None, "", []) else kind.read(element, given, workspace)
    return {"type": element["type"], kind.field: value}


def is_filled(value: dict[str, Any]) -> bool:
    return any(part not in (None, "", []) for name, part in value.items() if name != "type")


def _initial(element: Element, kind: InputKind) -> Any:
    empty: Any = [] if kind.field in ("selected_options", "files") else None
    return element.get(kind.initial, empty)


def _text(element: Element, given: Any, workspace: Workspace) -> str:
    return str(given)


def _moment(element: Element, given: Any, workspace: Workspace) -> int:
    return int(given)


def _anything(element: Element, given: Any, workspace: Workspace) -> Any:
    return given


def _options(element: Element) -> list[dict[str, Any]]:
    grouped = [option for group in element.get("option_groups", ()) for option in group["options"]]
    return [*element.get("options", ()), *grouped]


def _option(element: Element, given: Any, workspace: Workspace) -> dict[str, Any]:
    """The option with that value; an external select has no list to check against."""
    if element["type"].endswith("external_select"):
        return dict(given) if isinstance(given, dict) else {"text": _plain(str(given)), "value": str(given)}
    for option in _options(element):
        if given == option.get("value"):
            return option
    known = ", ".join(str(option.get("value")) for option in _options(element))
    raise ControlRefusal(f"{element['action_id']} has no option {given!r}; the options are {known}", status=400)


def _many(read_one: Reader) -> Reader:
    def read(element: Element, given: Any, workspace: Workspace) -> list[Any]:
        return [read_one(element, one, workspace) for one in (given if isinstance(given, list) else [given])]

    return read


def _user(element: Element, given: Any, workspace: Workspace) -> str:
    return workspace.user(str(given)).id


def _channel(element: Element, given: Any, workspace: Workspace) -> str:
    return workspace.channel(str(given)).id


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


KINDS = {
    "plain_text_input": InputKind("value", "initial_value", _text),
    "email_text_input": InputKind("value", "initial_value", _text),
    "url_text_input": InputKind("value", "initial_value", _text),
    "number_input": InputKind("value", "initial_value", _text),
    "rich_text_input": InputKind("rich_text_value", "initial_value", _anything),
    "file_input": InputKind("files", "initial_files", _many(_anything)),
    "static_select": InputKind("selected_option", "initial_option", _option),
    "external_select": InputKind("selected_option", "initial_option", _option),
    "radio_buttons": InputKind("selected_option", "initial_option", _option),
    "overflow": InputKind("selected_option", "initial_option", _option),
    "checkboxes": InputKind("selected_options", "initial_options", _many(_option)),
    "multi_static_select": InputKind("selected_options", "initial_options", _many(_option)),
    "multi_external_select": InputKind("selected_options", "initial_options", _many(_option)),
    "users_select": InputKind("selected_user", "initial_user", _user),
    "multi_users_select": InputKind("selected_users", "initial_users", _many(_user)),
    "channels_select": InputKind("selected_channel", "initial_channel", _channel),
    "multi_channels_select": InputKind("selected_channels", "initial_channels", _many(_channel)),
    "conversations_select": InputKind("selected_conversation", "initial_conversation", _channel),
    "multi_conversations_select": InputKind("selected_conversations", "initial_conversations", _many(_channel)),
    "datepicker": InputKind("selected_date", "initial_date", _text),
    "timepicker": InputKind("selected_time", "initial_time", _text),
    "datetimepicker": InputKind("selected_date_time", "initial_date_time", _moment),
}
