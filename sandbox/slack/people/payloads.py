"""The payloads of interactions, field by field as Slack sends them."""

from typing import Any

from ..conversations import Channel
from ..emulator import Emulator
from ..manifest import SlashCommand
from ..workspace import User


def command_payload(
    emulator: Emulator, user: User, channel: Channel, command: SlashCommand, text: str
) -> dict[str, str]:
    """The form of a slash command; the caller adds trigger_id and response_url."""
    team = emulator.workspace.team
    return {
        "token": "",
        "team_id": team.id,
        "team_domain": team.domain,
        "channel_id": channel.id,
        "channel_name": {"im": "directmessage", "groups": "privategroup"}.get(channel.kind, channel.name),
        "user_id": user.id,
        "user_name": user.name,
        "command": command.command,
        "text": text,
        "api_app_id": emulator.app.app_id,
        "is_enterprise_install": "false",
    }


def interaction(emulator: Emulator, kind: str, user: User) -> dict[str, Any]:
    """What all interaction payloads share."""
    team = emulator.workspace.team
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": team.id},
        "team": {"id": team.id, "domain": team.domain},
        "api_app_id": emulator.app.app_id,
        "token": "",
        "enterprise": None,
        "is_enterprise_install": False,
    }


def channel_ref(channel: Channel) -> dict[str, str]:
    name = {"im": "directmessage", "groups": "privategroup"}.get(channel.kind, channel.name)
    return {"id": channel.id, "name": name}
