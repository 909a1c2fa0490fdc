"""An EMULATED application of a neighbouring system, as far as a probe from outside sees it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from sandbox.world.vendors.trouble import Vendor


@dataclass(frozen=True)
class Answer:
    """What one path answers: text is a page of HTML, anything else a JSON document.

    A private one wants the site's token, a login its user and password in whichever fields.
    """

    body: Any
    status: int = 200
    is_private: bool = False
    is_login: bool = False


class Site(Vendor):
    """`answers` are by `METHOD /path` and may be exchanged; a path that is not among them is a 404."""

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        super().__init__()
        self.answers = dict(answers)
        self.user, self.password = "synthetic@example.com", secrets.token_hex(12)
        self.token = secrets.token_hex(16)

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = self.answers.get(f"{method} /{request.match_info['path']}")
        if found is None:
            return _written({"detail": "Not Found"}, 404)
        if found.is_private and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _written({"detail": "Unauthorized"}, 401)
        if found.is_login and not {self.user, self.password} <= set((await request.json()).values()):
            return _written({"detail": "Invalid credentials"}, 401)
        return _written(found.body, found.status)


def _written(body: Any, status: int) -> web.Response:
    """JSON without a charset, as most frameworks write it."""
    if isinstance(body, str):
        return web.Response(text=body, status=status, content_type="text/html")
    return web.Response(body=json.dumps(body).encode(), status=status, content_type="application/json")
