"""The HTTP service "agente-api", which is as well as its pods and its dependencies are."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.world.kubernetes.images import Fate
from sandbox.world.patient import Patient, State
from sandbox.world.traffic import MOODS, MOODS_WITHOUT, Mood, Traffic

_SLOW_SECONDS = 1.2
_DEPENDENCIES = tuple(MOODS_WITHOUT)


@dataclass(frozen=True)
class Backend:
    """A ready pod, as a load balancer sees it."""

    version: str
    fate: Fate
    maintenance: str = ""


@dataclass
class Conditions:
    """What else is wrong with the service, beside its pods."""

    latency_seconds: float = 0.0
    status: int | None = None
    version: str = ""
    down: set[str] = field(default_factory=set)
    answering: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared while the service hangs: it takes requests and does not answer them."""

    def __post_init__(self) -> None:
        self.answering.set()


class Service:
    """Sends each request to the next ready pod, so that a half-finished rollout answers both ways in turn."""

    def __init__(self, backends: Callable[[], list[Backend]], patient: Patient, pace: float) -> None:
        self.conditions = Conditions()
        self.test_token = secrets.token_hex(16)
        self.traffic = Traffic(self._moods, pace)
        self._backends = backends
        self._patient = patient
        self._turn = 0

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self._suffer_conditions])
        app.add_routes(
            [
                web.get("/health", self._health),
                web.get("/health/{dependency}", self._dependency),
                web.get("/version", self._version),
                web.get("/metrics", self._metrics),
                web.get("/v1/conversations", self._test_tenant),
                web.post("/v1/messages", self._test_tenant),
            ]
        )
        return app

    def normalise(self) -> None:
        """Lifts every condition; requests that hang are answered now."""
        self.conditions.answering.set()
        self.conditions = Conditions()

    async def _health(self, _request: web.Request) -> web.Response:
        backend = self._next_backend()
        if backend.fate is Fate.BAD:
            body = {"status": "unhealthy", "version": backend.version, "error": "unhandled exception in build_context"}
            return web.json_response(body, status=500)
        if backend.fate is Fate.SLOW:
            await asyncio.sleep(_SLOW_SECONDS)
        dependencies = {name: await self._is_up(name) for name in _DEPENDENCIES}
        status = "healthy" if all(dependencies.values()) and backend.fate is not Fate.SLOW else "degraded"
        if not dependencies["db"]:
            status = "unhealthy"
        checks = {name: "up" if is_up else "down" for name, is_up in dependencies.items()}
        answer = {"status": status, "version": backend.version, "dependencies": checks}
        return web.json_response(answer, status=503 if status == "unhealthy" else 200)

    async def _dependency(self, request: web.Request) -> web.Response:
        name = request.match_info["dependency"]
        if name not in _DEPENDENCIES:
            raise web.HTTPNotFound
        self._next_backend()
        is_up = await self._is_up(name)
        body = {"status": "healthy" if is_up else "unhealthy", "dependency": name}
        return web.json_response(body, status=200 if is_up else 503)

    async def _version(self, _request: web.Request) -> web.Response:
        version = self._next_backend().version.removeprefix("v")
        return web.json_response({"version": self.conditions.version or version})

    async def _test_tenant(self, request: web.Request) -> web.Response:
        """What users do, for the one tenant that a probe may use; in partial maintenance nobody else comes in."""
        backend = self._next_backend()
        if request.headers.get("Authorization") != f"Bearer {self.test_token}":
            is_closed = backend.maintenance == "partial"
            return web.json_response({"error": "unauthorized"}, status=503 if is_closed else 401)
        is_well = backend.fate is not Fate.BAD and await self._is_up("db")
        return web.json_response({"items": []} if is_well else {"error": "internal"}, status=200 if is_well else 500)

    async def _metrics(self, _request: web.Request) -> web.Response:
        body = self.traffic.exposition(self._next_backend().version)
        return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})

    def _next_backend(self) -> Backend:
        backends = self._backends()
        if not backends:
            raise web.HTTPServiceUnavailable(text="no healthy upstream")
        self._turn += 1
        return backends[self._turn % len(backends)]

    async def _is_up(self, dependency: str) -> bool:
        if dependency in self.conditions.down:
            return False
        return dependency != "redis" or await self._patient.answers()

    def _moods(self) -> list[tuple[str, Mood]]:
        return [(backend.version, self._mood(backend.fate)) for backend in self._backends()]

    def _mood(self, fate: Fate) -> Mood:
        conditions, mood = self.conditions, MOODS[fate]
        down = conditions.down | (set() if self._patient.state is State.RUNNING else {"redis"})
        for dependency in sorted(down):
            mood = mood.worsened_by(MOODS_WITHOUT[dependency])
        if conditions.status is not None and conditions.status >= 500:
            mood = mood.worsened_by(Mood(1.0, f"http_{conditions.status}", 0.0))
        return replace(mood, seconds=mood.seconds + conditions.latency_seconds)

    @web.middleware
    async def _suffer_conditions(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        conditions = self.conditions
        await conditions.answering.wait()
        if request.path == "/metrics":
            return await handler(request)
        await asyncio.sleep(conditions.latency_seconds)
        if conditions.status is not None:
            return web.json_response({"status": "error"}, status=conditions.status)
        return await handler(request)
