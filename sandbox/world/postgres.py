"""A real PostgreSQL with the role of one application, started when somebody first connects.

Where PostgreSQL is not installed there is none: its address stays empty, and whatever needs it says so.
"""

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import psycopg
from psycopg import sql

ROLE: Final = "etp_app"
DATABASE: Final = "etp"
_ROOM: Final = Path("/usr/lib/postgresql")
_ACCESS: Final = "local all postgres trust\nlocal all all scram-sha-256\n"
_START_SECONDS: Final = 10.0
_CHUNK: Final = 65536


class Postgres:
    """The server behind a door of our own; `reset` gives the role its first password again."""

    def __init__(self, programs: Path | None, password: str) -> None:
        self.url = ""
        self._programs = programs
        self._password = password
        self._folder = Path()
        self._process: asyncio.subprocess.Process | None = None
        self._is_reset = False
        self._starting = asyncio.Lock()

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def reset(self) -> None:
        self._is_reset = True

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Postgres"]:
        """The door; what is behind it is stopped with it."""
        if self._programs is None:
            yield self
            return
        door = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.url = f"postgresql://{ROLE}@127.0.0.1:{door.sockets[0].getsockname()[1]}/{DATABASE}"
        try:
            yield self
        finally:
            door.close()
            await self._stop()

    async def warm(self) -> None:
        """Start it now: the first to connect would wait for longer than clients do."""
        if self._programs is not None:
            with suppress(OSError):
                await self._ready()

    async def _ready(self) -> None:
        async with self._starting:
            if self._process is None:
                await self._start()
            if self._is_reset:
                await self._ask("ALTER ROLE {} PASSWORD {}", DATABASE)
                self._is_reset = False

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._ready()
        back, forth = await asyncio.open_unix_connection(str(self._folder / ".s.PGSQL.5432"))
        await asyncio.gather(_poured(reader, forth), _poured(back, writer))

    async def _start(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="plantao-postgres-", dir="/tmp"))
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
        data = str(self._folder / "data")
        made = await self._run("initdb", "-D", data, "-U", "postgres", "--no-sync", "-A", "trust")
        await made.wait()
        (self._folder / "data" / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        places = ("-c", "listen_addresses=", "-c", f"unix_socket_directories={self._folder}")
        small = ("-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=20")
        self._process = await self._run("postgres", "-D", data, "-p", "5432", *places, *small)
        await self._ask("CREATE ROLE {} LOGIN PASSWORD {}", "postgres")
        await self._ask("CREATE DATABASE " + DATABASE + " OWNER {}", "postgres")

    async def _run(self, program: str, *words: str) -> asyncio.subprocess.Process:
        who: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
        silent = asyncio.subprocess.DEVNULL
        path = str(self._programs / program) if self._programs else program
        return await asyncio.create_subprocess_exec(path, *words, stdout=silent, stderr=silent, cwd="/tmp", **who)  # noqa: S108

    async def _ask(self, statement: str, database: str) -> None:
        """As the superuser, as soon as the server listens."""
        values = (sql.Identifier(ROLE), sql.Literal(self._password))[: statement.count("{}")]
        async with asyncio.timeout(_START_SECONDS), await self._superuser(database) as connection:
            await connection.execute(sql.SQL(statement).format(*values))

    async def _superuser(self, database: str) -> psycopg.AsyncConnection[Any]:
        while True:
            with suppress(psycopg.OperationalError):
                return await psycopg.AsyncConnection.connect(
                    host=str(self._folder), user="postgres", dbname=database, autocommit=True
                )
            await asyncio.sleep(0.02)

    async def _stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            await self._process.wait()
            shutil.rmtree(self._folder, ignore_errors=True)


@asynccontextmanager
async def open_postgres(password: str) -> AsyncIterator[Postgres]:
    """One server, or a door that is not there."""
    async with Postgres(_programs(), password).open() as opened:
        yield opened


def _programs() -> Path | None:
    """Where the newest PostgreSQL of this machine is, if it may be started here."""
    found = sorted(_ROOM.glob("*/bin/initdb"))
    if not found:
        return None
    if os.geteuid() == 0:
        with suppress(KeyError):
            pwd.getpwnam("postgres")
            return found[-1].parent
        return None
    return found[-1].parent


async def _poured(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while chunk := await reader.read(_CHUNK):
            writer.write(chunk)
            await writer.drain()
    writer.close()
