"""A real Chroma server on a free loopback port, which a test may pause; and a guard in front, as teams have one."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from aiohttp import web

from sandbox.world.listening import listen
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
READY = 40.0


class ChromaServer:
    """The server, filled and looked at past the provider."""

    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.client = httpx.Client(base_url=self.url, trust_env=False, timeout=60)

    def create(self, name: str, documents: int = 0, database: str = "default_database") -> str:
        """A collection with documents that hold what must never be shown; its id."""
        path = f"/api/v2/tenants/default_tenant/databases/{database}/collections"
        made: dict[str, Any] = self._post(path, {"name": name, "metadata": {"company": "acme"}})
        if documents:
            numbers = range(documents)
            body = {
                "ids": [f"doc{number}" for number in numbers],
                "embeddings": [[float(number), 1.0, 2.0] for number in numbers],
                "documents": ["Maria Souza, maria@example.com" for _ in numbers],
            }
            self._post(f"{path}/{made['id']}/add", body)
        return str(made["id"])

    def create_database(self, name: str) -> None:
        self._post("/api/v2/tenants/default_tenant/databases", {"name": name})

    def names(self, database: str = "default_database") -> set[str]:
        listed = self.client.get(f"/api/v2/tenants/default_tenant/databases/{database}/collections").json()
        return {one["name"] for one in listed}

    def delete(self, name: str) -> None:
        self.client.delete(
            f"/api/v2/tenants/default_tenant/databases/default_database/collections/{name}"
        ).raise_for_status()

    @contextmanager
    def paused(self) -> Iterator[None]:
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def _post(self, path: str, body: dict[str, Any]) -> Any:
        response = self.client.post(path, json=body)
        response.raise_for_status()
        return response.json()


def chroma_binary() -> str:
    """Beside the project, in an environment of its own, or on the PATH; without one tests skip, but never in CI."""
    beside = ROOT / ".venv-servers" / "bin" / "chroma"
    found = str(beside) if beside.exists() else shutil.which("chroma")
    if found is None and "CI" not in os.environ:
        pytest.skip("chroma is not installed")
    assert found, "chroma is not installed"
    return found


@contextmanager
def running_chroma(folder: Path) -> Iterator[ChromaServer]:
    port = free_port()
    command = [chroma_binary(), "run", "--host", "127.0.0.1", "--port", str(port), "--path", str(folder / "data")]
    environ = {**os.environ, "ANONYMIZED_TELEMETRY": "False"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env=environ)
        server = ChromaServer(port, process)
        try:
            _wait_until_it_answers(server, folder / "log")
            yield server
        finally:
            server.client.close()
            process.kill()
            process.wait()


def _wait_until_it_answers(server: ChromaServer, log: Path) -> None:
    deadline = monotonic() + READY
    while True:
        try:
            if server.client.get("/api/v2/heartbeat").is_success:
                return
        except httpx.TransportError:
            assert server.process.poll() is None, log.read_text()
            assert monotonic() < deadline, log.read_text()
            sleep(0.05)  # a server of another program that has nothing to wait on


@asynccontextmanager
async def guarded(
    server: ChromaServer,
    tokens: dict[str, str],
    break_at: str = "",
    heard: list[bytes] | None = None,
    lost_status: int = 0,
) -> AsyncIterator[str]:
    """A proxy that lets a token do only the requests listed for it, one a line, `{name}` standing for any name.

    An answer to the method `break_at` is lost: the request arrives, the connection breaks, or `lost_status` is the
    answer. `heard` collects answers.
    """
    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as client:

        async def forward(request: web.Request) -> web.StreamResponse:
            given = request.headers.get("X-Chroma-Token") or request.headers.get("Authorization", "")
            allowed = tokens.get(given.removeprefix("Bearer "), "")
            if not _is_listed(f"{request.method} {request.path}", allowed):
                return web.json_response({"error": "Forbidden", "message": f"no right for {given}"}, status=403)
            answer = await client.request(request.method, request.path_qs, content=await request.read())
            if heard is not None:
                heard.append(answer.content)
            if request.method == break_at and lost_status:
                return web.Response(status=lost_status)
            if request.method == break_at and request.transport:
                request.transport.abort()
            return web.Response(status=answer.status_code, body=answer.content, content_type="application/json")

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", forward)
        async with listen(app) as url:
            yield url


def _is_listed(wanted: str, allowed: str) -> bool:
    patterns = (re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(line)) for line in allowed.splitlines())
    return any(re.fullmatch(pattern, wanted) for pattern in patterns)
