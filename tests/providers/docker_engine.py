"""A real Docker engine on a unix socket of its own, with one image of busybox and no network but what tests make."""

import asyncio
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tarfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
import pytest
from aiohttp import web

IMAGE = "tiny:1"
_PROGRAMS = ("sh", "sleep", "echo", "cat", "dd", "tail", "touch", "head", "yes")
_OPTIONS = ("--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false", "--bridge=none")


class DockerEngine:
    """The engine, and what an engineer would do at its command line."""

    def __init__(self, place: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
        self.socket = str(place)
        self.process = process
        self.port = 0  # of the TLS side, where there is one
        self.client = httpx.Client(transport=httpx.HTTPTransport(uds=self.socket), base_url="http://docker", timeout=60)

    def run(self, name: str, *words: str, **config: Any) -> str:
        """Create a container and start it; its id. `words` are its command, `config` goes into the request."""
        return self.start(self.create(name, *words, **config))

    async def run_out_of_memory(self, name: str) -> bool:
        """Let a container be killed for its memory; whether the engine noticed why."""
        self.run(name, "dd", "if=/dev/zero", "of=/dev/null", "bs=200M", host={"Memory": 16 * 1024 * 1024})
        await self.until(name, Status="exited")
        return bool(self.inspect(name)["State"]["OOMKilled"])

    def create(self, name: str, *words: str, **config: Any) -> str:
        host = {"NetworkMode": "none", **config.pop("host", {})}
        body = {"Image": IMAGE, "Cmd": list(words or ("sleep", "600")), "StopSignal": "SIGKILL", **config}
        return str(self.post("/containers/create", {"name": name}, {**body, "HostConfig": host})["Id"])

    def start(self, name: str) -> str:
        self.post(f"/containers/{name}/start")
        return name

    def inspect(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/containers/{name}/json")
        return found

    def names(self) -> set[str]:
        return {str(one["Names"][0]).lstrip("/") for one in self.get("/containers/json", all="1")}

    def remove(self, name: str) -> None:
        self.client.delete(f"/containers/{name}", params={"force": "1", "v": "1"})

    def keep(self, repository: str, tag: str, version: str) -> str:
        """An image of an application in one version, whose program and settings differ; its id."""
        made = self.run(f"{repository}-build", "sh", "-c", f"echo {version} > /version; sleep 600")
        changes = (f"ENV VERSION={version}", f"LABEL version={version}", f'CMD ["sleep", "60{version}"]')
        query = [("container", made), ("repo", repository), ("tag", tag), ("pause", "0")]
        answer = self.client.post("/commit", params=[*query, *(("changes", one) for one in changes)], json={})
        assert answer.status_code == 201, answer.text
        self.remove(made)
        return str(answer.json()["Id"])

    def settings(self, name: str) -> dict[str, str]:
        return dict(row.split("=", 1) for row in self.inspect(name)["Config"]["Env"])

    def get(self, path: str, **query: str) -> Any:
        return self.client.get(path, params=query).raise_for_status().json()

    def post(self, path: str, query: dict[str, str] | None = None, body: object = None) -> Any:
        answer = self.client.post(path, params=query, json=body)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    @contextmanager
    def paused(self) -> Iterator[None]:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    async def until(self, name: str, **wanted: object) -> None:
        """Wait until the container's state has these values."""
        deadline = monotonic() + 40
        while not wanted.items() <= (await asyncio.to_thread(self.inspect, name))["State"].items():
            assert monotonic() < deadline, self.inspect(name)["State"]
            await asyncio.sleep(0.05)


@contextmanager
def started(folder: Path, *options: str) -> Iterator[DockerEngine]:
    """An engine that is gone, with its containers and mounts, when the block ends."""
    if "CI" not in os.environ and (shutil.which("dockerd") is None or os.geteuid() != 0):
        pytest.skip("a Docker engine needs dockerd and root")
    with (folder / "engine.log").open("wb") as log:
        process = subprocess.Popen([*_command(folder), *options], stdout=log, stderr=log)
    engine = DockerEngine(folder / "docker.sock", process)
    try:
        _wait_until_it_answers(engine, process)
        _import_image(engine)
        yield engine
    finally:
        _end(engine, process, folder)


def certified(folder: Path, port: int) -> list[str]:
    """The options with which an engine also listens on a port, to those with a certificate of its own authority."""
    make = ["openssl", "req", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2"]
    ca = ["-keyout", folder / "ca.key", "-out", folder / "ca.pem", "-subj", "/CN=ca"]
    subprocess.run([*make, "-x509", *ca], check=True, capture_output=True)
    for name, usage in (("server", "serverAuth"), ("client", "clientAuth")):
        signed = ["-CA", folder / "ca.pem", "-CAkey", folder / "ca.key"]
        fields = [
            "-addext",
            f"extendedKeyUsage={usage}",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-subj",
            f"/CN={name}",
        ]
        files = ["-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"]
        subprocess.run([*make, "-x509", *signed, *fields, *files], check=True, capture_output=True)
    places = (f"--tlscacert={folder}/ca.pem", f"--tlscert={folder}/server.pem", f"--tlskey={folder}/server.key")
    return ["-H", f"tcp://127.0.0.1:{port}", "--tlsverify", *places]


def _command(folder: Path) -> list[str]:
    places = [f"--data-root={folder / 'data'}", f"--exec-root={folder / 'exec'}", f"--pidfile={folder / 'pid'}"]
    return ["dockerd", "-H", f"unix://{folder / 'docker.sock'}", *places, *_OPTIONS, "--storage-driver=vfs"]


def _wait_until_it_answers(engine: DockerEngine, process: "subprocess.Popen[bytes]") -> None:
    deadline = monotonic() + 40
    while True:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(engine.socket)
            break
        assert process.poll() is None, "dockerd ended at once"
        assert monotonic() < deadline, "dockerd did not answer within 40 s"
        sleep(0.02)
    assert engine.client.get("/_ping").text == "OK"


def _import_image(engine: DockerEngine) -> None:
    busybox = shutil.which("busybox")
    assert busybox, "busybox is not installed"
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.add(os.path.realpath(busybox), "bin/busybox")
        for program in _PROGRAMS:
            link = tarfile.TarInfo(f"bin/{program}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(link)
    query = {"fromSrc": "-", "repo": "tiny", "tag": "1"}
    answer = engine.client.post("/images/create", params=query, content=content.getvalue())
    assert "error" not in answer.text, answer.text


def _end(engine: DockerEngine, process: "subprocess.Popen[bytes]", folder: Path) -> None:
    try:
        for one in engine.get("/containers/json", all="1"):
            engine.remove(one["Id"])
        engine.post("/networks/prune")
    except httpx.TransportError:
        pass  # it is dead already; its containers died with their shims or are left to the machine
    engine.client.close()
    process.terminate()
    process.wait(timeout=60)
    for mount in sorted(_mounts_under(folder), reverse=True):
        subprocess.run(["umount", mount], check=True, capture_output=True)


def _mounts_under(folder: Path) -> list[str]:
    points = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [point for point in points if point.startswith(f"{folder}/")]


@asynccontextmanager
async def passing_only(engine: DockerEngine, folder: Path, allowed: list[str], hides: str = "") -> AsyncIterator[str]:
    """The socket of a proxy that refuses all requests but those allowed: lines such as `GET /containers/{id}/json`.

    It empties the object `hides` in what the engine answers.
    """
    patterns = [re.escape(line).replace(r"\{id\}", "[^/]+").replace(r"\{image\}", ".+") for line in allowed]
    rules = [re.compile(f"{pattern}$") for pattern in patterns]
    transport = httpx.AsyncHTTPTransport(uds=engine.socket)

    async def handle(request: web.Request) -> web.Response:
        if not any(rule.match(f"{request.method} {request.path}") for rule in rules):
            return web.Response(status=403, text="403 Forbidden\nRequest forbidden by administrative rules.\n")
        headers = {"Content-Type": request.content_type}
        answer = await client.request(
            request.method, request.path_qs, content=await request.read(), headers=headers, timeout=30
        )
        # What a command inside a container writes comes without a date.
        dated = {"Date": answer.headers["date"]} if "date" in answer.headers else {}
        content = answer.content
        if hides and isinstance(told := json.loads(content), dict) and hides in told:
            content = json.dumps({**told, hides: {}}).encode()
        return web.Response(status=answer.status_code, body=content, headers=dated)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(application)
    place = str(folder / "proxy.sock")
    async with httpx.AsyncClient(transport=transport, base_url="http://docker") as client:
        await runner.setup()
        try:
            await web.UnixSite(runner, place).start()
            yield place
        finally:
            await runner.cleanup()


def permitted(block: str) -> list[str]:
    """The lines of a code block of the permissions document, by the name behind its fence."""
    text = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
    found = re.search(rf"```text {block}\n(.*?)```", text, re.DOTALL)
    assert found, f"docs/permissions.md has no block {block}"
    return found[1].splitlines()
