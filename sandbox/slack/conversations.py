"""Channels, direct messages, and the messages in them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Blocks = list[dict[str, Any]]


@dataclass
class Message:
    """One message; it keeps every version of its blocks, because a phone may still show an old one."""

    ts: str
    user: str
    text: str
    blocks: Blocks = field(default_factory=list)
    bot_id: str | None = None
    thread_ts: str | None = None
    subtype: str | None = None
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
    edits: int = 0
    edited: dict[str, str] | None = None
    past_blocks: list[Blocks] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    chosen: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)

    def change(self, text: str, blocks: Blocks, edited: dict[str, str]) -> None:
        self.past_blocks.append(self.blocks)
        self.text, self.blocks, self.edited = text, blocks, edited
        self.edits += 1

    def as_slack(self) -> dict[str, Any]:
        """The message object as Slack's answers and events carry it."""
        told: dict[str, Any] = {"type": "message", "user": self.user, "text": self.text, "ts": self.ts}
        optional: dict[str, Any] = {
            "subtype": self.subtype,
            "bot_id": self.bot_id,
            "blocks": self.blocks,
            "thread_ts": self.ts if self.replies else self.thread_ts,
            "edited": self.edited,
            "metadata": self.metadata,
            "files": self.files,
            "reactions": self._reactions(),
        }
        told |= {name: value for name, value in optional.items() if value}
        if self.replies:
            told |= {"reply_count": len(self.replies), "latest_reply": self.replies[-1]}
        return told

    def _reactions(self) -> list[dict[str, Any]]:
        return [{"name": name, "users": users, "count": len(users)} for name, users in self.reactions.items()]


@dataclass
class Channel:
    """A public or private channel, or a direct message between one person and the bot."""

    id: str
    name: str
    created: int
    creator: str
    is_private: bool = False
    is_im: bool = False
    is_archived: bool = False
    is_open: bool = True
    topic: str = ""
    purpose: str = ""
    members: dict[str, None] = field(default_factory=dict)
    messages: dict[str, Message] = field(default_factory=dict)
    pins: list[str] = field(default_factory=list)
    bookmarks: list[dict[str, Any]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """The word that Slack's event subscriptions use: message.channels, message.groups, message.im."""
        if self.is_im:
            return "im"
        return "groups" if self.is_private else "channels"

    @property
    def type_name(self) -> str:
        return {"im": "im", "groups": "group", "channels": "channel"}[self.kind]

    def thread(self, ts: str) -> Iterator[Message]:
        """The parent and its replies, oldest first."""
        parent = self.messages[ts]
        yield parent
        for reply in parent.replies:
            yield self.messages[reply]

    def as_slack(self, bot_user: str) -> dict[str, Any]:
        """The conversation object, as conversations.info answers it."""
        told: dict[str, Any] = {
            "id": self.id,
            "created": self.created,
            "creator": self.creator,
            "is_im": self.is_im,
            "is_archived": self.is_archived,
            "is_private": self.is_private or self.is_im,
            "is_member": bot_user in self.members,
        }
        if self.is_im:
            return told | {"user": next(member for member in self.members if member != bot_user)}
        return told | {
            "name": self.name,
            "name_normalized": self.name,
            "is_channel": not self.is_private,
            "is_group": self.is_private,
            "is_general": self.name == "general",
            "topic": {"value": self.topic, "creator": "", "last_set": 0},
            "purpose": {"value": self.purpose, "creator": "", "last_set": 0},
        }


@dataclass
class Ephemeral:
    """A message that one person sees, until they reload."""

    channel: str
    message: Message
