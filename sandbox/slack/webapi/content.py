"""What a message says: the text, blocks and metadata that several methods take alike."""

from typing import Any

from ..blockkit import message_problems
from ..conversations import Blocks, Channel
from ..draft import Draft
from ..refusal import SlackRefusal
from .call import Call

MOST_ATTACHMENTS = 100
MARKDOWN_TEXT_MAX = 12_000
LONGEST_EDIT = 4_000


def read_draft(call: Call, channel: Channel) -> Draft:
    """Everything that makes up the message, checked."""
    args = call.args
    text, blocks = args.text("text"), read_blocks(call)
    if args.has("markdown_text"):
        if text or blocks:
            raise SlackRefusal("markdown_text_conflict")
        text = args.text("markdown_text")[:MARKDOWN_TEXT_MAX]
    attachments = args.structure("attachments", "invalid_arguments") or []
    if len(attachments) > MOST_ATTACHMENTS:
        raise SlackRefusal("too_many_attachments")
    if not text.strip() and not blocks and not attachments:
        raise SlackRefusal("no_text")
    return Draft(
        text=text,
        blocks=blocks,
        thread_ts=_thread(call, channel),
        is_broadcast=args.flag("reply_broadcast"),
        names_are_linked=args.flag("link_names") or args.text("parse") == "full",
        metadata=read_metadata(call),
    )


def read_blocks(call: Call) -> Blocks:
    """The blocks, or `invalid_blocks` with the place and the reason of each problem."""
    blocks = call.args.structure("blocks", "invalid_blocks_format")
    if blocks is None:
        return []
    if not isinstance(blocks, list):
        raise SlackRefusal("invalid_blocks_format")
    problems = message_problems(blocks)
    if problems:
        raise SlackRefusal.with_messages("invalid_blocks", problems)
    return blocks


def read_metadata(call: Call) -> dict[str, Any] | None:
    metadata = call.args.structure("metadata", "invalid_metadata_format")
    if metadata is None or metadata == {}:
        return None if metadata is None else {}
    is_sound = (
        isinstance(metadata, dict)
        and isinstance(metadata.get("event_type"), str)
        and isinstance(metadata.get("event_payload"), dict)
    )
    if not is_sound:
        raise SlackRefusal("invalid_metadata_format")
    return dict(metadata)


def refuse_long_text(draft: Draft) -> None:
    """Updates and ephemerals have a hard limit where posting splits."""
    if len(draft.text) > LONGEST_EDIT:
        raise SlackRefusal("msg_too_long")


def _thread(call: Call, channel: Channel) -> str | None:
    """The parent to reply to; a reply's own ts leads to its parent, as on Slack."""
    ts = call.args.text("thread_ts")
    if not ts:
        return None
    parent = channel.messages.get(ts)
    if parent is None:
        raise SlackRefusal("cannot_reply_to_message")
    return parent.thread_ts or parent.ts
