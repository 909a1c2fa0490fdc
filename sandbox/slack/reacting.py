"""An emoji under a message, and the event that tells of it."""

from .conversations import Channel, Message
from .emulator import Emulator


def react(emulator: Emulator, channel: Channel, message: Message, user: str, name: str) -> bool:
    """Add the reaction; False when that person had it there already."""
    users = message.reactions.setdefault(name, [])
    if user in users:
        return False
    users.append(user)
    emulator.workspace.changes.note()
    if emulator.app.bot_user_id in channel.members:
        event = {
            "type": "reaction_added",
            "user": user,
            "item": {"type": "message", "channel": channel.id, "ts": message.ts},
            "reaction": name,
            "item_user": message.user,
            "event_ts": emulator.workspace.mint.ts(),
        }
        emulator.events.publish("reaction_added", event)
    return True
