"""The one port of the sandbox, and what opens and closes with it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from socket import AF_INET, SO_REUSEADDR, SOCK_STREAM, SOL_SOCKET, socket
from typing import Any

from aiohttp import web

from .app import App, Identity, install
from .clock import Clock
from .control.routes import control_routes
from .emulator import Emulator, Premises, Tenants, assemble
from .faults import Faults
from .ledger import Ledger
from .manifest import read_manifest
from .replying import answer_response_url
from .roster import DEFAULT_FILE, Roster, read_roster
from .webapi.files import receive, show
from .webapi.gate import Gate
from .workspace import User, Workspace, furnish

LOOPBACK = "127.0.0.1"
LARGEST_BODY = 64 * 1024 * 1024


@dataclass(frozen=True)
class Sandbox:
    """A running workspace: where it is, its clock, its state, and the app's ids and tokens."""

    url: str
    clock: Clock
    workspace: Workspace
    app: App


@asynccontextmanager
async def serve(
    workspace: Path | None = None,
    *,
    manifest: Mapping[str, Any],
    port: int = 0,
    host: str = LOOPBACK,
    request_url: str | None = None,
    clock: Clock | None = None,
    page: Path | None = None,
    strict_rates: bool = True,
) -> AsyncIterator[Sandbox]:
    """Run the emulated Slack until the block is left; a request URL means HTTP deliveries, none means Socket Mode."""
    if host != LOOPBACK:
        raise ValueError(f"the sandbox listens on {LOOPBACK} only, not on {host!r}: it has no passwords")
    roster = read_roster(workspace or DEFAULT_FILE)
    with _bound(port) as listening:
        base_url = f"http://{LOOPBACK}:{listening.getsockname()[1]}"
        emulator = _emulator(roster, manifest, clock or Clock(), base_url)
        emulator.app.request_url = request_url
        emulator.faults.rates_are_strict = strict_rates
        async with _running(_web_app(emulator, page), listening):
            try:
                yield Sandbox(base_url, emulator.clock, emulator.workspace, emulator.app)
            finally:
                await _close(emulator)


def _bound(port: int) -> socket:
    listening = socket(AF_INET, SOCK_STREAM)
    # Without it a restart is refused for a minute, because of the connections that the last run closed.
    listening.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
    try:
        listening.bind((LOOPBACK, port))
    except OSError:
        listening.close()
        raise
    return listening


def _emulator(roster: Roster, document: Mapping[str, Any], clock: Clock, base_url: str) -> Emulator:
    manifest = read_manifest(document)
    ids = roster.app
    bot = User(ids.bot_user_id, manifest.bot_name, manifest.name, "en-US", "UTC", is_bot=True)
    workspace = furnish(roster, bot, clock)
    app = install(Identity(ids.id, ids.bot_user_id, ids.bot_id), manifest, workspace.mint, base_url)
    premises = Premises(clock, workspace, Ledger(workspace.changes), Faults(), base_url)
    return assemble(premises, app, Tenants())


async def _close(emulator: Emulator) -> None:
    """Let the watchers go home, then every app."""
    emulator.workspace.changes.close()
    for tenant in emulator.tenants:
        await tenant.close()


def _web_app(emulator: Emulator, page: Path | None) -> web.Application:
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_only_from_here])
    gate = Gate(emulator.tenants)
    app.add_routes(
        [
            web.get("/api/{method}", gate.handle),
            web.post("/api/{method}", gate.handle),
            web.get("/socket", partial(_socket, emulator)),
            web.post("/response/{app_id}/{key}", partial(answer_response_url, emulator)),
            web.post("/upload/{file_id}", partial(receive, emulator)),
            web.get("/file/{file_id}", partial(show, emulator)),
            *control_routes(emulator),
        ]
    )
    if page is not None:
        app.router.add_get("/", partial(_index, page))
        app.router.add_static("/page/", page)
    return app


async def _socket(emulator: Emulator, request: web.Request) -> web.StreamResponse:
    """A socket of the app that its address names."""
    tenant = emulator.tenants.of_app(request.query.get("app_id", ""))
    if tenant is None:
        raise web.HTTPForbidden(text="there is no such app")
    return await tenant.hub.handle(request)


async def _index(page: Path, request: web.Request) -> web.FileResponse:
    return web.FileResponse(page / "index.html")


@web.middleware
async def _only_from_here(request: web.Request, handler: Any) -> web.StreamResponse:
    """Refuse what a foreign web page makes a browser send: another host name, or another origin."""
    if (request.url.host or "") not in (LOOPBACK, "localhost"):
        raise web.HTTPForbidden(text="the sandbox answers to 127.0.0.1 and localhost only")
    if request.headers.get("Origin", "null") not in ("null", f"http://{request.host}"):
        raise web.HTTPForbidden(text="the sandbox does not answer to other origins")
    answer: web.StreamResponse = await handler(request)
    return answer


@asynccontextmanager
async def _running(app: web.Application, listening: socket) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.SockSite(runner, listening).start()
        yield
    finally:
        await runner.cleanup()
