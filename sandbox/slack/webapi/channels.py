"""conversations.*: opening, creating, joining, inviting, naming, archiving."""

import re

from ..conversations import Channel
from ..membership import archive_channel, join_channel
from ..refusal import SlackRefusal
from ..workspace import User
from .call import Answer, Call

LONGEST_NAME = 80
LONGEST_TOPIC = 250


def dm_with(call: Call, user: User) -> Channel:
    """The direct message between the bot and a person, opened when there is none."""
    workspace = call.emulator.workspace
    known = workspace.dm_ids.get((call.bot_user, user.id))
    if known:
        workspace.channels[known].is_open = True
        return workspace.channels[known]
    channel_id = workspace.mint.object_id("D")
    channel = Channel(channel_id, f"dm-{user.name}", int(call.emulator.clock.now()), call.bot_user, is_im=True)
    channel.members = dict.fromkeys((user.id, call.bot_user))
    workspace.add_channel(channel)
    return channel


def open_dm(call: Call) -> Answer:
    if call.args.has("channel"):
        return {"channel": {"id": call.channel().id}}
    users = call.args.words("users")
    if not users:
        raise SlackRefusal("users_list_not_supplied")
    if len(users) > 1:
        # Group direct messages are not modelled; this is Slack's refusal for more than eight people.
        raise SlackRefusal("too_many_users")
    user = call.emulator.workspace.users.get(users[0])
    if user is None or user.is_bot:
        raise SlackRefusal("user_not_found")
    channel = dm_with(call, user)
    told = channel.as_slack(call.bot_user) if call.args.flag("return_im") else {"id": channel.id}
    return {"channel": told}


def create(call: Call) -> Answer:
    name = call.args.text("name").removeprefix("#")
    check_name(name)
    workspace = call.emulator.workspace
    if name in workspace.channel_ids:
        raise SlackRefusal("name_taken")
    channel = Channel(workspace.mint.object_id("C"), name, int(call.emulator.clock.now()), call.bot_user)
    channel.is_private = call.args.flag("is_private")
    channel.members[call.bot_user] = None
    workspace.add_channel(channel)
    return {"channel": channel.as_slack(call.bot_user)}


def join(call: Call) -> Answer:
    channel = call.channel()
    if channel.kind != "channels":
        raise SlackRefusal("method_not_supported_for_channel_type")
    refuse_archived(channel)
    join_channel(call.emulator, channel, call.bot_user)
    return {"channel": channel.as_slack(call.bot_user)}


def invite(call: Call) -> Answer:
    """Invite people; without `force` one bad id refuses them all."""
    channel = call.joined_channel()
    refuse_direct(channel)
    refuse_archived(channel)
    problems = {user: error for user in call.args.words("users") if (error := _obstacle(call, channel, user))}
    good = [user for user in call.args.words("users") if user not in problems]
    if problems and (not call.args.flag("force") or not good):
        errors = [{"user": user, "ok": False, "error": error} for user, error in problems.items()]
        raise SlackRefusal(next(iter(problems.values())), errors=errors)
    for user in good:
        join_channel(call.emulator, channel, user, inviter=call.bot_user)
    return {"channel": channel.as_slack(call.bot_user)}


def set_topic(call: Call) -> Answer:
    channel = call.joined_channel()
    refuse_direct(channel)
    refuse_archived(channel)
    if len(call.args.text("topic")) > LONGEST_TOPIC:
        raise SlackRefusal("too_long")
    channel.topic = call.args.text("topic")
    call.emulator.workspace.changes.note()
    return {"channel": channel.as_slack(call.bot_user)}


def archive(call: Call) -> Answer:
    channel = call.joined_channel()
    refuse_direct(channel)
    if channel.name == "general":
        raise SlackRefusal("cant_archive_general")
    if channel.is_archived:
        raise SlackRefusal("already_archived")
    archive_channel(call.emulator, channel, call.bot_user, is_archived=True)
    return {}


def _obstacle(call: Call, channel: Channel, user: str) -> str:
    if user == call.bot_user:
        return "cant_invite_self"
    if user not in call.emulator.workspace.users:
        return "user_not_found"
    return "already_in_channel" if user in channel.members else ""


def check_name(name: str) -> None:
    if not name:
        raise SlackRefusal("invalid_name_required")
    if len(name) > LONGEST_NAME:
        raise SlackRefusal("invalid_name_maxlength")
    if not re.search(r"[^\W_]", name):
        raise SlackRefusal("invalid_name_punctuation")
    if re.search(r"[^\w-]", name) or name != name.lower():
        raise SlackRefusal("invalid_name_specials")


def refuse_direct(channel: Channel) -> None:
    if channel.is_im:
        raise SlackRefusal("method_not_supported_for_channel_type")


def refuse_archived(channel: Channel) -> None:
    if channel.is_archived:
        raise SlackRefusal("is_archived")
