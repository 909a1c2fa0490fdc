"""Reactions, pins and bookmarks."""

import re

from ..conversations import Channel, Message
from ..reacting import react
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


def pin(call: Call) -> Answer:
    channel = call.joined_channel()
    message = _message(call, channel)
    if message.ts in channel.pins:
        raise SlackRefusal("already_pinned")
    channel.pins.append(message.ts)
    call.emulator.workspace.changes.note()
    return {}


def bookmark(call: Call) -> Answer:
    channel = call.channel("channel_id")
    if call.args.text("type") != "link":
        raise SlackRefusal("invalid_bookmark_type")
    link = call.args.text("link")
    if not link.startswith(("http://", "https://")) or len(link) > 2_048:
        raise SlackRefusal("invalid_link")
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
