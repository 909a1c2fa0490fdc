"""A person types into a select whose options come from the app."""

from dataclasses import dataclass
from typing import Any

from ..conversations import Blocks, Channel
from ..delivery.parcel import Parcel
from ..emulator import Emulator
from ..inputs import elements_of, leaf_blocks
from ..ledger import Delivery
from ..refusal import ControlRefusal
from ..viewing import view_object
from ..views import View
from ..workspace import User
from .modal import owner_of_view
from .payloads import channel_ref, interaction
from .presence import require_presence

MOST_OPTIONS = 100


@dataclass(frozen=True)
class Typing:
    """Into which select, and the words so far."""

    action_id: str
    value: str
    block_id: str | None = None


@dataclass(frozen=True)
class Offered:
    """What the client shows below the field; nothing when the app answered late or wrongly."""

    delivery: Delivery
    options: list[Any]


async def suggest_in_view(emulator: Emulator, user: User, view: View, typing: Typing) -> Offered:
    emulator = owner_of_view(emulator, view)
    about = {"container": {"type": "view", "view_id": view.id}, "view": view_object(emulator, view)}
    return await _ask(emulator, user, _select(view.blocks, typing) | about, typing)


async def suggest_in_message(emulator: Emulator, user: User, channel: Channel, ts: str, typing: Typing) -> Offered:
    require_presence(user, channel)
    message = channel.messages.get(ts)
    if message is None:
        raise ControlRefusal(f"there is no message {ts} in #{channel.name}", status=404)
    container = {"type": "message", "message_ts": ts, "channel_id": channel.id, "is_ephemeral": False}
    about = {"container": container, "channel": channel_ref(channel), "message": message.as_slack()}
    emulator = emulator.tenants.of_bot(message.bot_id) or emulator
    return await _ask(emulator, user, _select(message.blocks, typing) | about, typing)


async def _ask(emulator: Emulator, user: User, about: dict[str, Any], typing: Typing) -> Offered:
    payload = interaction(emulator, "block_suggestion", user) | {"value": typing.value} | about
    delivery = await emulator.courier.deliver(Parcel("block_suggestion", payload, user.id))
    options = _options(delivery)
    emulator.workspace.changes.note()
    return Offered(delivery, options)


def _options(delivery: Delivery) -> list[Any]:
    if delivery.error is not None:
        return []
    answer = delivery.ack if isinstance(delivery.ack, dict) else {}
    options = answer.get("options", answer.get("option_groups"))
    if not isinstance(options, list) or len(options) > MOST_OPTIONS:
        delivery.error = "invalid_options"
        return []
    return options


def _select(blocks: Blocks, typing: Typing) -> dict[str, Any]:
    for block in leaf_blocks(blocks):
        for element in elements_of(block):
            if element["action_id"] == typing.action_id and typing.block_id in (None, block["block_id"]):
                if not element["type"].endswith("external_select"):
                    raise ControlRefusal(f"{typing.action_id} is a {element['type']}: its options are its own")
                return {"action_id": typing.action_id, "block_id": block["block_id"]}
    raise ControlRefusal(f"there is no {typing.action_id!r} there", status=404)
