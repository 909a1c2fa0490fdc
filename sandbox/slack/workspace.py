"""The state of the workspace: people, groups, channels, ephemerals, views, files."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .changes import Changes
from .clock import Clock
from .conversations import Channel, Ephemeral, Message
from .ids import Mint
from .notify import Notified
from .refusal import ControlRefusal
from .roster import Roster, Team
from .views import Views

EPHEMERALS_KEPT = 500
NOTES_KEPT = 2_000


@dataclass(frozen=True)
class User:
    """A person, or the bot."""

    id: str
    name: str
    real_name: str
    locale: str
    tz: str
    title: str = ""
    email: str = ""
    is_bot: bool = False


@dataclass
class UserGroup:
    """People who can be mentioned together; `users` are their names."""

    id: str
    handle: str
    name: str
    users: list[str]
    description: str = ""
    updated: int = 0


@dataclass
class Canvas:
    """A document: its sections in order, each a piece of Markdown under an id."""

    id: str
    title: str
    owner: str
    sections: dict[str, str] = field(default_factory=dict)
    channel: str = ""


@dataclass
class Upload:
    """A file on its way: announced, then sent, then shared."""

    id: str
    name: str
    length: int
    content: bytes | None = None
    title: str = ""


@dataclass
class Workspace:
    """Everything that people can see, with lookups that do not walk lists."""

    team: Team
    mint: Mint
    changes: Changes
    users: dict[str, User] = field(default_factory=dict)
    usergroups: dict[str, UserGroup] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    ephemerals: dict[str, dict[str, Ephemeral]] = field(default_factory=dict)
    views: Views = field(default_factory=Views)
    uploads: dict[str, Upload] = field(default_factory=dict)
    canvases: dict[str, Canvas] = field(default_factory=dict)
    notified: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))
    notices: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))
    user_ids: dict[str, str] = field(default_factory=dict)
    channel_ids: dict[str, str] = field(default_factory=dict)
    dm_ids: dict[tuple[str, str], str] = field(default_factory=dict)

    def add_user(self, user: User) -> None:
        self.users[user.id] = user
        self.user_ids[user.name] = user.id

    def add_channel(self, channel: Channel) -> None:
        self.channels[channel.id] = channel
        if channel.is_im:
            person, bot = channel.members
            self.dm_ids[bot, person] = channel.id
        else:
            self.channel_ids[channel.name] = channel.id
        self.changes.note()

    def user(self, ref: str) -> User:
        """A user by id or name, or a sentence that lists those there are."""
        user = self.users.get(self.user_ids.get(ref.removeprefix("@"), ref))
        if user is None:
            names = ", ".join(user.name for user in self.users.values())
            raise ControlRefusal(f"there is no user {ref!r}; the users are {names}", status=404)
        return user

    def person(self, ref: str) -> User:
        """A user who can act: the bot acts through the Web API only."""
        user = self.user(ref)
        if user.is_bot:
            raise ControlRefusal(f"{user.name} is the bot; name one of the people", status=400)
        return user

    def channel(self, ref: str) -> Channel:
        """A channel by id or name, with or without the number sign."""
        channel = self.channels.get(self.channel_ids.get(ref.removeprefix("#"), ref))
        if channel is None:
            names = ", ".join(self.channel_ids)
            raise ControlRefusal(f"there is no channel {ref!r}; the channels are {names}", status=404)
        return channel

    def group(self, ref: str) -> UserGroup:
        """A user group by id or handle."""
        for group in self.usergroups.values():
            if ref.removeprefix("@") in (group.id, group.handle):
                return group
        known = ", ".join(group.handle for group in self.usergroups.values()) or "none"
        raise ControlRefusal(f"there is no user group {ref!r}; the user groups are {known}", status=404)

    def group_members(self, group_id: str) -> list[str]:
        group = self.usergroups.get(group_id)
        return [self.user_ids[name] for name in group.users] if group else []

    def keep_ephemeral(self, user: str, ephemeral: Ephemeral) -> None:
        shown = self.ephemerals.setdefault(user, {})
        shown[ephemeral.message.ts] = ephemeral
        if len(shown) > EPHEMERALS_KEPT:
            del shown[next(iter(shown))]
        self.changes.note()

    def record_notified(self, channel: str, message: Message, notified: Notified) -> None:
        if notified.user_ids or notified.broadcast:
            row = {"user_ids": list(notified.user_ids), "broadcast": list(notified.broadcast)}
            self.notified.append({"channel": channel, "ts": message.ts, **row})

    def notice(self, user: str, text: str, at: float) -> None:
        """Something only the client shows, such as `/incident failed with the error "operation_timeout"`."""
        self.notices.append({"user": user, "text": text, "at": at})
        self.changes.note()


def furnish(roster: Roster, bot: User, clock: Clock) -> Workspace:
    """Build the workspace that the file describes, the bot among its users."""
    workspace = Workspace(roster.team, Mint(clock), Changes())
    for person in roster.people:
        workspace.add_user(User(**person.model_dump()))
    workspace.add_user(bot)
    workspace.usergroups = {group.id: UserGroup(**group.model_dump()) for group in roster.usergroups}
    people = [person.name for person in roster.people]
    for seed in roster.channels:
        names = people if seed.members == "all" else seed.members
        members = [workspace.user_ids[name] for name in names] + ([bot.id] if seed.bot_is_member else [])
        channel = Channel(seed.id, seed.name, int(clock.now()), roster.people[0].id, is_private=seed.is_private)
        channel.members = dict.fromkeys(members)
        workspace.add_channel(channel)
    return workspace
