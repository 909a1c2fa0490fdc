"""Who is in a channel, what it is called, and the events when that changes."""

from typing import Any

from .conversations import Channel
from .emulator import Emulator


def join_channel(emulator: Emulator, channel: Channel, user: str, inviter: str | None = None) -> None:
    """Add a member; the apps in the channel hear of it."""
    if user in channel.members:
        return
    channel.members[user] = None
    emulator.workspace.changes.note()
    event = _membership(emulator, "member_joined_channel", channel, user)
    emulator.announce("member_joined_channel", event | ({"inviter": inviter} if inviter else {}), channel)


def leave_channel(emulator: Emulator, channel: Channel, user: str) -> None:
    """Take a member out; the app whose bot it was hears `channel_left` (or `group_left`) and then no more."""
    del channel.members[user]
    emulator.workspace.changes.note()
    event = _membership(emulator, "member_left_channel", channel, user)
    emulator.announce("member_left_channel", event, channel)
    kind = "group_left" if channel.is_private else "channel_left"
    for tenant in emulator.tenants:
        if tenant.app.bot_user_id == user:
            stamp = emulator.workspace.mint.ts()
            tenant.events.publish(kind, {"type": kind, "channel": channel.id, "actor_id": "", "event_ts": stamp})


def rename_channel(emulator: Emulator, channel: Channel, name: str) -> None:
    workspace = emulator.workspace
    del workspace.channel_ids[channel.name]
    channel.name = name
    workspace.channel_ids[name] = channel.id
    workspace.changes.note()
    about = {"id": channel.id, "is_channel": not channel.is_private, "is_mpim": False, "created": channel.created}
    _tell(emulator, "rename", channel, {"channel": {**about, "name": name, "name_normalized": name}})


def archive_channel(emulator: Emulator, channel: Channel, user: str, *, is_archived: bool) -> None:
    """Archive, or bring back."""
    channel.is_archived = is_archived
    emulator.workspace.changes.note()
    _tell(emulator, "archive" if is_archived else "unarchive", channel, {"channel": channel.id, "user": user})


def _tell(emulator: Emulator, what: str, channel: Channel, about: dict[str, Any]) -> None:
    kind = f"{'group' if channel.is_private else 'channel'}_{what}"
    emulator.announce(kind, {"type": kind, **about, "event_ts": emulator.workspace.mint.ts()}, channel)


def _membership(emulator: Emulator, kind: str, channel: Channel, user: str) -> dict[str, Any]:
    return {
        "type": kind,
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": emulator.workspace.team.id,
        "event_ts": emulator.workspace.mint.ts(),
    }
