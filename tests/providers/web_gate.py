"""A proxy in front of a real server, which asks for a token and passes only what it may; and a server that hangs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import ClientSession, web

from sandbox.world.listening import listen

TOKEN = "s3same-gate-0001"


@dataclass
class Gate:
    """`passes` are beginnings of `METHOD /path`; `lose` and `drop` are how many writes break after or before, or get
    `lost_status` as their answer; `mute` is how many of the reads after a write break."""

    upstream: str
    passes: Collection[str] = ()
    url: str = ""
    lose: int = 0
    drop: int = 0
    lost_status: int = 0
    mute: int = 0
    is_closed: bool = False
    at_write: Callable[[], Awaitable[None]] | None = None
    seen: list[str] = field(default_factory=list)

    @property
    def writes(self) -> list[str]:
        return [request for request in self.seen if not request.startswith("GET ")]

    async def forward(self, request: web.Request) -> web.Response:
        asked = f"{request.method} {request.path}"
        self.seen.append(asked)
        if self.is_closed:
            return broken(request)
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        if not any(asked.startswith(allowed) for allowed in self.passes):
            return web.Response(status=403)
        is_write = request.method != "GET"
        if is_write and self.at_write is not None:
            await self.at_write()
        if is_write and self.drop:
            self.drop -= 1
            return self._lost(request)
        if not is_write and self.mute and self.writes:
            self.mute -= 1
            return broken(request)
        answer = await self._passed_on(request)
        if is_write and self.lose:
            self.lose -= 1
            return self._lost(request)
        return answer

    def _lost(self, request: web.Request) -> web.Response:
        return web.Response(status=self.lost_status) if self.lost_status else broken(request)

    async def _passed_on(self, request: web.Request) -> web.Response:
        headers = {"Content-Type": request.headers.get("Content-Type", "application/json")}
        url, body = f"{self.upstream}{request.rel_url}", await request.read()
        async with ClientSession() as session, session.request(request.method, url, data=body, headers=headers) as got:
            return web.Response(body=await got.read(), status=got.status, content_type=got.content_type)


def broken(request: web.Request) -> web.Response:
    """The connection ends without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


@asynccontextmanager
async def gate(upstream: str, passes: Collection[str] = ("",)) -> AsyncIterator[Gate]:
    """A gate that passes everything unless told otherwise."""
    opened = Gate(upstream, passes)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", opened.forward)
    async with listen(app) as url:
        opened.url = url
        yield opened


@asynccontextmanager
async def hanging() -> AsyncIterator[str]:
    """The address of a server that takes every connection and never answers."""
    closing = asyncio.Event()

    async def never(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await closing.wait()
        writer.close()

    server = await asyncio.start_server(never, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        closing.set()
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def saying(body: str, status: int = 200) -> AsyncIterator[str]:
    """The address of a server that answers the same to everything."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    async with listen(app) as url:
        yield url
