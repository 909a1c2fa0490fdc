"""A real PostgreSQL on a free loopback port, with the application's database and the roles of docs/permissions.md."""

import asyncio
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Awaitable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from time import monotonic
from typing import Any, Final, LiteralString, cast

import psycopg
import pytest
from psycopg.rows import dict_row
from readings import rendered, spoken

from bot.core.errors import TargetError
from bot.core.operation import Change
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation
from tests.ports import free_port

PERMISSIONS: Final = Path(__file__).parents[2] / "docs" / "permissions.md"
DATABASE: Final = "agente_ia"
PASSWORD: Final = "s3same"
_PLACEHOLDER: Final = "a-long-random-password"
_ROOMS: Final = [Path("/usr/lib/postgresql")]

# The application's own schema, as the runbooks' queries suggest it; owned by the application's role.
_SCHEMA: Final = """
CREATE TABLE conversations (id bigserial PRIMARY KEY, user_id text, status text, created_at timestamptz NOT NULL);
CREATE TABLE leads (id bigserial PRIMARY KEY, email text, score int, created_at timestamptz NOT NULL);
CREATE TABLE users (id bigserial PRIMARY KEY, email text);
CREATE TABLE etps (id bigserial PRIMARY KEY, title text, created_at timestamp NOT NULL);
CREATE TABLE legal_holds (conversation_id bigint NOT NULL);
"""


class PostgresServer:
    """Started by its fixture; a test may pause, kill and restart it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, user: str = "plantao_read", password: str = PASSWORD, database: str = DATABASE) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def address(self, user: str = "plantao_read") -> dict[str, object]:
        return {"url": self.url(user)}

    def connect(self, user: str = "postgres", application: str = "test", database: str = DATABASE) -> Any:
        """A connection of anybody, over the socket that trusts everybody; rows are dicts."""
        return psycopg.connect(
            host=str(self.folder),
            port=self.port,
            user=user,
            dbname=database,
            application_name=application,
            autocommit=True,
            row_factory=dict_row,
        )

    def run(self, statement: str, user: str = "postgres", database: str = DATABASE) -> list[dict[str, Any]]:
        with self.connect(user, database=database) as connection:
            cursor = connection.execute(cast(LiteralString, statement))
            return cursor.fetchall() if cursor.description else []

    def session(self, pid: int) -> dict[str, Any]:
        """What the server tells of one session; empty when it has ended."""
        with self.connect() as connection:
            return connection.execute("SELECT * FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() or {}

    def start(self, *options: str) -> None:
        fixed = ["-D", str(self.folder / "data"), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1"]
        fixed += ["-c", f"unix_socket_directories={self.folder}", "-c", "shared_preload_libraries=pg_stat_statements"]
        fixed += [
            "-c",
            "autovacuum=off",
            "-c",
            "fsync=off",
            "-c",
            "shared_buffers=16MB",
            "-c",
            "max_connections=30",
            "-c",
            "logging_collector=off",
        ]
        with (self.folder / "log").open("ab") as log:
            command = [str(_program("postgres")), *fixed, *options]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **_as_somebody())
        deadline = monotonic() + 40
        while True:
            try:
                with self.connect(database="postgres"):
                    return
            except psycopg.OperationalError:
                assert self.process.poll() is None, (self.folder / "log").read_text()
                assert monotonic() < deadline, (self.folder / "log").read_text()

    def stop(self) -> None:
        """SIGINT is PostgreSQL's fast shutdown."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        self.process.wait(20)

    def kill(self) -> None:
        """An immediate shutdown: no checkpoint, every session cut."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)

    @contextmanager
    def paused(self) -> Iterator[None]:
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.process.pid, signal.SIGCONT)

    def encrypt(self, certificate: Path, key: Path) -> None:
        """Take encrypted connections as well from now on."""
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            kept = self.folder / "data" / name
            shutil.copyfile(source, kept)
            kept.chmod(0o600)
            _hand_over(kept)
        self.run("ALTER SYSTEM SET ssl = on")
        self.run("SELECT pg_reload_conf()")
        while not self._is_encrypted():
            assert self.process is not None
            assert self.process.poll() is None

    def _is_encrypted(self) -> bool:
        return self.run("SHOW ssl") == [{"ssl": "on"}]

    def prepare(self) -> None:
        """The application's role and tables, then exactly what docs/permissions.md says."""
        self.run("CREATE ROLE agente_owner NOLOGIN", database="postgres")
        self.run("CREATE ROLE agente_app LOGIN", database="postgres")
        self.run(f"CREATE DATABASE {DATABASE} OWNER agente_owner", database="postgres")
        self.run("CREATE EXTENSION pg_stat_statements")
        self.run("SET ROLE agente_owner;" + _SCHEMA)
        self.run("GRANT ALL ON ALL TABLES IN SCHEMA public TO agente_app; ALTER SCHEMA public OWNER TO agente_owner")
        for block in documented():
            self.run(block)


