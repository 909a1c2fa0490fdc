"""How a message comes to be, changes and goes: stored first, then noted who is pinged, then told as an event."""

from collections.abc import Mapping
from typing import Any

from .conversations import Blocks, Channel, Ephemeral, Message
from .draft import Draft
from .emulator import Emulator
from .inputs import ROWS_OF_BLOCKS
from .notify import Audience, who_is_notified

SPLIT_ABOVE = 4_040
PIECE = 4_000
TRUNCATED_ABOVE = 40_000

_ROWS_OF_ELEMENTS = (("actions", "elements"), ("context_actions", "elements"), ("card", "actions"))


def post_as_bot(emulator: Emulator, channel: Channel, draft: Draft) -> Message:
    """Store the bot's message; very long text without blocks becomes several messages, of which this is the first."""
    pieces = _pieces(draft.text) if not draft.blocks else [draft.text[:TRUNCATED_ABOVE]]
    first, *rest = [_new_message(emulator, draft, emulator.app.bot_user_id, piece) for piece in pieces]
    for message in (first, *rest):
        message.bot_id = emulator.app.bot_id
        _store(emulator, channel, message, draft)
    return first


def post_as_person(emulator: Emulator, channel: Channel, user: str, draft: Draft) -> Message:
    message = _new_message(emulator, draft, user, draft.text)
    _store(emulator, channel, message, draft)
    for tenant in emulator.tenants:
        if f"<@{tenant.app.bot_user_id}>" in draft.text and tenant.app.bot_user_id in channel.members:
            event = {**message.as_slack(), "type": "app_mention", "channel": channel.id, "event_ts": message.ts}
            tenant.events.publish("app_mention", event)
    return message


def echo_command(emulator: Emulator, channel: Channel, user: str, line: str) -> None:
    """Show the typed command to the channel, which an in_channel acknowledgement does; no event tells of it."""
    message = Message(emulator.workspace.mint.ts(), user, line)
    channel.messages[message.ts] = message
    emulator.workspace.changes.note()


def whisper(emulator: Emulator, user: str, channel: Channel, draft: Draft) -> Message:
    """Show an ephemeral message to one person; nobody is pinged and no event is sent."""
    message = Message(
        emulator.workspace.mint.ts(), emulator.app.bot_user_id, draft.text, with_ids(emulator, draft.blocks)
    )
    message.bot_id, message.thread_ts = emulator.app.bot_id, draft.thread_ts
    emulator.workspace.keep_ephemeral(user, Ephemeral(channel.id, message))
    return message


def edit(emulator: Emulator, channel: Channel, message: Message, draft: Draft) -> None:
    """Change the bot's message in place; edits ping nobody."""
    before = message.as_slack()
    edited = {"user": emulator.app.bot_user_id, "ts": emulator.workspace.mint.ts()}
    message.change(draft.text, with_ids(emulator, draft.blocks), edited)
    if draft.metadata is not None:
        message.metadata = draft.metadata or None
    _tell_change(emulator, channel, message, before)


def remove(emulator: Emulator, channel: Channel, message: Message) -> None:
    del channel.messages[message.ts]
    parent = channel.messages.get(message.thread_ts or "")
    if parent is not None:
        parent.replies.remove(message.ts)
    emulator.workspace.changes.note()
    gone = {"deleted_ts": message.ts, "previous_message": message.as_slack()}
    _tell(emulator, channel, {"subtype": "message_deleted", "hidden": True, "ts": emulator.workspace.mint.ts(), **gone})


def with_ids(emulator: Emulator, blocks: Blocks) -> Blocks:
    """Slack gives every block, and every interactive element, the id that was left out."""
    return [{"block_id": emulator.workspace.mint.short(), **_with_action_ids(emulator, block)} for block in blocks]


def _with_action_ids(emulator: Emulator, block: dict[str, Any]) -> dict[str, Any]:
    filled = dict(block)
    for place in ("accessory", "element"):
        if place in filled:
            filled[place] = _identified(emulator, filled[place])
    for kind, place in _ROWS_OF_ELEMENTS:
        if block["type"] == kind and place in block:
            filled[place] = [_identified(emulator, element) for element in block[place]]
    for kind, place in ROWS_OF_BLOCKS:
        if block["type"] == kind:
            filled[place] = with_ids(emulator, block[place])
    return filled


def _identified(emulator: Emulator, element: dict[str, Any]) -> dict[str, Any]:
    return element if element["type"] == "image" else {"action_id": emulator.workspace.mint.short(), **element}


def edit_as_person(emulator: Emulator, channel: Channel, message: Message, text: str) -> None:
    """A person changes what they wrote; the apps hear of both versions."""
    before = message.as_slack()
    message.change(text, message.blocks, {"user": message.user, "ts": emulator.workspace.mint.ts()})
    _tell_change(emulator, channel, message, before)


def _tell_change(emulator: Emulator, channel: Channel, message: Message, before: Mapping[str, Any]) -> None:
    emulator.workspace.changes.note()
    change = {"message": message.as_slack(), "previous_message": before, "ts": emulator.workspace.mint.ts()}
    _tell(emulator, channel, {"subtype": "message_changed", "hidden": True, **change})


def _new_message(emulator: Emulator, draft: Draft, user: str, text: str) -> Message:
    message = Message(emulator.workspace.mint.ts(), user, text, with_ids(emulator, draft.blocks))
    message.thread_ts, message.metadata, message.files = draft.thread_ts, draft.metadata, draft.files
    message.subtype = "thread_broadcast" if draft.thread_ts and draft.is_broadcast else None
    return message


def _store(emulator: Emulator, channel: Channel, message: Message, draft: Draft) -> None:
    workspace = emulator.workspace
    channel.messages[message.ts] = message
    if message.thread_ts:
        channel.messages[message.thread_ts].replies.append(message.ts)
    people = [member for member in channel.members if not workspace.users[member].is_bot]
    audience = Audience(people, workspace.group_members)
    notified = who_is_notified(message.text, message.blocks, audience, names_are_linked=draft.names_are_linked)
    workspace.record_notified(channel.id, message, notified)
    workspace.changes.note()
    _tell(emulator, channel, message.as_slack())


def _tell(emulator: Emulator, channel: Channel, event: Mapping[str, Any]) -> None:
    told = {**event, "type": "message", "channel": channel.id, "channel_type": channel.type_name}
    emulator.announce(f"message.{channel.kind}", {**told, "event_ts": event["ts"]}, channel)


def _pieces(text: str) -> list[str]:
    kept = text[:TRUNCATED_ABOVE]
    if len(kept) <= SPLIT_ABOVE:
        return [kept]
    return [kept[start : start + PIECE] for start in range(0, len(kept), PIECE)]
