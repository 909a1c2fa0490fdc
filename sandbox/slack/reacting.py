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
    _tell(emulator, "reaction_added", channel, message, {"user": user, "reaction": name})
    return True


def unreact(emulator: Emulator, channel: Channel, message: Message, user: str, name: str) -> bool:
    """Take the reaction back; False when that person had none there."""
    users = message.reactions.get(name, [])
    if user not in users:
        return False
    users.remove(user)
    if not users:
        del message.reactions[name]
    emulator.workspace.changes.note()
    _tell(emulator, "reaction_removed", channel, message, {"user": user, "reaction": name})
    return True


def _tell(emulator: Emulator, kind: str, channel: Channel, message: Message, what: dict[str, str]) -> None:
    event = {
        "type": kind,
        **what,
        "item": {"type": "message", "channel": channel.id, "ts": message.ts},
        "item_user": message.user,
        "event_ts": emulator.workspace.mint.ts(),
    }
    emulator.announce(kind, event, channel)