def documented() -> list[str]:
    """The SQL of the PostgreSQL section, with its placeholder password replaced."""
    section = PERMISSIONS.read_text(encoding="utf-8").partition("\n## PostgreSQL\n")[2].partition("\n## ")[0]
    blocks = re.findall(r"```sql\n(.*?)```", section, re.DOTALL)
    assert blocks, "docs/permissions.md has no SQL for PostgreSQL"
    return [block.replace(_PLACEHOLDER, PASSWORD) for block in blocks]


@contextmanager
def empty() -> Iterator[PostgresServer]:
    """A server that is not started yet, with nothing but `postgres` in it."""
    _installed()
    # Not pytest's folder: its parents let only their owner through, and PostgreSQL refuses to run as root.
    folder = Path(tempfile.mkdtemp(prefix="plantao-pg-", dir="/tmp"))
    _hand_over(folder)
    server = PostgresServer(folder, free_port())
    try:
        yield server
    finally:
        if server.process is not None:
            server.kill()
        shutil.rmtree(folder)


@contextmanager
def started() -> Iterator[PostgresServer]:
    with empty() as server:
        how = ["--auth-local=trust", "--auth-host=scram-sha-256", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8"]
        _call("initdb", "-D", str(server.folder / "data"), "-U", "postgres", *how)
        server.start()
        server.prepare()
        yield server


@contextmanager
def replica_of(primary: PostgresServer) -> Iterator[PostgresServer]:
    with empty() as server:
        source = ["-h", str(primary.folder), "-p", str(primary.port), "-U", "postgres"]
        _call("pg_basebackup", *source, "-D", str(server.folder / "data"), "-R", "-c", "fast", "--no-sync")
        server.start()
        yield server


class Proxy:
    """A wire to the server that fails in one of several ways once a request has certain words in it.

    One that `vanishes` cuts everybody off from then on. A `late` one cuts its client off and keeps the request until
    `goes_on` is set; `arrived` tells that the server has answered it, or has hung up. A `slow` one only keeps it so
    long; there `arrived` tells that it has come.
    """

    def __init__(
        self,
        server: PostgresServer,
        words: bytes,
        *,
        is_cut: bool,
        is_late: bool = False,
        vanishes: bool = False,
        is_slow: bool = False,
    ) -> None:
        self.port = 0
        self.goes_on, self.arrived = asyncio.Event(), asyncio.Event()
        self._is_late = is_late
        self._is_slow = is_slow
        self._vanishes = vanishes
        self._is_gone = False
        self._server = server
        self._words = words
        self._is_cut = is_cut
        self._is_silent = False
        self._writers: list[asyncio.StreamWriter] = []

    def address(self, user: str = "plantao_read") -> dict[str, object]:
        return {"url": self._server.url(user).replace(f":{self._server.port}/", f":{self.port}/")}

    def cut(self) -> None:
        """Break every connection there is, without a word."""
        for writer in self._writers:
            writer.transport.abort()

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Proxy"]:
        listener = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            listener.close()
            for writer in self._writers:
                writer.close()
            await asyncio.gather(*(writer.wait_closed() for writer in self._writers), return_exceptions=True)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_gone:
            writer.transport.abort()
            return
        back, forth = await asyncio.open_connection("127.0.0.1", self._server.port)
        self._writers += [writer, forth]
        doom = asyncio.Event()
        answers = asyncio.create_task(self._bring_back(back, writer, doom))
        with suppress(ConnectionError):
            while request := await reader.read(65536):
                if self._words in request and self._is_slow:
                    self.arrived.set()
                    await self.goes_on.wait()
                elif self._words in request and self._is_late:
                    writer.transport.abort()
                    answers.cancel()
                    await self.goes_on.wait()
                    forth.write(request)
                    await back.read(65536)
                    self.arrived.set()
                    break
                elif self._words in request:
                    doom.set()
                    self._is_gone = self._vanishes
                    self._is_silent = not self._is_cut
                    self._words = b"not again" if self._is_cut else self._words
                forth.write(request)
        forth.close()
        await asyncio.wait({answers})

    async def _bring_back(self, back: asyncio.StreamReader, writer: asyncio.StreamWriter, doom: asyncio.Event) -> None:
        with suppress(ConnectionError):
            while answer := await back.read(65536):
                if doom.is_set() and self._is_cut:
                    writer.transport.abort()
                elif not self._is_silent:
                    writer.write(answer)
        writer.close()


def muted_after(server: PostgresServer, words: bytes) -> AbstractAsyncContextManager[Proxy]:
    """A server that hangs half way: it falls silent for everybody."""
    return Proxy(server, words, is_cut=False).open()


def delivering_late(server: PostgresServer, words: bytes) -> AbstractAsyncContextManager[Proxy]:
    """The first such request is on its way when the connection breaks, and arrives only afterwards."""
    return Proxy(server, words, is_cut=True, is_late=True).open()


def slow_at(server: PostgresServer, words: bytes) -> AbstractAsyncContextManager[Proxy]:
    """Such a request is kept on its way until the test lets it go on."""
    return Proxy(server, words, is_cut=False, is_slow=True).open()


def vanishing_at(server: PostgresServer, words: bytes) -> AbstractAsyncContextManager[Proxy]:
    """The first such request arrives, but from then on nobody gets through."""
    return Proxy(server, words, is_cut=True, vanishes=True).open()


def losing_the_answer(server: PostgresServer, words: bytes) -> AbstractAsyncContextManager[Proxy]:
    """The first such request arrives, but instead of its answer the connection breaks."""
    return Proxy(server, words, is_cut=True).open()


def _call(program: str, *arguments: str) -> None:
    subprocess.run([str(_program(program)), *arguments], check=True, capture_output=True, **_as_somebody())


def _program(name: str) -> Path:
    found = [place / "bin" / name for room in _ROOMS if room.exists() for place in sorted(room.iterdir(), reverse=True)]
    on_path = shutil.which(name)
    candidates = [*(path for path in found if path.exists()), *([Path(on_path)] if on_path else [])]
    return candidates[0] if candidates else Path(name)


def _installed() -> None:
    missing = not _program("initdb").exists() or (os.geteuid() == 0 and not _has_user("postgres"))
    if missing and "CI" not in os.environ:
        pytest.skip("PostgreSQL is not installed")
    assert not missing, "PostgreSQL is not installed, which CI must not pass over"


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _as_somebody() -> dict[str, Any]:
    return {"user": "postgres", "cwd": "/tmp"} if os.geteuid() == 0 else {"cwd": "/tmp"}  # noqa: S108


def _hand_over(folder: Path) -> None:
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")


async def preview(name: str, address: Mapping[str, object], /, **parameters: object) -> Preview:
    change = _change(name)
    return await change.preview(
        change.address.model_validate(dict(address)), change.parameters.model_validate(parameters)
    )


async def execute(name: str, address: Mapping[str, object], shown: Preview, told: list[str] | None = None) -> str:
    """Carry out exactly what was shown, by the arguments of the preview alone."""
    heard = [] if told is None else told

    async def progress(text: Text) -> None:
        heard.append(rendered(text))

    change = _change(name)
    wanted = change.parameters.model_validate(shown.arguments)
    return rendered(await change.execute(change.address.model_validate(dict(address)), wanted, shown, progress))


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert PASSWORD not in spoken(caught.value)
    return caught.value


def lines(shown: Preview) -> dict[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> str:
    return "\n".join(rendered(warning) for warning in shown.warnings)


def _change(name: str) -> Change:
    found = operation(name)
    assert isinstance(found, Change)
    return found
