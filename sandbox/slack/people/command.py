"""A person types a slash command."""

from ..conversations import Channel
from ..delivery.parcel import Parcel
from ..emulator import Emulator
from ..ledger import Delivery
from ..posting import echo_command
from ..refusal import ControlRefusal, SlackRefusal
from ..replying import reply
from ..response_urls import ReplyTarget
from ..typed_text import typed_command
from ..workspace import User
from .outcome import show_failure
from .payloads import command_payload
from .presence import require_presence


async def run_command(emulator: Emulator, user: User, channel: Channel, line: str) -> Delivery:
    """Deliver the command, wait for its acknowledgement, show the user what it says."""
    require_presence(user, channel)
    word, *rest = line.strip().split(maxsplit=1)
    emulator = _owner(emulator, user, word)
    command = emulator.app.manifest.commands[word]
    text = typed_command(emulator.workspace, "".join(rest), should_escape=command.should_escape)
    target = ReplyTarget(user.id, channel.id, "command")
    payload = command_payload(emulator, user, channel, command, text) | {
        "response_url": emulator.response_urls.issue(target),
        "trigger_id": emulator.triggers.issue(user.id),
    }
    delivery = await emulator.courier.deliver(Parcel("command", payload, user.id))
    if delivery.error is None:
        _show_ack(emulator, target, line, delivery)
    show_failure(emulator, user, word, delivery)
    emulator.workspace.changes.note()
    return delivery


def _owner(emulator: Emulator, user: User, word: str) -> Emulator:
    """The app whose command it is: the last installed one wins."""
    tenants = emulator.tenants.latest()
    owner = next((one for one in tenants if word in one.app.manifest.commands), None)
    if owner is None:
        known = ", ".join(dict.fromkeys(word for one in tenants for word in one.app.manifest.commands)) or "none"
        emulator.workspace.notice(user.id, f"{word} is not a valid command.", emulator.clock.now())
        raise ControlRefusal(f"{word} is not a valid command; the commands are {known}", status=404)
    return owner


def _show_ack(emulator: Emulator, target: ReplyTarget, line: str, delivery: Delivery) -> None:
    """Nothing, a text, or a message; an in_channel answer shows the typed command first."""
    if not delivery.ack:
        return
    body = delivery.ack if isinstance(delivery.ack, dict) else {"text": str(delivery.ack)}
    is_public = body.get("response_type") == "in_channel"
    if is_public:
        echo_command(emulator, emulator.workspace.channels[target.channel], target.user, line)
    if body.keys() <= {"response_type"}:
        return
    try:
        reply(emulator, target, {**body, "replace_original": False, "delete_original": False})
    except SlackRefusal as refusal:
        delivery.error = refusal.error
