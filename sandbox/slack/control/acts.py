"""What people do, one function for each path of the control interface."""

from typing import Any

from aiohttp import web

from ..emulator import Emulator
from ..ledger import Delivery
from ..membership import join_channel
from ..people.click import Press, click_in_message, click_in_view
from ..people.command import run_command
from ..people.modal import close, submit, top_view
from ..people.presence import require_presence
from ..people.talking import open_home, shortcut_named, use_global_shortcut, use_message_shortcut, write_message
from ..reacting import react
from ..refusal import ControlRefusal
from ..views import View
from ..workspace import User
from .requests import (
    ClickBody,
    CloseBody,
    CommandBody,
    HomeBody,
    JoinBody,
    MessageBody,
    ReactionBody,
    ShortcutBody,
    SubmitBody,
    read_body,
)

Told = dict[str, Any]


def told(delivery: Delivery) -> Told:
    """A delivery and its outcome; ok means that the control request was carried out, `error` is what the user met."""
    shown = {"ack": delivery.ack, "error": delivery.error, "ms": delivery.ms}
    return {"ok": True, "delivery": delivery.as_json(), **shown}


async def command(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, CommandBody)
    user, channel = emulator.workspace.person(body.user), emulator.workspace.channel(body.channel)
    return told(await run_command(emulator, user, channel, body.text))


async def click(emulator: Emulator, request: web.Request) -> Told:
    """In a message (channel and ts) or in a view (view_id)."""
    body = await read_body(request, ClickBody)
    user = emulator.workspace.person(body.user)
    press = Press(body.action_id, body.block_id, body.value, body.stale)
    if body.view_id is not None:
        return told(await click_in_view(emulator, user, _own_view(emulator, user, body.view_id), press))
    if body.channel is None or body.ts is None:
        raise ControlRefusal("a click needs channel and ts, or view_id", status=400)
    channel = emulator.workspace.channel(body.channel)
    return told(await click_in_message(emulator, user, channel, body.ts, press))


async def submit_view(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, SubmitBody)
    user = emulator.workspace.person(body.user)
    return told(await submit(emulator, user, top_view(emulator, user, body.view_id), body.values))


async def close_view(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, CloseBody)
    user = emulator.workspace.person(body.user)
    delivery = await close(emulator, user, top_view(emulator, user, body.view_id), whole_stack=body.all)
    return told(delivery) if delivery else {"ok": True, "delivery": None, "ack": None, "error": None, "ms": 0}


async def message(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, MessageBody)
    user, channel = emulator.workspace.person(body.user), emulator.workspace.channel(body.channel)
    return {"ok": True, "ts": write_message(emulator, user, channel, body.text, body.thread_ts).ts}


async def reaction(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ReactionBody)
    user, channel = emulator.workspace.person(body.user), emulator.workspace.channel(body.channel)
    require_presence(user, channel)
    if body.ts not in channel.messages:
        raise ControlRefusal(f"there is no message {body.ts} in #{channel.name}", status=404)
    if not react(emulator, channel, channel.messages[body.ts], user.id, body.name):
        raise ControlRefusal(f"{user.name} reacted with {body.name} before")
    return {"ok": True}


async def join(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, JoinBody)
    user, channel = emulator.workspace.person(body.user), emulator.workspace.channel(body.channel)
    join_channel(emulator, channel, user.id)
    return {"ok": True}


async def shortcut(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ShortcutBody)
    user, row = emulator.workspace.person(body.user), shortcut_named(emulator, body.callback_id)
    if row.type == "global":
        return told(await use_global_shortcut(emulator, user, row))
    if body.channel is None or body.ts is None:
        raise ControlRefusal(f"{row.callback_id} is a message shortcut: it needs channel and ts", status=400)
    channel = emulator.workspace.channel(body.channel)
    return told(await use_message_shortcut(emulator, user, row, channel, body.ts))


async def home(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, HomeBody)
    open_home(emulator, emulator.workspace.person(body.user))
    return {"ok": True}


def _own_view(emulator: Emulator, user: User, view_id: str) -> View:
    """The visible modal, or the Home tab when no modal covers it."""
    home = emulator.workspace.views.homes.get(user.id)
    if home is not None and home.id == view_id:
        return home
    return top_view(emulator, user, view_id)
