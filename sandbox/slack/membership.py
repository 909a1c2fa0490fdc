"""Who is in a channel, and the event when somebody joins."""

from .conversations import Channel
from .emulator import Emulator


def join_channel(emulator: Emulator, channel: Channel, user: str, inviter: str | None = None) -> None:
    """Add a member; the app hears of it where the bot is a member too."""
    if user in channel.members:
        return
    channel.members[user] = None
    emulator.workspace.changes.note()
    if emulator.app.bot_user_id not in channel.members:
        return
    event = {
        "type": "member_joined_channel",
        "user": user,
        "channel": channel.id,
        "channel_type": "G" if channel.is_private else "C",
        "team": emulator.workspace.team.id,
        "event_ts": emulator.workspace.mint.ts(),
    }
    emulator.events.publish("member_joined_channel", event | ({"inviter": inviter} if inviter else {}))
