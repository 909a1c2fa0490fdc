"""An EMULATOR of Coolify's API, version 1: one application, its deployments, variables and tokens.

Written from Coolify's published routes and models, but for the newer routes `rollback` and `rollback-images`, which are
known only from other people's clients. Not verified against the real one: those two and the shape of what they answer,
that a restart makes containers anew with the present variables, and the words of refusals.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, Final

from aiohttp import web

from sandbox.world.listening import listen

ABILITIES: Final = frozenset({"read", "read:sensitive", "write", "deploy"})
_Handler = Callable[["Coolify", web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Deployed:
    """One row of the deployment queue; `ends` is how it will turn out."""

    id: str
    commit: str
    message: str
    created: datetime
    status: str = "queued"
    ends: str = "finished"
    begun: float = field(default_factory=monotonic)
    is_restart: bool = False
    is_rollback: bool = False
    pull_request: int = 0

    def document(self, *, is_sensitive: bool) -> dict[str, Any]:
        found = {
            "deployment_uuid": self.id,
            "commit": self.commit,
            "commit_message": self.message,
            "status": self.status,
            "created_at": self.created.isoformat().replace("+00:00", "Z"),
            "restart_only": self.is_restart,
            "rollback": self.is_rollback,
            "pull_request_id": self.pull_request,
        }
        return found | ({"logs": f'[{{"output": "cloning {self.commit}"}}]'} if is_sensitive else {})


@dataclass
class Faults:
    """`lose_answers` counts changes made without an answer, `lose_requests` changes lost before they are made; with
    `rejecting` a variable is refused in these words and by repeating it."""

    status: int = 0
    is_hung: bool = False
    is_garbled: bool = False
    is_odd: bool = False
    lose_answers: int = 0
    lose_requests: int = 0
    rejecting: str = ""
    can_go_back: bool = True
    deploys_other: str = ""


class Coolify:
    """The running emulator; `running_with` is what the containers were started with, `earlier_secret` an old version
    that somebody may put back by mistake."""

    def __init__(self, pace: float) -> None:
        self.url, self.pace = "", pace
        self.application = "vgsco4o-harven-backend"
        self.status = "running:healthy"
        self.pinned = "HEAD"
        self.deployments: list[Deployed] = []
        self.variables: dict[str, str] = {}
        self.changed: dict[str, datetime] = {}
        self.running_with: dict[str, str] = {}
        self.images: set[str] = set()
        self.earlier_secret = secrets.token_hex(24)
        self.next_end = "finished"
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self._tokens: dict[str, frozenset[str]] = {}

    def token(self, *abilities: str) -> str:
        """A new token that may do this much."""
        made = f"1|{secrets.token_hex(20)}"
        self._tokens[made] = frozenset(abilities)
        return made

    def set(self, name: str, value: str) -> None:
        """Set a variable; containers get it when they are started anew."""
        self.variables[name], self.changed[name] = value, datetime.now(UTC)

    def deployed(self, commit: str, message: str, *, hours: float, status: str = "finished") -> Deployed:
        """A deployment that ended so many hours ago."""
        made = Deployed(secrets.token_hex(12), commit, message, datetime.now(UTC) - timedelta(hours=hours), status)
        self.deployments.insert(0, made)
        if status == "finished":
            self.images.add(commit)
            self.running_with = dict(self.variables)
        return made

    def queue(self, commit: str, *, is_restart: bool) -> Deployed:
        """A new deployment, which takes its steps from now on."""
        message = next((one.message for one in self.deployments if one.commit == commit), "")
        made = Deployed(
            secrets.token_hex(12),
            self.faults.deploys_other or commit,
            message,
            datetime.now(UTC),
            ends=self.next_end,
            is_restart=is_restart,
            is_rollback=not is_restart,
        )
        self.deployments.insert(0, made)
        return made

    @property
    def serving(self) -> Deployed:
        return next(one for one in self.deployments if one.status == "finished")

    def settle(self) -> None:
        """Let every deployment be where the clock says it is."""
        for made in self.deployments:
            taken = (monotonic() - made.begun) / self.pace
            if made.status == "queued" and taken >= 1:
                made.status = "in_progress"
            if made.status == "in_progress" and taken >= 2:
                made.status = made.ends
                if made.status == "finished":
                    self.running_with = dict(self.variables)

    async def show(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(
            {"uuid": self.application, "name": "harven-backend", "status": self.status, "git_commit_sha": self.pinned}
        )

    async def queued(self, request: web.Request) -> web.StreamResponse:
        skip, take = int(request.query.get("skip", 0)), int(request.query.get("take", 10))
        rows = [one.document(is_sensitive=self._is_sensitive(request)) for one in self.deployments]
        return web.json_response({"count": len(rows), "deployments": rows[skip : skip + take]})

    async def one(self, request: web.Request) -> web.StreamResponse:
        found = next((one for one in self.deployments if one.id == request.match_info["deployment"]), None)
        if found is None:
            return web.json_response({"message": "Deployment not found."}, status=404)
        return web.json_response(found.document(is_sensitive=self._is_sensitive(request)))

    async def envs(self, request: web.Request) -> web.StreamResponse:
        rows: list[dict[str, Any]] = []
        for name, value in self.variables.items():
            row = {"key": name, "is_preview": False, "updated_at": self.changed[name].isoformat()}
            rows.append(row | ({"value": value} if self._is_sensitive(request) else {}))
            rows.append({**row, "is_preview": True, "value": "of a preview"})
        return web.json_response(rows[::-1])

    async def set_env(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        if body["key"] not in self.variables:
            return web.json_response({"message": "Environment variable not found."}, status=404)
        if self.faults.rejecting:
            return web.json_response({"message": f"{self.faults.rejecting} {body['value']}"}, status=422)
        self.set(body["key"], body["value"])
        return web.json_response({"message": "Environment variable updated."}, status=201)

    async def kept(self, request: web.Request) -> web.StreamResponse:
        if not self.faults.can_go_back:
            return web.json_response({"message": "Not found."}, status=404)
        return web.json_response({"images": [{"tag": commit} for commit in sorted(self.images)]})

    async def go_back(self, request: web.Request) -> web.StreamResponse:
        commit = (await request.json()).get("commit", "")
        if not self.faults.can_go_back:
            return web.json_response({"message": "Not found."}, status=404)
        made = self.queue(commit, is_restart=False)
        return web.json_response({"message": "Rollback queued.", "deployment_uuid": made.id})

    async def restart(self, request: web.Request) -> web.StreamResponse:
        made = self.queue(self.serving.commit, is_restart=True)
        return web.json_response({"message": "Restart request queued.", "deployment_uuid": made.id})

    def guarded(self, handler: _Handler, ability: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """The handler behind token, abilities and faults."""

        async def handle(request: web.Request) -> web.StreamResponse:
            if (refused := await self._refused(request, ability)) is not None:
                return refused
            self.settle()
            is_change = request.method != "GET"
            if is_change and self.faults.lose_requests:
                self.faults.lose_requests -= 1
                return _hang_up(request)
            self.calls[handler.__name__] += 1
            answer = await handler(self, request)
            if is_change and self.faults.lose_answers:
                self.faults.lose_answers -= 1
                return _hang_up(request)
            return answer

        return handle

    async def _refused(self, request: web.Request, ability: str) -> web.StreamResponse | None:
        if self.faults.is_hung:
            await asyncio.sleep(3600)
        if self.faults.status:
            return web.json_response({"message": "trouble"}, status=self.faults.status)
        if self.faults.is_garbled:
            return web.Response(text="<html>welcome</html>", content_type="text/html")
        if self.faults.is_odd:
            return web.json_response([["nonsense"]])
        abilities = self._tokens.get(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if abilities is None:
            return web.json_response({"message": "Unauthenticated."}, status=401)
        if ability not in abilities:
            return web.json_response({"message": f"Missing required permissions: {ability}"}, status=403)
        if request.match_info.get("application", self.application) != self.application:
            return web.json_response({"message": "Application not found."}, status=404)
        return None

    def _is_sensitive(self, request: web.Request) -> bool:
        return "read:sensitive" in self._tokens[request.headers["Authorization"].removeprefix("Bearer ")]


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


_APPLICATION: Final = "/api/v1/applications/{application}"
_ROUTES: Final[tuple[tuple[str, str, _Handler, str], ...]] = (
    ("GET", _APPLICATION, Coolify.show, "read"),
    ("GET", "/api/v1/deployments/applications/{application}", Coolify.queued, "read"),
    ("GET", "/api/v1/deployments/{deployment}", Coolify.one, "read"),
    ("GET", f"{_APPLICATION}/envs", Coolify.envs, "read"),
    ("PATCH", f"{_APPLICATION}/envs", Coolify.set_env, "write"),
    ("GET", f"{_APPLICATION}/rollback-images", Coolify.kept, "read"),
    ("POST", f"{_APPLICATION}/rollback", Coolify.go_back, "deploy"),
    ("POST", f"{_APPLICATION}/restart", Coolify.restart, "deploy"),
)


@asynccontextmanager
async def open_coolify(pace: float = 0.05, port: int = 0) -> AsyncIterator[Coolify]:
    """An emulator with one application that was never deployed."""
    coolify = Coolify(pace)
    app = web.Application()
    for method, path, handler, ability in _ROUTES:
        app.router.add_route(method, path, coolify.guarded(handler, ability))
    async with listen(app, port) as coolify.url:
        yield coolify
