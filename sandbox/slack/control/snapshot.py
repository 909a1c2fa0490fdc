"""The whole visible state as one JSON value."""

from typing import Any

from ..conversations import Channel, Message
from ..emulator import Emulator
from ..viewing import view_object
from ..views import View

Json = dict[str, Any]


def snapshot(emulator: Emulator) -> Json:
    """What the browser page draws and what tests look at."""
    workspace = emulator.workspace
    return {
        "version": workspace.changes.version,
        "clock": emulator.clock.now(),
        "team": workspace.team.model_dump(),
        "app": _app(emulator),
        "users": [vars(user) for user in workspace.users.values()],
        "usergroups": [
            {"id": group.id, "handle": group.handle, "users": workspace.group_members(group.id)}
            for group in workspace.usergroups.values()
        ],
        "commands": [row.model_dump() for row in emulator.app.manifest.commands.values()],
        "shortcuts": [row.model_dump() for row in emulator.app.manifest.shortcuts.values()],
        "channels": [_channel(channel) for channel in workspace.channels.values()],
        "ephemerals": {
            user: [{"channel": one.channel, **_message(one.message)} for one in shown.values()]
            for user, shown in workspace.ephemerals.items()
        },
        "views": {user: [_view(emulator, one) for one in stack] for user, stack in workspace.views.stacks().items()},
        "homes": {user: _view(emulator, view) for user, view in workspace.views.homes.items()},
        "calls": [vars(call) for call in emulator.ledger.calls],
        "deliveries": [delivery.as_json() for delivery in emulator.ledger.deliveries()],
        "notified": list(workspace.notified),
        "notices": list(workspace.notices),
    }


def _app(emulator: Emulator) -> Json:
    app = emulator.app
    return {
        "app_id": app.app_id,
        "name": app.manifest.name,
        "bot_user_id": app.bot_user_id,
        "bot_id": app.bot_id,
        "bot_token": app.bot_token,
        "app_token": app.app_token,
        "signing_secret": app.signing_secret,
        "transport": app.transport,
        "request_url": app.request_url,
        "sockets": emulator.hub.count,
        "base_url": app.base_url,
    }


def _channel(channel: Channel) -> Json:
    names = ("id", "name", "is_private", "is_im", "is_archived", "topic", "pins", "bookmarks")
    shown = {name: getattr(channel, name) for name in names}
    messages = [_message(message) for message in channel.messages.values()]
    return shown | {"members": list(channel.members), "messages": messages}


def _message(message: Message) -> Json:
    told = message.as_slack()
    told.pop("type")
    return told | {"blocks": message.blocks, "edits": message.edits}


def _view(emulator: Emulator, view: View) -> Json:
    return view_object(emulator, view) | {"errors": view.errors}
