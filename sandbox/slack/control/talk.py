"""What people do among themselves: write, change, react, come and go; one function for each path."""

from typing import Any

from aiohttp import web

from ..conversations import Channel, Message
from ..emulator import Emulator
from ..groups import replace_members
from ..membership import join_channel, leave_channel
from ..people.presence import require_presence
from ..people.talking import write_message
from ..posting import edit_as_person, remove
from ..reacting import react, unreact
from ..refusal import ControlRefusal
from ..workspace import User
from .requests import EditBody, GroupBody, MemberBody, MessageBody, MessagePlaceBody, PlaceBody, ReactionBody, read_body

Told = dict[str, Any]


async def message(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, MessageBody)
    user, channel = _place(emulator, body)
    return {"ok": True, "ts": write_message(emulator, user, channel, body.text, body.thread_ts).ts}


async def edit(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, EditBody)
    user, channel = _place(emulator, body)
    edit_as_person(emulator, channel, _own_message(user, channel, body.ts), body.text)
    return {"ok": True}


async def delete(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, MessagePlaceBody)
    user, channel = _place(emulator, body)
    remove(emulator, channel, _own_message(user, channel, body.ts))
    return {"ok": True}


async def reaction(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ReactionBody)
    user, channel = _place(emulator, body)
    require_presence(user, channel)
    if not react(emulator, channel, _message(channel, body.ts), user.id, body.name):
        raise ControlRefusal(f"{user.name} reacted with {body.name} before")
    return {"ok": True}


async def take_back_reaction(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ReactionBody)
    user, channel = _place(emulator, body)
    require_presence(user, channel)
    if not unreact(emulator, channel, _message(channel, body.ts), user.id, body.name):
        raise ControlRefusal(f"{user.name} has no {body.name} there")
    return {"ok": True}


async def join(emulator: Emulator, request: web.Request) -> Told:
    user, channel = _place(emulator, await read_body(request, PlaceBody))
    join_channel(emulator, channel, user.id)
    return {"ok": True}


async def leave(emulator: Emulator, request: web.Request) -> Told:
    user, channel = _place(emulator, await read_body(request, PlaceBody))
    require_presence(user, channel)
    leave_channel(emulator, channel, user.id)
    return {"ok": True}


async def invite(emulator: Emulator, request: web.Request) -> Told:
    """A member brings somebody in, a bot for instance."""
    body = await read_body(request, MemberBody)
    user, channel = _place(emulator, body)
    require_presence(user, channel)
    join_channel(emulator, channel, emulator.workspace.user(body.member).id, inviter=user.id)
    return {"ok": True}


async def kick(emulator: Emulator, request: web.Request) -> Told:
    """A member puts somebody out, a bot for instance."""
    body = await read_body(request, MemberBody)
    user, channel = _place(emulator, body)
    require_presence(user, channel)
    member = emulator.workspace.user(body.member)
    if member.id not in channel.members:
        raise ControlRefusal(f"{member.name} is not in #{channel.name}")
    leave_channel(emulator, channel, member.id)
    return {"ok": True}


async def change_group(emulator: Emulator, request: web.Request) -> Told:
    """A person edits a user group by hand."""
    body = await read_body(request, GroupBody)
    emulator.workspace.person(body.user)
    group = emulator.workspace.group(body.usergroup)
    replace_members(emulator, group, [emulator.workspace.user(ref).name for ref in body.users])
    return {"ok": True}


def _place(emulator: Emulator, body: PlaceBody) -> tuple[User, Channel]:
    return emulator.workspace.person(body.user), emulator.workspace.channel(body.channel)


def _message(channel: Channel, ts: str) -> Message:
    if ts not in channel.messages:
        raise ControlRefusal(f"there is no message {ts} in #{channel.name}", status=404)
    return channel.messages[ts]


def _own_message(user: User, channel: Channel, ts: str) -> Message:
    require_presence(user, channel)
    found = _message(channel, ts)
    if found.user != user.id:
        raise ControlRefusal(f"{user.name} did not write {ts}", status=403)
    return found
