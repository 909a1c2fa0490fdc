"""The patient: a real Redis server, kept as a child process, that can be made ill."""

import asyncio
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import OutOfMemoryError, RedisError

from sandbox.world.patient_data import seed_data

MEMORY_LIMIT = 64 * 1024 * 1024

_START_SECONDS = 20.0  # a busy machine may keep it from listening for a while
_STOP_SECONDS = 2.0
_ANSWER_SECONDS = 0.5
_BALLAST_SIZES = (256 * 1024, 16 * 1024, 1024)
_BALLAST = "ballast:"


class PatientError(Exception):
    """The patient cannot be started or treated; the message says why, in a sentence."""


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


class Patient:
    """Holds at most one server process at a time, always on the same port."""

    def __init__(self, binary: str, folder: Path, password: str | None) -> None:
        self.port = _free_port()
        self._binary = binary
        self._folder = folder
        self._password = password
        self._process: asyncio.subprocess.Process | None = None
        self._is_paused = False

    @property
    def url(self) -> str:
        credentials = f":{self._password}@" if self._password else ""
        return f"redis://{credentials}127.0.0.1:{self.port}/0"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    @property
    def state(self) -> State:
        if self._process is None or self._process.returncode is not None:
            return State.STOPPED
        return State.PAUSED if self._is_paused else State.RUNNING

    async def start(self) -> None:
        """Starts the server with fresh data, as a cache comes back; nothing happens when it runs."""
        if self.state is not State.STOPPED:
            return
        self._process = await asyncio.create_subprocess_exec(
            self._binary, str(self._configuration()), stdout=asyncio.subprocess.DEVNULL
        )
        await self._until_it_answers()
        async with self._connection() as redis:
            await seed_data(redis)

    async def kill(self) -> None:
        """Ends the server as a crash would, and reaps it; nothing happens when there is none."""
        process, self._process, self._is_paused = self._process, None, False
        if process is not None:
            if process.returncode is None:
                process.kill()
            await asyncio.wait_for(process.wait(), _STOP_SECONDS)

    def pause(self) -> None:
        """Hangs the server: connections are taken, nothing is answered."""
        os.kill(self._running_pid(), signal.SIGSTOP)
        self._is_paused = True

    def resume(self) -> None:
        os.kill(self._running_pid(), signal.SIGCONT)
        self._is_paused = False

    async def fill(self, percent: float) -> None:
        """Brings the memory in use to this share of the limit, up or down, but not below what its data needs."""
        self._require_answering()
        target = int(MEMORY_LIMIT * percent / 100)
        async with self._connection() as redis:
            ballast = [key async for key in redis.scan_iter(f"{_BALLAST}*", count=1000)]
            if ballast:
                await redis.delete(*ballast)
            await _add_ballast(redis, target)

    async def empty(self) -> None:
        """Drops every key, the ballast too: a cold cache."""
        self._require_answering()
        async with self._connection() as redis:
            await redis.flushall()

    async def restore(self) -> None:
        """Back to the state it was found in."""
        if self.state is State.PAUSED:
            self.resume()
        await self.start()
        async with self._connection() as redis:
            await redis.flushall()
            await seed_data(redis)

    async def answers(self) -> bool:
        try:
            async with self._connection(_ANSWER_SECONDS) as redis:
                return bool(await redis.ping())
        except (RedisError, OSError):
            return False

    def _connection(self, limit: float = _START_SECONDS) -> Redis:
        # One try: the client's own retries would hide the very illness to be shown.
        return Redis.from_url(
            self.url,
            socket_timeout=limit,
            socket_connect_timeout=limit,
            retry=Retry(NoBackoff(), 0),
        )

    def _configuration(self) -> Path:
        """The server's settings in a file, where a process list does not show the password."""
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f"dir {self._folder}",
            'save ""',
            "appendonly no",
            f"maxmemory {MEMORY_LIMIT}",
            "maxmemory-policy noeviction",
            "slowlog-max-len 128",
            *([f"requirepass {self._password}"] if self._password else []),
        ]
        path = self._folder / "redis.conf"
        path.touch(mode=0o600)
        path.write_text("\n".join(lines) + "\n")
        return path

    async def _until_it_answers(self) -> None:
        try:
            async with asyncio.timeout(_START_SECONDS):
                while not await self.answers():
                    if self.state is State.STOPPED:
                        raise PatientError(f"{self._binary} ended at once; is port {self.port} taken?")
                    await asyncio.sleep(0.01)
        except TimeoutError as error:
            await self.kill()
            raise PatientError(f"{self._binary} did not answer within {_START_SECONDS:.0f} seconds.") from error

    def _running_pid(self) -> int:
        if self._process is None or self.state is State.STOPPED:
            raise PatientError("The Redis is stopped; start it first.")
        return self._process.pid

    def _require_answering(self) -> None:
        if self.state is not State.RUNNING:
            raise PatientError(f"The Redis is {self.state}; start or resume it first.")


@asynccontextmanager
async def open_patient(binary: str | None = None, password: str | None = None) -> AsyncIterator[Patient]:
    """A started patient, which is gone with its files when the context ends."""
    found = shutil.which(binary or "redis-server")
    if found is None:
        sought = binary or "redis-server on the PATH"
        raise PatientError(f"There is no {sought}; install Redis or name the program with redis_binary=.")
    with tempfile.TemporaryDirectory(prefix="patient-") as folder:
        patient = Patient(found, Path(folder), password)
        try:
            await patient.start()
            yield patient
        finally:
            await patient.kill()


async def _add_ballast(redis: Redis, target: int) -> None:
    """Coarse pieces first and fine ones last; a server that is full before the target is as full as it gets."""
    number = 0
    for size in _BALLAST_SIZES:
        margin = 0 if size == _BALLAST_SIZES[-1] else size * 2
        while await _used_memory(redis) + margin <= target:
            try:
                # Padded by the server: a value that is sent would count twice while it sits in a buffer.
                await redis.setrange(f"{_BALLAST}{number}", size - 1, "x")
            except OutOfMemoryError:
                return
            number += 1


async def _used_memory(redis: Redis) -> int:
    memory = await redis.info("memory")
    return int(memory["used_memory"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
