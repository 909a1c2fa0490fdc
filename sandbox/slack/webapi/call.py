"""One Web API call on its way to a handler."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..conversations import Channel
from ..emulator import Emulator
from ..refusal import SlackRefusal
from ..workspace import User
from .arguments import Arguments

Answer = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """The arguments and the emulator; lookups refuse in Slack's words."""

    emulator: Emulator
    args: Arguments

    @property
    def bot_user(self) -> str:
        return self.emulator.app.bot_user_id

    def channel(self, name: str = "channel", error: str = "channel_not_found") -> Channel:
        """The channel by id; a private one without the bot does not exist for it."""
        return self.seen(self.args.text(name), error)

    def seen(self, channel_id: str, error: str = "channel_not_found") -> Channel:
        channel = self.emulator.workspace.channels.get(channel_id)
        if channel is None or (channel.kind != "channels" and self.bot_user not in channel.members):
            raise SlackRefusal(error)
        return channel

    def joined_channel(self, name: str = "channel") -> Channel:
        channel = self.channel(name)
        if self.bot_user not in channel.members:
            raise SlackRefusal("not_in_channel")
        return channel

    def person(self, name: str = "user", error: str = "user_not_found") -> User:
        user = self.emulator.workspace.users.get(self.args.text(name))
        if user is None:
            raise SlackRefusal(error)
        return user


Handler = Callable[[Call], Answer]
