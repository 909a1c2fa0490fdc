"""What containers wrote, and what a command inside one writes: in frames that tell the stream, but for a terminal."""

import json

from aiohttp import web

from sandbox.world.docker import refusals
from sandbox.world.docker.container import Line
from sandbox.world.docker.engine import Docker, Exec
from sandbox.world.docker.image import digits, stamp
from sandbox.world.docker.program import ERR, OUT, Course, course_of
from sandbox.world.docker.requests import is_wanted

_NOT_FOUND = 127


class OutputPages:
    """Requests for logs and for commands inside containers of one engine."""

    def __init__(self, engine: Docker) -> None:
        self.engine = engine

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/containers/{name}/logs", self._logs),
            web.post("/containers/{name}/exec", self._prepare),
            web.post("/exec/{id}/start", self._start),
            web.get("/exec/{id}/json", self._inspect),
        ]

    async def _logs(self, request: web.Request) -> web.Response:
        one = self.engine.container(request.match_info["name"])
        streams = {stream for stream, name in ((OUT, "stdout"), (ERR, "stderr")) if is_wanted(request, name)}
        if not streams:
            raise refusals.no_stream()
        if one.host["LogConfig"]["Type"] == "none":
            raise refusals.no_reading()
        since, tail = float(request.query.get("since") or 0), request.query.get("tail", "all")
        found = [line for line in one.lines if line.stream in streams and line.at.timestamp() >= since]
        shown = found[max(0, len(found) - int(tail)) :] if tail.isdecimal() else found
        is_bare = bool(one.config["Tty"])
        return _raw(b"".join(_written(line, is_wanted(request, "timestamps"), is_bare) for line in shown))

    async def _prepare(self, request: web.Request) -> web.Response:
        one, asked = self.engine.container(request.match_info["name"]), await request.json()
        if not one.is_running:
            raise refusals.not_running(one.id)
        self.engine.execs[(number := digits())] = Exec(one, asked["Cmd"])
        return web.json_response({"Id": number}, status=201)

    async def _start(self, request: web.Request) -> web.Response:
        found = self._exec(request)
        course = _course(found)
        found.code = course.code or 0
        return _raw(b"".join(_frame(stream, f"{text}\n".encode()) for stream, text in course.says if stream == OUT))

    async def _inspect(self, request: web.Request) -> web.Response:
        found = self._exec(request)
        told = {"ID": request.match_info["id"], "Running": False, "ExitCode": found.code}
        return web.json_response({**told, "ContainerID": found.container.id})

    def _exec(self, request: web.Request) -> Exec:
        found = self.engine.execs.get(request.match_info["id"])
        if found is None:
            raise refusals.no_exec(request.match_info["id"])
        return found


def _course(wanted: Exec) -> Course:
    """An image without packages has no Python to ask for them."""
    match wanted.command:
        case [python, "-m", "pip", "list", *_]:
            packages = wanted.container.image.packages
            if not packages:
                reason = f'exec: "{python}": executable file not found in $PATH: unknown'
                return Course(((OUT, f"OCI runtime exec failed: exec failed: {reason}"),), _NOT_FOUND)
            rows = [{"name": name, "version": version} for name, version in packages.items()]
            return Course(((OUT, json.dumps(rows)),), 0)
    return course_of(wanted.command, wanted.container.env)


def _written(line: Line, is_dated: bool, is_bare: bool) -> bytes:
    words = f"{stamp(line.at)} {line.text}" if is_dated else line.text
    return f"{words}\r\n".encode() if is_bare else _frame(line.stream, f"{words}\n".encode())


def _frame(stream: int, content: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(content).to_bytes(4, "big") + content


def _raw(content: bytes) -> web.Response:
    return web.Response(body=content, content_type="application/vnd.docker.raw-stream")
