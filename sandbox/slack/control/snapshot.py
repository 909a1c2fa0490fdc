"""The whole visible state as one JSON value."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

from ..conversations import Channel, Message
from ..emulator import Emulator
from ..viewing import view_object
from ..views import View

Json = dict[str, Any]
T = TypeVar("T")


LATEST = 200


def snapshot(emulator: Emulator, calls: int = LATEST) -> Json:
    """What the browser page draws and what tests look at; of calls and deliveries only the latest."""
    workspace = emulator.workspace
    return {
        "version": workspace.changes.version,
        "clock": emulator.clock.now(),
        "team": workspace.team.model_dump(),
        "app": app_json(emulator),
        "apps": [app_json(tenant) | {"homes": _homes(tenant)} for tenant in emulator.tenants],
        "users": [vars(user) for user in workspace.users.values()],
        "usergroups": [
            {"id": group.id, "handle": group.handle, "users": workspace.group_members(group.id)}
            for group in workspace.usergroups.values()
        ],
        "commands": _offered([one.app.manifest.commands for one in emulator.tenants.latest()]),
        "shortcuts": _offered([one.app.manifest.shortcuts for one in emulator.tenants.latest()]),
        "channels": [_channel(channel) for channel in workspace.channels.values()],
        "ephemerals": {
            user: [{"channel": one.channel, **_message(one.message)} for one in shown.values()]
            for user, shown in workspace.ephemerals.items()
        },
        "views": {user: [_view(emulator, one) for one in stack] for user, stack in workspace.views.stacks().items()},
        "homes": _homes(emulator),
        "calls": [vars(call) for call in latest(emulator.ledger.calls, calls)],
        "deliveries": [delivery.as_json() for delivery in latest(emulator.ledger.deliveries(), calls)],
        "notified": list(workspace.notified),
        "notices": list(workspace.notices),
    }


def latest(rows: Iterable[T], most: int) -> list[T]:
    return list(rows)[-most:] if most else []


def app_json(emulator: Emulator) -> Json:
    app = emulator.app
    return {
        "app_id": app.app_id,
        "name": app.manifest.name,
        "bot_user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "bot_token": app.bot_token,
        "app_token": app.app_token,
        "signing_secret": app.signing_secret,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "scopes": sorted(app.scopes),
        "is_installed": app.is_installed,
        "transport": app.transport,
        "request_url": app.request_url,
        "sockets": emulator.hub.count,
        "base_url": app.base_url,
    }


def _homes(emulator: Emulator) -> Json:
    homes = emulator.workspace.views.homes
    return {user: _view(emulator, view) for (app_id, user), view in homes.items() if app_id == emulator.app.app_id}


def _offered(tables: Iterable[Mapping[str, BaseModel]]) -> list[Json]:
    """What people find in the client; of two with the same name the first table's, the last installed app's."""
    merged: dict[str, BaseModel] = {}
    for table in tables:
        merged = {**table, **merged}
    return [row.model_dump() for row in merged.values()]


def _channel(channel: Channel) -> Json:
    names = ("id", "name", "is_private", "is_im", "is_archived", "topic", "purpose", "pins", "bookmarks")
    shown = {name: getattr(channel, name) for name in names}
    messages = [_message(message) for message in channel.messages.values()]
    return shown | {"members": list(channel.members), "messages": messages}


def _message(message: Message) -> Json:
    told = message.as_slack()
    told.pop("type")
    return told | {"blocks": message.blocks, "edits": message.edits}


def _view(emulator: Emulator, view: View) -> Json:
    return view_object(emulator, view) | {"errors": view.errors}
