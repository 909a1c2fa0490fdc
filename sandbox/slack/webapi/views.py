"""views.*: modals need a trigger, Home tabs do not."""

from typing import Any

from ..refusal import SlackRefusal
from ..viewing import content_of, new_view, view_object
from ..views import View
from .call import Answer, Call


def open_view(call: Call) -> Answer:
    content = _content(call, "modal")
    trigger = call.emulator.triggers.check(call.args.text("trigger_id"))
    views = call.emulator.workspace.views
    views.claim_external_id(content.get("external_id", ""), owner="")
    view = new_view(call.emulator, trigger.user, content)
    trigger.is_spent = True
    views.open(view)
    return _shown(call, view)


def push(call: Call) -> Answer:
    """Only a trigger from inside an open modal can push."""
    content = _content(call, "modal")
    trigger = call.emulator.triggers.check(call.args.text("trigger_id"))
    views = call.emulator.workspace.views
    if trigger.view_id is None or not views.stack(trigger.user):
        raise SlackRefusal("not_found")
    views.claim_external_id(content.get("external_id", ""), owner="")
    view = new_view(call.emulator, trigger.user, content, below=views.stack(trigger.user)[-1])
    views.push(view)
    trigger.is_spent = True
    return _shown(call, view)


def update(call: Call) -> Answer:
    """Change an open view, named by its id or its external id."""
    view = call.emulator.workspace.views.find(call.args.text("view_id"), call.args.text("external_id"))
    if view is None:
        raise SlackRefusal("not_found")
    content = _content(call, view.content["type"])
    _check_hash(call, view)
    call.emulator.workspace.views.claim_external_id(content.get("external_id", ""), owner=view.id)
    call.emulator.workspace.views.replace(view, content, new_hash=call.emulator.workspace.mint.ts())
    return _shown(call, view)


def publish(call: Call) -> Answer:
    if not call.emulator.app.manifest.home_is_enabled:
        raise SlackRefusal("not_enabled")
    user = call.person("user_id", error="missing_profile_id")
    content = _content(call, "home")
    views = call.emulator.workspace.views
    old = views.homes.get((call.emulator.app.app_id, user.id))
    if old is None:
        views.claim_external_id(content.get("external_id", ""), owner="")
        old = new_view(call.emulator, user.id, content)
        views.show_home(old)
    else:
        _check_hash(call, old)
        views.claim_external_id(content.get("external_id", ""), owner=old.id)
        views.replace(old, content, new_hash=call.emulator.workspace.mint.ts())
    return _shown(call, old)


def _content(call: Call, kind: str) -> dict[str, Any]:
    return content_of(call.emulator, call.args.structure("view", "invalid_arguments"), kind)


def _check_hash(call: Call, view: View) -> None:
    given = call.args.text("hash")
    if given and given != view.hash:
        raise SlackRefusal("hash_conflict")


def _shown(call: Call, view: View) -> Answer:
    call.emulator.workspace.changes.note()
    return {"view": view_object(call.emulator, view)}
