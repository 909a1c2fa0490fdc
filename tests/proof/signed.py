"""Requests as only Slack could send them, or somebody who has the signing secret: with payloads of our own."""

import json
from typing import Any
from urllib.parse import urlencode

from slack_sdk.signature import SignatureVerifier

TEAM = "T0PLANTAO"


def click(user: str, action: str, value: str, trigger: str, *, team: str = TEAM) -> bytes:
    """The body of a click on a button."""
    return _interaction(
        {
            "type": "block_actions",
            "team": {"id": team},
            "user": {"id": user, "team_id": team},
            "channel": {"id": "C0INCIDENTS"},
            "response_url": "http://127.0.0.1:9/",
            "trigger_id": trigger,
            "actions": [{"type": "button", "action_id": action, "block_id": "b", "value": value}],
        }
    )


def submission(
    user: str, callback: str, metadata: str, values: dict[str, str], trigger: str, *, team: str = TEAM
) -> bytes:
    """The body of a submitted form."""
    state = {name: {name: {"type": "plain_text_input", "value": value}} for name, value in values.items()}
    view = {
        "id": f"V{trigger}",
        "hash": trigger,
        "type": "modal",
        "callback_id": callback,
        "private_metadata": metadata,
        "state": {"values": state},
    }
    return _interaction(
        {"type": "view_submission", "team": {"id": team}, "user": {"id": user, "team_id": team}, "view": view}
    )


def command(user: str, text: str, trigger: str, *, team: str = TEAM) -> bytes:
    """The body of a slash command, typed in #incidents."""
    name, _, words = text.partition(" ")
    form = {
        "command": name,
        "text": words,
        "team_id": team,
        "user_id": user,
        "channel_id": "C0INCIDENTS",
        "channel_name": "incidents",
        "trigger_id": trigger,
        "response_url": "http://127.0.0.1:9/",
    }
    return urlencode(form).encode()


def _interaction(payload: dict[str, Any]) -> bytes:
    return urlencode({"payload": json.dumps(payload)}).encode()


def headers(secret: str, body: bytes, at: float) -> dict[str, str]:
    """The signature of a body at a moment."""
    stamp = str(int(at))
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": str(SignatureVerifier(secret).generate_signature(timestamp=stamp, body=body)),
        "Content-Type": "application/x-www-form-urlencoded",
    }
