"""A real redis-server on a free loopback port, which a test may pause or kill."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

import pytest
import redis

from bot.store.embedded import find_binary
from tests.ports import free_port


class RedisServer:
    def __init__(self, port: int, process: subprocess.Popen[bytes]) -> None:
        self.port = port
        self.process = process

    def url(self, user: str = "", password: str = "") -> str:
        credentials = f"{user}:{password}@" if password else ""
        return f"redis://{credentials}127.0.0.1:{self.port}/0"

    @contextmanager
    def client(self) -> Iterator["redis.Redis"]:
        with redis.Redis(port=self.port, decode_responses=True) as client:
            yield client

    @contextmanager
    def paused(self) -> Iterator[None]:
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def started(folder: Path, *options: str) -> Iterator[RedisServer]:
    port = free_port()
    server = RedisServer(port, subprocess.Popen(_command(port, folder, options), stdout=subprocess.DEVNULL))
    try:
        _wait_until_it_answers(server)
        yield server
    finally:
        server.kill()


def _command(port: int, folder: Path, options: tuple[str, ...]) -> list[str]:
    fixed = [
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--dir",
        str(folder),
        "--save",
        "",
        "--repl-diskless-sync-delay",
        "0",
    ]
    return [find_binary(), *fixed, *options]


def installed(program: str) -> None:
    """Skip a test, but never in CI, on a machine without a program that the bot itself does not need."""
    if shutil.which(program) is None and "CI" not in os.environ:
        pytest.skip(f"{program} is not installed")


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody trusts, and its key."""
    installed("openssl")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "1", *made, *subject], check=True, capture_output=True
    )
    return certificate, key


def _wait_until_it_answers(server: RedisServer) -> None:
    deadline = monotonic() + 40
    while True:
        try:
            with server.client() as client:
                client.ping()
                return
        except redis.ConnectionError:
            assert server.process.poll() is None, "redis-server ended at once"
            assert monotonic() < deadline, "redis-server did not answer within 40 s"
