"""A person presses a button or chooses from a menu."""

from dataclasses import dataclass, field
from typing import Any

from ..conversations import Blocks, Channel, Message
from ..delivery.parcel import Parcel
from ..emulator import Emulator
from ..inputs import elements_of, leaf_blocks, read_value, state_values
from ..ledger import Delivery
from ..refusal import ControlRefusal
from ..response_urls import ReplyTarget
from ..viewing import view_object
from ..views import Values, View
from ..workspace import User
from .entering import enter
from .modal import owner_of_view
from .outcome import show_failure
from .payloads import channel_ref, interaction
from .presence import require_presence


@dataclass(frozen=True)
class Press:
    """Which element, what goes into it, whether an old version on the screen will do, what else was entered."""

    action_id: str
    block_id: str | None = None
    value: Any = None
    is_stale: bool = False
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    block: dict[str, Any]
    element: dict[str, Any]


async def click_in_message(emulator: Emulator, user: User, channel: Channel, ts: str, press: Press) -> Delivery:
    """Press something in a message, or in an ephemeral of one's own."""
    own = emulator.workspace.ephemerals.get(user.id, {}).get(ts)
    if own is None or own.channel != channel.id:
        require_presence(user, channel)
    message = own.message if own is not None else _visible(channel, user, ts)
    emulator = emulator.tenants.of_bot(message.bot_id) or emulator
    found = _find_in_versions(message, press)
    chosen = message.chosen.setdefault(user.id, {})
    enter(message.blocks, chosen, press.values, emulator.workspace)
    payload = interaction(emulator, "block_actions", user) | {
        "container": _message_container(message, channel, is_ephemeral=own is not None),
        "channel": channel_ref(channel),
        "actions": [_action(emulator, found, press, chosen)],
        "state": {"values": state_values(message.blocks, chosen)},
        "trigger_id": emulator.triggers.issue(user.id),
    }
    if own is None:
        payload["message"] = message.as_slack()
    target = ReplyTarget(user.id, channel.id, "message" if own is None else "ephemeral", ts)
    payload["response_url"] = emulator.response_urls.issue(target)
    return await _deliver(emulator, user, payload)


async def click_in_view(emulator: Emulator, user: User, view: View, press: Press) -> Delivery:
    """Press something in a modal or Home tab; inputs only speak when they have dispatch_action."""
    found = _find(view.blocks, press)
    if found is None:
        raise _absent("this view", view.blocks, press)
    if found.block["type"] == "input" and not found.block.get("dispatch_action"):
        raise ControlRefusal(f"{press.action_id} is an input without dispatch_action: submit the view instead")
    emulator = owner_of_view(emulator, view)
    enter(view.blocks, view.chosen, press.values, emulator.workspace)
    payload = interaction(emulator, "block_actions", user) | {
        "container": {"type": "view", "view_id": view.id},
        "actions": [_action(emulator, found, press, view.chosen)],
        "trigger_id": emulator.triggers.issue(user.id, view.id if view.is_modal else None),
        "view": view_object(emulator, view),
    }
    return await _deliver(emulator, user, payload)


async def _deliver(emulator: Emulator, user: User, payload: dict[str, Any]) -> Delivery:
    delivery = await emulator.courier.deliver(Parcel("action", payload, user.id))
    show_failure(emulator, user, payload["actions"][0]["action_id"], delivery)
    emulator.workspace.changes.note()
    return delivery


def _visible(channel: Channel, user: User, ts: str) -> Message:
    message = channel.messages.get(ts)
    if message is None:
        raise ControlRefusal(f"{user.name} sees no message {ts} in #{channel.name}", status=404)
    return message


def _find_in_versions(message: Message, press: Press) -> Found:
    versions = [message.blocks, *(reversed(message.past_blocks) if press.is_stale else ())]
    for blocks in versions:
        found = _find(blocks, press)
        if found is not None:
            return found
    raise _absent("the message", message.blocks, press)


def _find(blocks: Blocks, press: Press) -> Found | None:
    """The element with that action_id; a button's value chooses among several."""
    for block in leaf_blocks(blocks):
        for element in elements_of(block):
            is_other_button = element["type"] == "button" and press.value not in (None, element.get("value"))
            is_other_block = press.block_id not in (None, block["block_id"])
            if element["action_id"] == press.action_id and not is_other_button and not is_other_block:
                return Found(block, element)
    return None


def _absent(place: str, blocks: Blocks, press: Press) -> ControlRefusal:
    known = [element["action_id"] for block in leaf_blocks(blocks) for element in elements_of(block)]
    offer = f"it has {', '.join(known)}" if known else "it has no elements to press"
    return ControlRefusal(f"there is no {press.action_id!r} in {place} now; {offer}")


def _action(emulator: Emulator, found: Found, press: Press, chosen: Values) -> dict[str, Any]:
    """The entry of `actions`; what was chosen is remembered for `state`."""
    element, block_id = found.element, found.block["block_id"]
    about = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": emulator.workspace.mint.ts(),
    }
    shown = ("text", "value", "style", "url", "placeholder", "confirm")
    if element["type"] in ("button", "workflow_button", "icon_button"):
        return about | {name: element[name] for name in shown if name in element}
    value = read_value(element, press.value, emulator.workspace)
    if element["type"] != "overflow":
        chosen.setdefault(block_id, {})[element["action_id"]] = value
    return about | value


def _message_container(message: Message, channel: Channel, *, is_ephemeral: bool) -> dict[str, Any]:
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": is_ephemeral,
    }
    return container | ({"thread_ts": message.thread_ts} if message.thread_ts else {})
