"""What a request must be before Bolt sees it: small, fresh, signed, well-formed.

Bolt parses the body before it checks the signature, and ends in a 500 on rubbish; hence a guard in front.
"""

import hashlib
import hmac
import json
import re
from urllib.parse import parse_qs

from starlette.datastructures import Headers

BODY_LIMIT = 512 * 1024  # bytes; a view with its state stays under 250 kB
FRESH = 300  # seconds either way, as Slack documents


def refusal(headers: Headers, body: bytes, secret: str, now: float) -> tuple[int, str] | None:
    """The status and reason of a refusal, or None for a request that may pass."""
    if len(body) > BODY_LIMIT:
        return 413, "too large"
    stamp = headers.get("x-slack-request-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(now - int(stamp)) > FRESH:
        return 401, "timestamp missing or not fresh"
    if not hmac.compare_digest(_signature(secret, stamp, body), headers.get("x-slack-signature", "").encode()):
        return 401, "signature does not match"
    return None if _is_well_formed(headers.get("content-type", ""), body) else (400, "malformed body")


def _signature(secret: str, stamp: str, body: bytes) -> bytes:
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return f"v0={digest}".encode()


def _is_well_formed(content_type: str, body: bytes) -> bool:
    try:
        text = body.decode()
        if content_type.startswith("application/json"):
            return isinstance(json.loads(text), dict)
        form = parse_qs(text, keep_blank_values=True)
        if "payload" in form:
            return _is_interaction(json.loads(form["payload"][0]))
    except ValueError:
        return False
    return "command" in form or "ssl_check" in form


def _is_interaction(payload: object) -> bool:
    """Bolt looks into these parts before any listener does, and takes for granted that they are objects."""
    if not isinstance(payload, dict):
        return False
    return all(isinstance(payload.get(part), dict | None) for part in ("user", "team", "enterprise", "view", "channel"))
