"""Who can act where."""

from ..conversations import Channel
from ..refusal import ControlRefusal
from ..workspace import User


def require_presence(user: User, channel: Channel) -> None:
    """People act only in channels they are in, and not in archived ones."""
    if user.id not in channel.members:
        raise ControlRefusal(f"{user.name} is not in #{channel.name} and cannot do that there", status=403)
    if channel.is_archived:
        raise ControlRefusal(f"#{channel.name} is archived")
