"""The arguments of a Web API call, wherever they travelled: query, form or JSON body."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from ..refusal import SlackRefusal

_POST_TYPES = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data", "text/plain")


class Arguments:
    """Reads arguments as Slack does: everything may come as a string, lists also separated by commas."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        # The SDKs leave None out of forms but send it as null in JSON: both mean "not given".
        self.given = {name: value for name, value in given.items() if value is not None}

    def has(self, name: str) -> bool:
        return bool(self.given.get(name, "") != "")

    def text(self, name: str) -> str:
        return str(self.given.get(name, ""))

    def flag(self, name: str) -> bool:
        return self.text(name).lower() in ("1", "true")

    def number(self, name: str, default: int, error: str = "invalid_arguments") -> int:
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise SlackRefusal(error) from None

    def words(self, name: str) -> list[str]:
        value = self.given.get(name, "")
        parts = value if isinstance(value, list) else str(value).split(",")
        return [str(part).strip() for part in parts if str(part).strip()]

    def structure(self, name: str, error: str) -> Any:
        """A JSON argument, already decoded or still a string; None when it was not given."""
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise SlackRefusal(error) from None


async def read_arguments(request: web.Request, *, takes_json: bool = True) -> Arguments:
    """Merge query and body; a JSON body must be an object, and is not seen by a method that takes none."""
    given: dict[str, Any] = dict(request.query)
    _check_content_type(request)
    if request.content_type == "application/json":
        given |= await _json_object(request) if takes_json else {}
    else:
        # Files do not come here (they go to an upload URL): every field of a form is text.
        given |= {name: str(value) for name, value in (await request.post()).items()}
    return Arguments(given | _client_credentials(request))


def _check_content_type(request: web.Request) -> None:
    if request.method != "POST" or not request.can_read_body:
        return
    if "Content-Type" not in request.headers:
        raise SlackRefusal("missing_post_type")
    if request.content_type not in _POST_TYPES:
        raise SlackRefusal("invalid_post_type")


def _client_credentials(request: web.Request) -> dict[str, str]:
    """The id and secret of a client that authenticates by HTTP Basic, as OAuth's methods take them."""
    header = request.headers.get("Authorization", "")
    if not header.lower().startswith("basic "):
        return {}
    try:
        client_id, _, secret = base64.b64decode(header.split()[1], validate=True).decode().partition(":")
    except (IndexError, ValueError):
        raise SlackRefusal("invalid_auth") from None
    return {"client_id": client_id, "client_secret": secret}


async def _json_object(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise SlackRefusal("invalid_form_data")
    return body
