"""One thing to deliver, and the two forms it takes on the wire."""

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

from ..ledger import SentBytes

Kind = Literal[
    "command",
    "action",
    "shortcut",
    "view_submission",
    "view_closed",
    "block_suggestion",
    "event",
    "url_verification",
    "ssl_check",
]

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Retry:
    number: int
    reason: str


@dataclass(frozen=True)
class Parcel:
    kind: Kind
    payload: dict[str, Any]
    user: str | None = None
    retry: Retry | None = None

    @property
    def content_type(self) -> str:
        return "application/json" if self.kind in ("event", "url_verification") else FORM

    def http_body(self) -> bytes:
        """Commands are a form, interactions a form around JSON, events JSON."""
        if self.kind in ("command", "ssl_check"):
            return urlencode(self.payload).encode()
        text = json.dumps(self.payload)
        return text.encode() if self.content_type == "application/json" else urlencode({"payload": text}).encode()

    def envelope(self, envelope_id: str) -> SentBytes:
        """The Socket Mode frame; an event that is tried again says so."""
        kinds = {"command": "slash_commands", "event": "events_api"}
        frame: dict[str, Any] = {
            "envelope_id": envelope_id,
            "type": kinds.get(self.kind, "interactive"),
            "payload": self.payload,
            "accepts_response_payload": self.kind != "event",
        }
        if self.retry is not None:
            frame |= {"retry_attempt": self.retry.number, "retry_reason": self.retry.reason}
        return SentBytes(json.dumps(frame).encode(), envelope_id=envelope_id)
