"""What requests to an engine say."""

import json

from aiohttp import web

from sandbox.world.docker.refusals import Refusal


def filters(request: web.Request) -> dict[str, list[str]]:
    """What a listing is narrowed to."""
    try:
        found: dict[str, list[str]] = json.loads(request.query.get("filters") or "{}")
    except ValueError as error:
        raise Refusal(500, str(error)) from error
    return found


def is_wanted(request: web.Request, switch: str) -> bool:
    """Whether a switch of the query is on."""
    return request.query.get(switch) in {"1", "true"}
