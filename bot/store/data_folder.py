"""The data folder of the embedded redis-server: whose it is, where things are, and what still lives in it.

plantao.lock    locked by the bot that owns the folder; the kernel frees it when that bot dies, however it dies
server.lock     locked through a descriptor the redis-server inherits: while it is locked, a server lives here
redis.pid       written by the redis-server; a server that outlived its bot is found by it
redis.sock      the only way in, there is no TCP port
redis.log       what the redis-server printed since the bot started
appendonly*     the record
"""

import asyncio
import fcntl
import hashlib
import os
import re
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from bot.core.errors import ConfigError

_log = structlog.get_logger()

_POLL = 0.02
_ORPHAN_LIMIT = 5.0  # seconds to identify and end a server of an earlier start
_STEP_LIMIT = 1.0  # seconds for each way of ending it before the next, harder one
_SOCKET_PATH_LIMIT = 103  # bytes: macOS allows 104 with the closing zero, Linux 108; redis-server cuts in silence


class EmbeddedRedisError(ConfigError):
    """The bot's own redis-server cannot run; the message is a sentence for the person who starts the bot."""


class DataFolder:
    """The places in the folder, and what they say about who is alive."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.log = self.path / "redis.log"
        self.pid_file = self.path / "redis.pid"
        self.socket = self.path / "redis.sock"
        if len(os.fsencode(self.socket)) > _SOCKET_PATH_LIMIT:
            # Named after the folder, not at random, so that the next start finds the socket a killed bot left behind.
            name = hashlib.sha256(os.fsencode(self.path)).hexdigest()[:16]
            self.socket = Path(tempfile.gettempdir(), f"plantao-{os.getuid()}-{name}", "redis.sock")

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the folder against every other bot."""
        with _usable(self.path):
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = _try_lock(self.path / "plantao.lock")
        if lock is None:
            raise EmbeddedRedisError(self._held())
        try:
            with _usable(self.path):
                os.truncate(lock, 0)
                os.write(lock, b"%d\n" % os.getpid())
                self.log.unlink(missing_ok=True)
                self.log.touch(mode=0o600)
                self._make_socket_folder()
            yield
        finally:
            self._remove_socket_folder()
            os.truncate(lock, 0)
            os.close(lock)

    def _held(self) -> str:
        pid = (self.path / "plantao.lock").read_text().strip()
        holder = f"another running bot (process {pid})" if pid else "another running bot"
        return f"The data folder {self.path} is in use by {holder}. Stop that one first, or name another folder."

    def _make_socket_folder(self) -> None:
        folder = self.socket.parent
        if folder == self.path:
            return
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        # Anybody can put a folder of this name into the shared temp folder before us.
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or status.st_mode & 0o077:
            raise EmbeddedRedisError(
                f"{folder} has to hold the socket of redis-server, and is not a private folder of this user. "
                "Remove it, or name a data folder with a shorter path."
            )

    def _remove_socket_folder(self) -> None:
        if self.socket.parent != self.path:
            with suppress(OSError):
                self.socket.unlink(missing_ok=True)
                self.socket.parent.rmdir()

    async def lock_for_server(self) -> int:
        """End what still lives here, and give the locked descriptor that the next server has to inherit.

        The lock is the proof that there never are two: a server that was started, but has not yet written its pid
        file when its bot is killed, holds it already. A child that was rewriting the file when its server was killed
        holds it too, until it notices within about two seconds.
        """
        clock = asyncio.get_running_loop().time
        give_up = clock() + _ORPHAN_LIMIT
        while True:
            pid = self.server_pid()
            if pid is not None:
                await self._end(pid)
            with _usable(self.path):
                lock = _try_lock(self.path / "server.lock")
            if lock is not None:
                return lock
            if clock() > give_up:
                raise EmbeddedRedisError(
                    f"A redis-server of an earlier start still uses the data folder {self.path} and could not be ended"
                    f"{f' (process {pid})' if pid else ''}. End it by hand, then start the bot again."
                )
            await asyncio.sleep(_POLL)

    def server_pid(self) -> int | None:
        """The living server of this folder: its pid file names it, and its command line names our socket."""
        with suppress(OSError, ValueError):
            pid = int(self.pid_file.read_text())
            # The server rewrites its command line where the system lets it; a colon then takes the argument's place.
            named = re.search(r"unixsocket[:\0 ]" + re.escape(str(self.socket)), _command_line(pid))
            return pid if named else None
        return None

    async def _end(self, pid: int) -> None:
        _log.warning("embedded.ending_orphan", pid=pid, folder=str(self.path))
        async with self.client(answer_limit=_STEP_LIMIT) as client:
            with suppress(RedisError):
                if (await client.info("server"))["process_id"] == pid:
                    await client.shutdown(nosave=True)  # no snapshot; the append-only file is always complete
        for signal_number in (signal.SIGTERM, signal.SIGKILL):
            if await self._is_gone(pid):
                return
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal_number)

    async def _is_gone(self, pid: int) -> bool:
        for _ in range(int(_STEP_LIMIT / _POLL)):
            if self.server_pid() != pid:
                return True
            await asyncio.sleep(_POLL)
        return False

    def client(self, answer_limit: float) -> Redis:
        """A client that never repeats a command by itself: SHUTDOWN must not reach the next server."""
        return Redis(unix_socket_path=str(self.socket), socket_timeout=answer_limit, retry=Retry(NoBackoff(), 0))

    def last_words(self) -> str:
        """The last line the server printed, and where the others are."""
        with suppress(OSError):
            lines = self.log.read_text(errors="replace").split("\n")
            return f"Its last words: {next(filter(None, reversed(lines)), 'none')} (all of them: {self.log})"
        return "It printed nothing."


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedRedisError(
            f"The data folder {folder} cannot be used: {error.strerror}. "
            "Name one that the bot may write to, or set REDIS_URL."
        ) from error


def _try_lock(path: Path) -> int | None:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _command_line(pid: int) -> str:
    """Empty for a process that is gone, and for a dead one that nobody has collected yet."""
    if Path("/proc/self/cmdline").exists():
        return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes())
    return subprocess.run(["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True).stdout
