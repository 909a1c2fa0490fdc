"""Reactions, pins and bookmarks."""

import re
from typing import Any

from ..conversations import Channel, Message
from ..reacting import react, unreact
from ..refusal import SlackRefusal
from .call import Answer, Call


def add_reaction(call: Call) -> Answer:
    channel, message = _marked(call)
    name = call.args.text("name").strip(":")
    if not re.fullmatch(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?", name):
        raise SlackRefusal("invalid_name")
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    if not react(call.emulator, channel, message, call.bot_user, name):
        raise SlackRefusal("already_reacted")
    return {}


def remove_reaction(call: Call) -> Answer:
    channel, message = _marked(call)
    if not unreact(call.emulator, channel, message, call.bot_user, call.args.text("name").strip(":")):
        raise SlackRefusal("no_reaction")
    return {}


def reactions(call: Call) -> Answer:
    channel, message = _marked(call)
    return {"type": "message", "channel": channel.id, "message": message.as_slack()}


def pin(call: Call) -> Answer:
    channel = call.joined_channel()
    message = _message(call, channel)
    if message.ts in channel.pins:
        raise SlackRefusal("already_pinned")
    channel.pins.append(message.ts)
    call.emulator.workspace.changes.note()
    return {}


def unpin(call: Call) -> Answer:
    channel, message = _marked(call)
    if message.ts not in channel.pins:
        raise SlackRefusal("no_pin")
    channel.pins.remove(message.ts)
    call.emulator.workspace.changes.note()
    return {}


def pins(call: Call) -> Answer:
    channel = call.channel()
    shown = [channel.messages[ts].as_slack() for ts in channel.pins if ts in channel.messages]
    return {"items": [{"type": "message", "channel": channel.id, "message": message} for message in shown]}


def bookmark(call: Call) -> Answer:
    channel = call.channel("channel_id")
    if call.args.text("type") != "link":
        raise SlackRefusal("invalid_bookmark_type")
    link = _link(call)
    mark = {
        "id": call.emulator.workspace.mint.object_id("Bk"),
        "channel_id": channel.id,
        "title": call.args.text("title")[:256],
        "link": link,
        "emoji": call.args.text("emoji"),
        "type": "link",
    }
    channel.bookmarks.append(mark)
    call.emulator.workspace.changes.note()
    return {"bookmark": mark}


def edit_bookmark(call: Call) -> Answer:
    _, mark = _bookmark(call)
    changes = {name: call.args.text(name) for name in ("title", "emoji") if call.args.has(name)}
    mark |= changes | ({"link": _link(call)} if call.args.has("link") else {})
    call.emulator.workspace.changes.note()
    return {"bookmark": mark}


def bookmarks(call: Call) -> Answer:
    return {"bookmarks": call.channel("channel_id").bookmarks}


def remove_bookmark(call: Call) -> Answer:
    channel, mark = _bookmark(call)
    channel.bookmarks.remove(mark)
    call.emulator.workspace.changes.note()
    return {}


def _bookmark(call: Call) -> tuple[Channel, dict[str, Any]]:
    channel = call.channel("channel_id")
    for mark in channel.bookmarks:
        if mark["id"] == call.args.text("bookmark_id"):
            return channel, mark
    raise SlackRefusal("not_found")


def _link(call: Call) -> str:
    link = call.args.text("link")
    if not link.startswith(("http://", "https://")) or len(link) > 2_048:
        raise SlackRefusal("invalid_link")
    return link


def _marked(call: Call) -> tuple[Channel, Message]:
    channel = call.channel()
    return channel, _message(call, channel)


def _message(call: Call, channel: Channel) -> Message:
    if not call.args.has("timestamp"):
        raise SlackRefusal("no_item_specified")
    message = channel.messages.get(call.args.text("timestamp"))
    if message is None:
        raise SlackRefusal("message_not_found")
    return message
