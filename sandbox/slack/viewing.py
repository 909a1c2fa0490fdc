"""From a view payload to a view on the screen, and back to the object that Slack tells of it."""

import json
from typing import Any

from .blockkit import view_problems
from .emulator import Emulator
from .inputs import state_values
from .posting import with_ids
from .refusal import SlackRefusal
from .views import View

LARGEST_VIEW = 250_000
_OPTIONAL = ("title", "submit", "close", "private_metadata", "callback_id", "external_id")


def content_of(emulator: Emulator, payload: Any, kind: str) -> dict[str, Any]:
    """The checked payload with every id filled in; problems carry their place under /view."""
    if len(json.dumps(payload)) > LARGEST_VIEW:
        raise SlackRefusal("view_too_large")
    problems = view_problems(payload, kind)
    if problems:
        raise SlackRefusal.with_messages("invalid_arguments", problems)
    return {**payload, "blocks": with_ids(emulator, payload["blocks"])}


def new_view(emulator: Emulator, user: str, content: dict[str, Any], below: View | None = None) -> View:
    """A view with an id and a hash, as the root or on top of another one."""
    mint = emulator.workspace.mint
    view_id = mint.object_id("V")
    root = below.root_view_id if below else view_id
    view = View(view_id, user, content, hash=mint.ts(), root_view_id=root, app_id=emulator.app.app_id)
    view.previous_view_id = below.id if below else None
    return view


def view_object(emulator: Emulator, view: View) -> dict[str, Any]:
    """The view as answers and payloads carry it, with what was chosen so far."""
    owner = emulator.tenants.of_app(view.app_id)
    content, app = view.content, owner.app if owner else emulator.app
    team = emulator.workspace.team.id
    return {
        "id": view.id,
        "team_id": team,
        "type": content["type"],
        "blocks": view.blocks,
        **{name: content.get(name, "" if name.endswith(("metadata", "id")) else None) for name in _OPTIONAL},
        "state": {"values": state_values(view.blocks, view.chosen)},
        "hash": view.hash,
        "clear_on_close": bool(content.get("clear_on_close")),
        "notify_on_close": view.wants_close_notice,
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "app_id": app.app_id,
        "app_installed_team_id": team,
        "bot_id": app.bot_id,
    }
