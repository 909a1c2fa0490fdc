"""A person submits or closes a modal."""

from typing import Any

from ..delivery.parcel import Parcel
from ..emulator import Emulator
from ..inputs import state_values
from ..ledger import Delivery
from ..refusal import ControlRefusal, SlackRefusal
from ..viewing import content_of, new_view, view_object
from ..views import View
from ..workspace import User
from .entering import enter
from .filling import missing_or_wrong
from .payloads import interaction

TROUBLE = "We had some trouble connecting. Try again?"


def top_view(emulator: Emulator, user: User, view_id: str) -> View:
    """The user's visible modal, which must be the one meant."""
    stack = emulator.workspace.views.stack(user.id)
    if not stack or stack[-1].id != view_id:
        seen = f"{user.name} has {stack[-1].id} on top" if stack else f"{user.name} has no modal open"
        raise ControlRefusal(f"the view {view_id} is not on the screen: {seen}", status=404)
    return stack[-1]


def owner_of_view(emulator: Emulator, view: View) -> Emulator:
    """The workspace as the app that shows this view meets it."""
    return emulator.tenants.of_app(view.app_id) or emulator


async def submit(emulator: Emulator, user: User, view: View, values: dict[str, Any]) -> Delivery:
    """Fill in the values, refuse what Slack's client would refuse, deliver, and do what the answer says."""
    emulator = owner_of_view(emulator, view)
    enter(view.blocks, view.chosen, values, emulator.workspace)
    problems = missing_or_wrong(view.blocks, state_values(view.blocks, view.chosen))
    if problems:
        places = ", ".join(f"{block} ({reason})" for block, reason in problems.items())
        raise ControlRefusal(f"the client does not submit this view: {places}", status=400, blocks=problems)
    if view.content.get("submit") is None:
        raise ControlRefusal("this view has no submit button")
    payload = interaction(emulator, "view_submission", user) | {
        "trigger_id": emulator.triggers.issue(user.id, view.id),
        "view": view_object(emulator, view),
        "response_urls": [],
    }
    delivery = await emulator.courier.deliver(Parcel("view_submission", payload, user.id))
    if delivery.error is None:
        _obey(emulator, user, view, delivery)
    if delivery.error is not None:
        emulator.workspace.notice(user.id, f"{TROUBLE} ({delivery.error})", emulator.clock.now())
    emulator.workspace.changes.note()
    return delivery


async def close(emulator: Emulator, user: User, view: View, *, whole_stack: bool) -> Delivery | None:
    """Close one view, or all of them with the x; the app hears of those that asked for it."""
    emulator = owner_of_view(emulator, view)
    views = emulator.workspace.views
    closed = views.close_all(user.id) if whole_stack else [views.close_top(user.id)]
    emulator.workspace.changes.note()
    last: Delivery | None = None
    for one in closed:
        if one.wants_close_notice:
            payload = interaction(emulator, "view_closed", user)
            payload |= {"view": view_object(emulator, one), "is_cleared": whole_stack}
            last = await emulator.courier.deliver(Parcel("view_closed", payload, user.id))
    return last


def _obey(emulator: Emulator, user: User, view: View, delivery: Delivery) -> None:
    """Carry out the response_action; an answer that Slack would refuse leaves the view open, with an error."""
    views = emulator.workspace.views
    answer = delivery.ack if isinstance(delivery.ack, dict) else {}
    try:
        match answer.get("response_action"):
            case None:
                if view in views.stack(user.id):
                    views.close_top(user.id)
            case "clear":
                views.close_all(user.id)
            case "errors":
                view.errors = _field_errors(view, answer.get("errors"))
            case "update":
                content = content_of(emulator, answer.get("view"), "modal")
                views.replace(view, content, emulator.workspace.mint.ts())
            case "push":
                content = content_of(emulator, answer.get("view"), "modal")
                views.push(new_view(emulator, user.id, content, below=view))
            case unknown:
                raise SlackRefusal("invalid_response_action", given=unknown)
    except SlackRefusal as refusal:
        delivery.error = refusal.error


def _field_errors(view: View, errors: Any) -> dict[str, str]:
    """Keys must be block_ids of input blocks, else Slack shows its trouble message."""
    inputs = {block["block_id"] for block in view.blocks if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not errors.keys() <= inputs:
        raise SlackRefusal("invalid_errors")
    return {str(block): str(text) for block, text in errors.items()}
