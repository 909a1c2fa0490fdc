"""chat.scheduleMessage and its kin: messages that go out later, by the sandbox's clock."""

from ..conversations import Channel
from ..posting import post_as_bot
from ..refusal import SlackRefusal
from ..schedule import Scheduled
from .call import Answer, Call
from .chat import destination, may_post
from .content import read_draft, refuse_long_text
from .pages import one_page

FARTHEST = 120 * 86_400
WINDOW = 300
MOST_IN_WINDOW = 30


def schedule(call: Call) -> Answer:
    channel = destination(call)
    may_post(call, channel)
    draft = read_draft(call, channel)
    refuse_long_text(draft)
    post_at, now = call.args.number("post_at", 0, "invalid_time"), call.emulator.clock.now()
    if post_at <= now:
        raise SlackRefusal("time_in_past")
    if post_at > now + FARTHEST:
        raise SlackRefusal("time_too_far")
    _refuse_crowd(call, channel, post_at)
    scheduled_id = call.emulator.workspace.mint.object_id("Q")
    scheduled = Scheduled(scheduled_id, channel, post_at, draft, created=int(now))
    call.emulator.schedule.add(scheduled, lambda due: _post(call, due))
    message = {"text": draft.text, "type": "delayed_message", "user": call.bot_user}
    return {"channel": channel.id, "scheduled_message_id": scheduled_id, "post_at": post_at, "message": message}


def delete(call: Call) -> Answer:
    """Only what has not gone out can be taken back."""
    channel = call.channel()
    scheduled = call.emulator.schedule.find(call.args.text("scheduled_message_id"))
    if scheduled is None or scheduled.channel is not channel:
        raise SlackRefusal("invalid_scheduled_message_id")
    call.emulator.schedule.drop(scheduled.id)
    return {}


def list_scheduled(call: Call) -> Answer:
    channel = call.channel(error="invalid_channel") if call.args.has("channel") else None
    oldest, latest = call.args.number("oldest", 0), call.args.number("latest", 2**62)
    rows = [
        _told(one)
        for one in call.emulator.schedule.waiting()
        if channel in (None, one.channel) and oldest <= one.post_at <= latest
    ]
    page, metadata = one_page(call, rows)
    return {"scheduled_messages": page, **metadata}


def _post(call: Call, due: Scheduled) -> None:
    """Where the channel was archived or the bot put out meanwhile, the message is dropped, as on Slack."""
    if not due.channel.is_archived and call.bot_user in due.channel.members and call.emulator.app.is_installed:
        post_as_bot(call.emulator, due.channel, due.draft)


def _refuse_crowd(call: Call, channel: Channel, post_at: int) -> None:
    near = (one for one in call.emulator.schedule.waiting() if one.channel is channel)
    if sum(one.post_at // WINDOW == post_at // WINDOW for one in near) >= MOST_IN_WINDOW:
        raise SlackRefusal("restricted_too_many")


def _told(one: Scheduled) -> Answer:
    return {
        "id": one.id,
        "channel_id": one.channel.id,
        "post_at": one.post_at,
        "date_created": one.created,
        "text": one.draft.text,
    }
