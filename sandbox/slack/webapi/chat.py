"""chat.*: posting, changing and deleting messages."""

from ..conversations import Channel, Message
from ..draft import Draft
from ..posting import edit, post_as_bot, remove, whisper
from ..refusal import SlackRefusal
from .call import Answer, Call
from .channels import dm_with
from .content import read_draft, refuse_long_text


def post_message(call: Call) -> Answer:
    channel = destination(call)
    may_post(call, channel)
    message = post_as_bot(call.emulator, channel, read_draft(call, channel))
    return {"channel": channel.id, "ts": message.ts, "message": message.as_slack()}


def update(call: Call) -> Answer:
    """Change the bot's own message; text without blocks takes the blocks away."""
    channel, message = _own_message(call, "cant_update_message")
    if channel.is_archived:
        raise SlackRefusal("is_inactive")
    draft = read_draft(call, channel)
    refuse_long_text(draft)
    edit(call.emulator, channel, message, draft)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.as_slack()}


def delete(call: Call) -> Answer:
    channel, message = _own_message(call, "cant_delete_message")
    remove(call.emulator, channel, message)
    return {"channel": channel.id, "ts": message.ts}


def post_ephemeral(call: Call) -> Answer:
    channel = call.channel()
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    if call.bot_user not in channel.members:
        raise SlackRefusal("not_in_channel")
    if call.args.text("user") not in channel.members:
        raise SlackRefusal("user_not_in_channel")
    draft: Draft = read_draft(call, channel)
    refuse_long_text(draft)
    return {"message_ts": whisper(call.emulator, call.args.text("user"), channel, draft).ts}


def permalink(call: Call) -> Answer:
    channel = call.channel()
    message = channel.messages.get(call.args.text("message_ts"))
    if message is None:
        raise SlackRefusal("message_not_found")
    domain = call.emulator.workspace.team.domain
    thread = f"?thread_ts={message.thread_ts}&cid={channel.id}" if message.thread_ts else ""
    stamp = message.ts.replace(".", "")
    return {"channel": channel.id, "permalink": f"https://{domain}.slack.com/archives/{channel.id}/p{stamp}{thread}"}


def destination(call: Call) -> Channel:
    """A channel by id or (here only) by name, or the direct message with a user whose id is given."""
    workspace, ref = call.emulator.workspace, call.args.text("channel")
    user = workspace.users.get(ref)
    if user is not None and not user.is_bot:
        return dm_with(call, user)
    return call.seen(workspace.channel_ids.get(ref.removeprefix("#"), ref))


def may_post(call: Call, channel: Channel) -> None:
    """Into channels it is in, with chat:write.public also into other public ones."""
    if channel.is_archived:
        raise SlackRefusal("is_archived")
    may_enter = "chat:write.public" in call.emulator.app.scopes and channel.kind == "channels"
    if call.bot_user not in channel.members and not may_enter:
        raise SlackRefusal("not_in_channel")


def _own_message(call: Call, error: str) -> tuple[Channel, Message]:
    channel = call.channel()
    message = channel.messages.get(call.args.text("ts"))
    if message is None:
        raise SlackRefusal("message_not_found")
    if message.bot_id != call.emulator.app.bot_id:
        raise SlackRefusal(error)
    return channel, message
