"""conversations.*: lists, histories, threads, members."""

from collections.abc import Iterable

from ..conversations import Channel, Message
from ..refusal import SlackRefusal
from .call import Answer, Call
from .pages import LARGEST_PAGE, one_page

_TYPES = {"public_channel": "channels", "private_channel": "groups", "im": "im", "mpim": "mpim"}


def list_channels(call: Call) -> Answer:
    """Channels that the bot can see; public ones when no types are named."""
    kinds = {_kind(name) for name in call.args.words("types") or ["public_channel"]}
    skip_archived = call.args.flag("exclude_archived")
    seen = [
        channel
        for channel in call.emulator.workspace.channels.values()
        if channel.kind in kinds
        and not (skip_archived and channel.is_archived)
        and (channel.kind == "channels" or call.bot_user in channel.members)
    ]
    page, metadata = one_page(call, seen)
    return {"channels": [_with_count(call, channel) for channel in page], **metadata}


def channels_of(call: Call) -> Answer:
    """Channels that a person, or the bot itself, is in, as far as the bot can see them."""
    kinds = {_kind(name) for name in call.args.words("types") or ["public_channel"]}
    who = call.args.text("user") or call.bot_user
    mine = [
        channel
        for channel in call.emulator.workspace.channels.values()
        if who in channel.members and channel.kind in kinds and (channel.kind == "channels" or _is_mine(call, channel))
    ]
    kept = [one for one in mine if not (call.args.flag("exclude_archived") and one.is_archived)]
    page, metadata = one_page(call, kept)
    return {"channels": [channel.as_slack(call.bot_user) for channel in page], **metadata}


def channel_info(call: Call) -> Answer:
    channel = call.channel()
    told = channel.as_slack(call.bot_user)
    if call.args.flag("include_num_members"):
        told["num_members"] = len(channel.members)
    if call.args.flag("include_locale"):
        told["locale"] = "en-US"
    return {"channel": told}


def members(call: Call) -> Answer:
    page, metadata = one_page(call, list(call.channel().members))
    return {"members": page, **metadata}


def history(call: Call) -> Answer:
    """Newest first; replies are left out unless they were broadcast."""
    channel = call.joined_channel()
    top_level = (one for one in channel.messages.values() if not one.thread_ts or one.subtype == "thread_broadcast")
    page, metadata = one_page(call, _between(call, top_level)[::-1], most=_most(call))
    more = bool(metadata["response_metadata"]["next_cursor"])
    return {
        "messages": [_told(call, one) for one in page],
        "has_more": more,
        "pin_count": len(channel.pins),
        **metadata,
    }


def replies(call: Call) -> Answer:
    """Oldest first, the parent leading."""
    channel = call.channel()
    ts = call.args.text("ts")
    message = channel.messages.get(ts)
    if message is None:
        raise SlackRefusal("thread_not_found")
    parent, *rest = channel.thread(message.thread_ts or ts)
    page, metadata = one_page(call, [parent, *_between(call, rest)], default=1_000, most=_most(call))
    more = bool(metadata["response_metadata"]["next_cursor"])
    return {"messages": [_told(call, one) for one in page], "has_more": more, **metadata}


def _most(call: Call) -> int:
    """The strict profile of commercial apps outside the Marketplace gives 15 objects at most."""
    return 15 if call.emulator.faults.history_is_limited else LARGEST_PAGE


def _between(call: Call, messages: Iterable[Message]) -> list[Message]:
    oldest = _timestamp(call, "oldest", 0.0)
    latest = _timestamp(call, "latest", float("inf"))
    inclusive = call.args.flag("inclusive")
    return [
        one for one in messages if oldest < float(one.ts) < latest or (inclusive and float(one.ts) in (oldest, latest))
    ]


def _timestamp(call: Call, name: str, default: float) -> float:
    if not call.args.has(name):
        return default
    try:
        return float(call.args.text(name))
    except ValueError:
        raise SlackRefusal(f"invalid_ts_{name}") from None


def _told(call: Call, message: Message) -> Answer:
    """Metadata travels in full only when asked for."""
    told = message.as_slack()
    if message.metadata and not call.args.flag("include_all_metadata"):
        told["metadata"] = {"event_type": message.metadata["event_type"]}
    return told


def _kind(name: str) -> str:
    if name not in _TYPES:
        raise SlackRefusal("invalid_types")
    return _TYPES[name]


def _is_mine(call: Call, channel: Channel) -> bool:
    return call.bot_user in channel.members


def _with_count(call: Call, channel: Channel) -> Answer:
    return channel.as_slack(call.bot_user) | {"num_members": len(channel.members)}
