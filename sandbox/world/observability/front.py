"""The front door of each emulator: who may come in, what goes wrong on purpose, and what was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler

Refusal = Callable[[int, str], web.Response]
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass
class Front:
    """Tokens with what they may do, faults, and the log of requests as `METHOD /path`.

    `answering`, when cleared, takes requests without answering; `lose_answers` is how many writes are done and not
    answered; `drop_writes` is how many are lost before they are done; `lost_status` is what something in front answers
    for them, nothing when it is 0; `blind_looks` is how many reads are refused once something was written; `breaks`
    ends every connection; `status` makes every answer that error.
    """

    tokens: dict[str, frozenset[str]] = field(default_factory=dict)
    scheme: str = "Bearer "
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    lose_answers: int = 0
    drop_writes: int = 0
    lost_status: int = 0
    blind_looks: int = 0
    breaks: bool = False
    status: int | None = None
    requests: list[str] = field(default_factory=list)
    before_write: Callable[[], Awaitable[None]] | None = None

    def __post_init__(self) -> None:
        self.answering.set()

    @property
    def writes(self) -> list[str]:
        """The requests that change something."""
        return [request for request in self.requests if request.partition(" ")[0] in _WRITES]

    def scopes(self, request: web.Request) -> frozenset[str] | None:
        """What the caller may do; None when its token is unknown."""
        return self.tokens.get(request.headers.get("Authorization", "").removeprefix(self.scheme))


def guarded(front: Front, needed: Mapping[str, str], refuse: Refusal) -> web.Application:
    """An application that asks for a known token, and per `METHOD /first-path-part` for a scope."""

    @web.middleware
    async def door(request: web.Request, handler: Handler) -> web.StreamResponse:
        front.requests.append(f"{request.method} {request.path}")
        await front.answering.wait()
        if front.breaks:
            return _gone(request)
        if front.status is not None:
            return refuse(front.status, "something is broken")
        scopes = front.scopes(request)
        if front.tokens and scopes is None:
            return refuse(401, "Unauthorized")
        wanted = _needed(request, needed)
        if front.tokens and wanted and wanted not in (scopes or ()):
            return refuse(403, f"Permissions needed: {wanted}")
        if request.method not in _WRITES and front.writes and front.blind_looks:
            front.blind_looks -= 1
            return refuse(429, "slow down")
        return await _carried_out(front, request, handler)

    return web.Application(middlewares=[door])


def _needed(request: web.Request, needed: Mapping[str, str]) -> str | None:
    fitting = [prefix for prefix in needed if f"{request.method} {request.path}".startswith(prefix)]
    return needed[max(fitting, key=len)] if fitting else None


async def _carried_out(front: Front, request: web.Request, handler: Handler) -> web.StreamResponse:
    if request.method not in _WRITES:
        return await handler(request)
    if front.before_write is not None:
        await front.before_write()
    if front.drop_writes:
        front.drop_writes -= 1
        return _lost(front, request)
    answer = await handler(request)
    if front.lose_answers:
        front.lose_answers -= 1
        return _lost(front, request)
    return answer


def _lost(front: Front, request: web.Request) -> web.Response:
    return web.Response(status=front.lost_status) if front.lost_status else _gone(request)


def _gone(request: web.Request) -> web.Response:
    """The connection breaks instead of an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
