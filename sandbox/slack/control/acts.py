"""What people do with an app: commands, clicks, forms, shortcuts, tabs; one function for each path."""

from typing import Any

from aiohttp import web

from ..emulator import Emulator
from ..ledger import Delivery
from ..people.click import Press, click_in_message, click_in_view
from ..people.command import run_command
from ..people.modal import close, submit, top_view
from ..people.suggestion import Typing, suggest_in_message, suggest_in_view
from ..people.talking import open_home, shortcut_named, use_global_shortcut, use_message_shortcut
from ..refusal import ControlRefusal
from ..views import View
from ..workspace import User
from .naming import tenant_named
from .requests import (
    ClickBody,
    CloseBody,
    CommandBody,
    HomeBody,
    ShortcutBody,
    SubmitBody,
    SuggestBody,
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
    press = Press(body.action_id, body.block_id, body.value, body.stale, body.values)
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


async def shortcut(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, ShortcutBody)
    user = emulator.workspace.person(body.user)
    tenant, row = shortcut_named(emulator, body.callback_id)
    if row.type == "global":
        return told(await use_global_shortcut(tenant, user, row))
    if body.channel is None or body.ts is None:
        raise ControlRefusal(f"{row.callback_id} is a message shortcut: it needs channel and ts", status=400)
    channel = emulator.workspace.channel(body.channel)
    return told(await use_message_shortcut(tenant, user, row, channel, body.ts))


async def home(emulator: Emulator, request: web.Request) -> Told:
    body = await read_body(request, HomeBody)
    open_home(tenant_named(emulator, body.app), emulator.workspace.person(body.user), body.tab)
    return {"ok": True}


async def suggest(emulator: Emulator, request: web.Request) -> Told:
    """What the app offers for the words typed into a select with external options."""
    body = await read_body(request, SuggestBody)
    user = emulator.workspace.person(body.user)
    typing = Typing(body.action_id, body.value, body.block_id)
    if body.view_id is not None:
        offered = await suggest_in_view(emulator, user, _own_view(emulator, user, body.view_id), typing)
    elif body.channel is not None and body.ts is not None:
        channel = emulator.workspace.channel(body.channel)
        offered = await suggest_in_message(emulator, user, channel, body.ts, typing)
    else:
        raise ControlRefusal("a suggestion needs channel and ts, or view_id", status=400)
    return told(offered.delivery) | {"options": offered.options}


def _own_view(emulator: Emulator, user: User, view_id: str) -> View:
    """The visible modal, or a Home tab."""
    for (_, owner), home in emulator.workspace.views.homes.items():
        if owner == user.id and home.id == view_id:
            return home
    return top_view(emulator, user, view_id)
