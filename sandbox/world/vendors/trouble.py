"""What can go wrong with an emulated vendor, whichever it is."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware


@dataclass
class Trouble:
    """Faults of one vendor; all of them off at first. `requests` remembers method and path of each request."""

    status: int | None = None
    """Answer everything with this status."""
    retry_after: int | None = None
    """Seconds to be named with a 429."""
    latency_seconds: float = 0.0
    """Wait so long before each answer."""
    hangs: bool = False
    """Take requests and never answer."""
    garbage: bytes | None = None
    """Answer 200 with these bytes."""
    lose_answers: int = 0
    """Carry out this many writes (anything but GET), then break the connection instead of answering."""
    drop_writes: int = 0
    """Break the connection of this many writes without carrying them out."""
    blind_looks: int = 0
    """Refuse this many reads with 429, once something was written."""
    meddle: Callable[[], None] | None = None
    """Called once, right after the next GET was answered: somebody else changes things between two requests."""
    requests: list[str] = field(default_factory=list)
    written: int = 0
    """How many requests could have changed something."""


def troubled(trouble: Callable[[], Trouble], writes: Callable[[web.Request], bool]) -> Middleware:
    """A middleware that lets a vendor suffer its present trouble."""

    @web.middleware
    async def suffer(request: web.Request, handler: Handler) -> web.StreamResponse:
        now = trouble()
        now.requests.append(f"{request.method} {request.path}")
        now.written += writes(request)
        is_write = writes(request)
        if now.hangs:
            await asyncio.Event().wait()
        if now.latency_seconds:
            await asyncio.sleep(now.latency_seconds)
        if now.status is not None:
            headers = {"Retry-After": str(now.retry_after)} if now.retry_after is not None else {}
            return web.json_response({"error": {"message": "emulated trouble"}}, status=now.status, headers=headers)
        if now.garbage is not None:
            return web.Response(body=now.garbage, content_type="application/json")
        if is_write and now.drop_writes:
            now.drop_writes -= 1
            return _broken(request)
        if not is_write and now.written and now.blind_looks:
            now.blind_looks -= 1
            return web.json_response({"message": "slow down"}, status=429)
        answer = await handler(request)
        if is_write and now.lose_answers:
            now.lose_answers -= 1
            return _broken(request)
        if not is_write and now.meddle is not None:
            meddle, now.meddle = now.meddle, None
            meddle()
        return answer

    return suffer


def _proxied(is_up: Callable[[], bool]) -> Middleware:
    @web.middleware
    async def pass_on(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await handler(request) if is_up() else web.Response(status=502, text="Bad Gateway")

    return pass_on


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


class Vendor(ABC):
    """What all emulated vendors have: an address and their trouble."""

    def __init__(self) -> None:
        self.url = ""
        self.trouble = Trouble()
        self._is_up: Callable[[], bool] = lambda: True

    def runs_in(self, is_up: Callable[[], bool]) -> None:
        """What it runs in; while that is down, the proxy in front of it answers instead."""
        self._is_up = is_up

    def application(self) -> web.Application:
        app = web.Application(
            middlewares=[_proxied(lambda: self._is_up()), troubled(lambda: self.trouble, self.writes)]
        )
        app.add_routes(self.routes())
        return app

    def writes(self, request: web.Request) -> bool:
        """Whether a request could change something."""
        return request.method not in {"GET", "HEAD"}

    @abstractmethod
    def routes(self) -> list[web.RouteDef]:
        """What this vendor answers to."""
