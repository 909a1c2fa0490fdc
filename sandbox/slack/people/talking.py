"""A person writes, reacts, joins, opens the Home tab, or uses a shortcut."""

from typing import Any

from ..conversations import Channel, Message
from ..delivery.parcel import Parcel
from ..draft import Draft
from ..emulator import Emulator
from ..ledger import Delivery
from ..manifest import Shortcut
from ..posting import post_as_person
from ..refusal import ControlRefusal
from ..response_urls import ReplyTarget
from ..typed_text import typed_message
from ..viewing import view_object
from ..workspace import User
from .outcome import show_failure
from .payloads import channel_ref, interaction
from .presence import require_presence


def write_message(emulator: Emulator, user: User, channel: Channel, text: str, thread_ts: str | None) -> Message:
    require_presence(user, channel)
    if thread_ts is not None and thread_ts not in channel.messages:
        raise ControlRefusal(f"there is no message {thread_ts} in #{channel.name} to reply to", status=404)
    draft = Draft(typed_message(emulator.workspace, text), thread_ts=thread_ts)
    return post_as_person(emulator, channel, user.id, draft)


def open_home(emulator: Emulator, user: User, tab: str) -> None:
    """Tell the app that one of its tabs was opened; the Home view goes along when one is published."""
    event: dict[str, Any] = {
        "type": "app_home_opened",
        "user": user.id,
        "channel": emulator.workspace.dm_ids.get((emulator.app.bot_user_id, user.id), ""),
        "tab": tab,
        "event_ts": emulator.workspace.mint.ts(),
    }
    home = emulator.workspace.views.homes.get((emulator.app.app_id, user.id))
    if home is not None and tab == "home":
        event["view"] = view_object(emulator, home)
    emulator.events.publish("app_home_opened", event)


def shortcut_named(emulator: Emulator, callback_id: str) -> tuple[Emulator, Shortcut]:
    """The shortcut, and the app it belongs to: the last installed one wins."""
    tenants = emulator.tenants.latest()
    for tenant in tenants:
        shortcut = tenant.app.manifest.shortcuts.get(callback_id)
        if shortcut is not None:
            return tenant, shortcut
    known = ", ".join(name for one in tenants for name in one.app.manifest.shortcuts) or "none"
    raise ControlRefusal(f"there is no shortcut {callback_id!r}; the shortcuts are {known}", status=404)


async def use_global_shortcut(emulator: Emulator, user: User, shortcut: Shortcut) -> Delivery:
    """From the lightning menu: no channel, no response URL."""
    payload = interaction(emulator, "shortcut", user) | {
        "callback_id": shortcut.callback_id,
        "trigger_id": emulator.triggers.issue(user.id),
        "action_ts": emulator.workspace.mint.ts(),
    }
    return await _deliver(emulator, user, shortcut, payload)


async def use_message_shortcut(
    emulator: Emulator, user: User, shortcut: Shortcut, channel: Channel, ts: str
) -> Delivery:
    """From the menu of a message, which goes along."""
    require_presence(user, channel)
    message = channel.messages.get(ts)
    if message is None:
        raise ControlRefusal(f"there is no message {ts} in #{channel.name}", status=404)
    payload = interaction(emulator, "message_action", user) | {
        "callback_id": shortcut.callback_id,
        "trigger_id": emulator.triggers.issue(user.id),
        "response_url": emulator.response_urls.issue(ReplyTarget(user.id, channel.id, "message", ts)),
        "action_ts": emulator.workspace.mint.ts(),
        "message_ts": ts,
        "message": message.as_slack(),
        "channel": channel_ref(channel),
    }
    return await _deliver(emulator, user, shortcut, payload)


async def _deliver(emulator: Emulator, user: User, shortcut: Shortcut, payload: dict[str, Any]) -> Delivery:
    delivery = await emulator.courier.deliver(Parcel("shortcut", payload, user.id))
    show_failure(emulator, user, shortcut.name, delivery)
    emulator.workspace.changes.note()
    return delivery
