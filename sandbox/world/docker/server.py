"""The part of the Engine API that the bot's operations ask for; everything else is an unknown page, as on Docker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.world.docker.documents import inspected, listed, measured
from sandbox.world.docker.engine import Docker
from sandbox.world.docker.image_pages import ImagePages
from sandbox.world.docker.output_pages import OutputPages
from sandbox.world.docker.refusals import Refusal, no_page
from sandbox.world.docker.requests import filters, is_wanted

_HEADERS = {
    "Api-Version": "1.41",
    "Docker-Experimental": "false",
    "Ostype": "linux",
    "Server": "Docker/20.10.24 (linux)",
}


class ContainerPages:
    """Requests for the containers of one engine."""

    def __init__(self, engine: Docker) -> None:
        self.engine = engine

    def routes(self) -> list[web.RouteDef]:
        one = "/containers/{name}"
        return [
            web.get("/_ping", self._ping),
            web.get("/containers/json", self._list),
            web.post("/containers/create", self._create),
            web.get(f"{one}/json", self._inspect),
            web.get(f"{one}/stats", self._stats),
            web.get(f"{one}/changes", self._changes),
            web.post(f"{one}/start", self._start),
            web.post(f"{one}/stop", self._stop),
            web.post(f"{one}/restart", self._restart),
            web.post(f"{one}/rename", self._rename),
            web.delete(one, self._remove),
            web.post("/networks/{name}/connect", self._connect),
        ]

    async def _ping(self, _request: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _list(self, request: web.Request) -> web.Response:
        labels = filters(request).get("label", [])
        found = [one for one in self.engine.present() if one.is_running or is_wanted(request, "all")]
        fits = [one for one in found if all(_has(one.config.get("Labels") or {}, label) for label in labels)]
        return web.json_response([listed(one, self.engine.now) for one in fits])

    async def _create(self, request: web.Request) -> web.Response:
        made = self.engine.create(request.query.get("name", ""), await request.json())
        return web.json_response({"Id": made.id, "Warnings": []}, status=201)

    async def _inspect(self, request: web.Request) -> web.Response:
        return web.json_response(inspected(self.engine.container(request.match_info["name"]), self.engine.now))

    async def _stats(self, request: web.Request) -> web.Response:
        one = self.engine.container(request.match_info["name"])
        await asyncio.sleep(min(self.engine.pace, 1.0) if one.is_running else 0)
        return web.json_response(measured(one, self.engine.now))

    async def _changes(self, request: web.Request) -> web.Response:
        written = self.engine.container(request.match_info["name"]).written
        return web.json_response([{"Path": path, "Kind": 1} for path in written] or None)

    async def _start(self, request: web.Request) -> web.Response:
        self.engine.start(request.match_info["name"])
        return web.Response(status=204)

    async def _stop(self, request: web.Request) -> web.Response:
        await self._let_end(request)
        self.engine.stop(request.match_info["name"])
        return web.Response(status=204)

    async def _restart(self, request: web.Request) -> web.Response:
        await self._let_end(request)
        self.engine.restart(request.match_info["name"])
        return web.Response(status=204)

    async def _let_end(self, request: web.Request) -> None:
        if self.engine.container(request.match_info["name"]).is_running:
            await asyncio.sleep(min(self.engine.pace, float(request.query.get("t") or 10)))

    async def _rename(self, request: web.Request) -> web.Response:
        self.engine.rename(request.match_info["name"], request.query.get("name", ""))
        return web.Response(status=204)

    async def _remove(self, request: web.Request) -> web.Response:
        self.engine.remove(request.match_info["name"], is_forced=is_wanted(request, "force"))
        return web.Response(status=204)

    async def _connect(self, request: web.Request) -> web.Response:
        self.engine.connect(request.match_info["name"], await request.json())
        return web.Response()


def _has(labels: dict[str, str], wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return name in labels and (not equals or labels[name] == value)


@web.middleware
async def _in_dockers_words(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        answer = await handler(request)
    except web.HTTPException:
        return _refused(no_page())
    except Refusal as refusal:
        answer = _refused(refusal)
    answer.headers.update(_HEADERS)
    return answer


def _refused(refusal: Refusal) -> web.Response:
    if refusal.status == 304:
        return web.Response(status=304)
    return web.json_response({"message": str(refusal)}, status=refusal.status)


@asynccontextmanager
async def serve(engine: Docker, place: Path) -> AsyncIterator[Docker]:
    """The engine on a unix socket."""
    application = web.Application(middlewares=[_in_dockers_words])
    for pages in (ContainerPages, ImagePages, OutputPages):
        application.add_routes(pages(engine).routes())
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
    await runner.setup()
    try:
        await web.UnixSite(runner, str(place)).start()
        engine.socket = str(place)
        yield engine
    finally:
        await runner.cleanup()
