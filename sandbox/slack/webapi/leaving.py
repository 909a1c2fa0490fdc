"""conversations.*: renaming, describing, leaving, putting out, closing, bringing back."""

from ..membership import archive_channel, leave_channel, rename_channel
from ..refusal import SlackRefusal
from .call import Answer, Call
from .channels import LONGEST_TOPIC, check_name, refuse_archived, refuse_direct


def rename(call: Call) -> Answer:
    """Only a member may, and of a channel that the bot did not create nobody knows: here it may."""
    channel = call.joined_channel()
    refuse_direct(channel)
    refuse_archived(channel)
    name = call.args.text("name").removeprefix("#")
    check_name(name)
    if call.emulator.workspace.channel_ids.get(name, channel.id) != channel.id:
        raise SlackRefusal("name_taken")
    if channel.name == "general":
        raise SlackRefusal("not_authorized")
    rename_channel(call.emulator, channel, name)
    return {"channel": channel.as_slack(call.bot_user)}


def set_purpose(call: Call) -> Answer:
    channel = call.joined_channel()
    refuse_direct(channel)
    refuse_archived(channel)
    if len(call.args.text("purpose")) > LONGEST_TOPIC:
        raise SlackRefusal("too_long")
    channel.purpose = call.args.text("purpose")
    call.emulator.workspace.changes.note()
    return {"purpose": channel.purpose}


def kick(call: Call) -> Answer:
    channel = call.joined_channel()
    refuse_direct(channel)
    if channel.name == "general":
        raise SlackRefusal("cant_kick_from_general")
    user = call.person()
    if user.id == call.bot_user:
        raise SlackRefusal("cant_kick_self")
    if user.id not in channel.members:
        raise SlackRefusal("not_in_channel")
    leave_channel(call.emulator, channel, user.id)
    return {}


def leave(call: Call) -> Answer:
    """Leaving a channel one is not in is no error: the answer says so."""
    channel = call.channel()
    refuse_direct(channel)
    refuse_archived(channel)
    if call.bot_user not in channel.members:
        return {"not_in_channel": True}
    if channel.name == "general":
        raise SlackRefusal("cant_leave_general")
    if channel.is_private and len(channel.members) == 1:
        raise SlackRefusal("last_member")
    leave_channel(call.emulator, channel, call.bot_user)
    return {}


def unarchive(call: Call) -> Answer:
    channel = call.channel()
    refuse_direct(channel)
    if not channel.is_archived:
        raise SlackRefusal("not_archived")
    archive_channel(call.emulator, channel, call.bot_user, is_archived=False)
    return {}


def close(call: Call) -> Answer:
    """Only direct messages can be closed; what was said stays."""
    channel = call.channel()
    if not channel.is_im:
        raise SlackRefusal("method_not_supported_for_channel_type")
    if not channel.is_open:
        return {"no_op": True, "already_closed": True}
    channel.is_open = False
    call.emulator.workspace.changes.note()
    return {}
