"""The emulated GraphQL endpoint: tokens, faults, and answers cut to what was asked for.

An EMULATOR. Two tokens exist: that of the project, sent as `Project-Access-Token`, and that of the workspace, sent as
`Authorization: Bearer`. A refusal is a 200 whose `errors` say `Not Authorized`, as the real one answers.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.world.listening import listen
from sandbox.world.railway.language import Malformed, Selected, parse
from sandbox.world.railway.platform import Platform
from sandbox.world.railway.resolvers import WRITES, Failed, Resolvers


@dataclass
class Faults:
    """`status` answers everything with it; `lose_answers` counts changes made without an answer, `lose_requests`
    changes lost before they are made; `denied` are root fields that no token may use, `odd` ones answer nonsense, and
    `quoting` ones refuse what was sent by repeating it, as GraphQL does with a value of the wrong type."""

    status: int = 0
    retry_after: int = 0
    is_hung: bool = False
    is_garbled: bool = False
    lose_answers: int = 0
    lose_requests: int = 0
    denied: set[str] = field(default_factory=set)
    odd: set[str] = field(default_factory=set)
    quoting: set[str] = field(default_factory=set)
    failing: dict[str, str] = field(default_factory=dict)


@dataclass
class Railway:
    """A running emulator; `calls` counts the root fields that were used, `refusals` the requests met with a status."""

    platform: Platform
    url: str = ""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    workspace_token: str = field(default_factory=lambda: secrets.token_hex(16))
    faults: Faults = field(default_factory=Faults)
    calls: Counter[str] = field(default_factory=Counter)
    refusals: int = 0
    quoted: list[str] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request to /graphql/v2."""
        if self.faults.is_hung:
            await asyncio.sleep(3600)
        if self.faults.status:
            self.refusals += 1
            headers = {"Retry-After": str(self.faults.retry_after)} if self.faults.retry_after else {}
            return web.json_response({"message": "trouble"}, status=self.faults.status, headers=headers)
        if self.faults.is_garbled:
            return web.Response(text="<html>welcome</html>", content_type="text/html")
        body = await request.json()
        self.platform.settle()
        try:
            kind, selection = parse(body["query"], body.get("variables") or {})
        except Malformed as error:
            return web.json_response({"errors": [{"message": str(error)}]}, status=400)
        if kind == "mutation" and self.faults.lose_requests:
            self.faults.lose_requests -= 1
            return _hang_up(request)
        answer = self._answer(request, kind, selection)
        if kind == "mutation" and self.faults.lose_answers and "errors" not in answer:
            self.faults.lose_answers -= 1
            return _hang_up(request)
        return web.json_response(answer)

    def _answer(self, request: web.Request, kind: str, selection: list[Selected]) -> dict[str, Any]:
        is_workspace = request.headers.get("Authorization") == f"Bearer {self.workspace_token}"
        is_project = request.headers.get("Project-Access-Token") == self.token
        resolvers = Resolvers(self.platform, is_workspace_token=is_workspace)
        data: dict[str, Any] = {}
        try:
            for selected in selection:
                if not (is_workspace or is_project) or selected.name in self.faults.denied:
                    raise Failed("Not Authorized")
                if selected.name in self.faults.quoting:
                    self.quoted = list(selected.arguments["input"]["variables"].values())
                    raise Failed(f'Variable "$input" got invalid value {" ".join(self.quoted)}; it is too long')
                if selected.name in self.faults.failing:
                    raise Failed(self.faults.failing[selected.name])
                if (selected.name in WRITES) != (kind == "mutation"):
                    raise Failed(f'Cannot query field "{selected.name}" on this type.')
                self.calls[selected.name] += 1
                if selected.name in self.faults.odd:
                    return {"data": {selected.alias: ["nonsense"]}}
                data[selected.alias] = _cut(resolvers.answer(selected.name, selected.arguments), selected)
        except Failed as error:
            return {"errors": [{"message": str(error), "path": [selected.alias]}], "data": None}
        return {"data": data}


def _cut(value: Any, selected: Selected) -> Any:
    """Only the fields that were asked for; one that does not exist is an error, as with the real schema."""
    if isinstance(value, list):
        return [_cut(one, selected) for one in value]
    if not selected.fields or not isinstance(value, dict):
        return value
    for wanted in selected.fields:
        if wanted.name not in value:
            raise Failed(f'Cannot query field "{wanted.name}" on the type of "{selected.name}".')
    return {wanted.alias: _cut(value[wanted.name], wanted) for wanted in selected.fields}


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def open_railway(pace: float = 0.05, port: int = 0) -> AsyncIterator[Railway]:
    """An emulator with an empty project; `platform` makes services and changes them behind the client's back."""
    railway = Railway(Platform(pace))
    app = web.Application()
    app.add_routes([web.post("/graphql/v2", railway.handle)])
    async with listen(app, port) as url:
        railway.url = f"{url}/graphql/v2"
        yield railway
