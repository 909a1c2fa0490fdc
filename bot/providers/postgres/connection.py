"""One bounded connection to the patient: read-only transactions for checks, single statements for changes."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, TypeAlias

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.rows import DictRow, dict_row

from bot.core.errors import TargetError
from bot.providers.postgres.address import Address
from bot.providers.postgres.refusals import Asked, no_answer, translated

QUICK: Final = 2.0  # seconds for looking into the server's own state
SLOW: Final = 4.0  # seconds for going through a table
CONNECT_LIMIT: Final = 2  # libpq accepts no less
_GRACE: Final = 0.5  # how long after `statement_timeout` we wait for the server to say so
QUICK_LIMIT: Final = QUICK + CONNECT_LIMIT + 1
SLOW_LIMIT: Final = SLOW + CONNECT_LIMIT + 1
MONITOR: Final = "pg_monitor"
APPLICATION: Final = "plantao"

Row: TypeAlias = DictRow
Query: TypeAlias = sql.SQL | sql.Composed
_Connection: TypeAlias = AsyncConnection[DictRow]

_LOCAL: Final = sql.SQL(
    "SELECT set_config('statement_timeout', %(ms)s, true), set_config('lock_timeout', '1000', true), "
    "set_config('TimeZone', 'UTC', true)"
)


class Session:
    """Asks one connection and gives back rows by column name."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def rows(self, query: Query, **values: Any) -> list[Row]:
        return await (await self._connection.execute(query, values or None)).fetchall()

    async def foreign_rows(self, query: Query) -> list[Row]:
        """The rows of a statement that a person wrote; the server refuses it if it is more than one.

        Asking for binary results makes psycopg use the extended protocol, in which one message is one statement.
        """
        return await (await self._connection.execute(query, binary=True)).fetchall()

    async def row(self, query: Query, **values: Any) -> Row:
        """The only row of an aggregate or of a listing that must have one."""
        found = await self.rows(query, **values)
        if not found:
            raise TargetError("PostgreSQL answered with nothing where a row was expected.")
        return found[0]

    async def run(self, statement: Query, **values: Any) -> int:
        """Send one statement as text, as ANALYZE and the like want it; how many rows it touched."""
        return (await self._connection.execute(statement, values or None)).rowcount

    def verifier(self, password: str, user: str) -> str:
        """What the server keeps of a password, computed here, so that the password itself is never sent."""
        return self._connection.pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()


@asynccontextmanager
async def reading(address: Address, seconds: float = QUICK, needs: str = MONITOR) -> AsyncIterator[Session]:
    """A read-only transaction in which each statement has `seconds`; vendor errors leave this block as ours.

    Settings are local to the transaction, so that a pooler hands nothing of them to its next client.
    """
    asked = Asked(address.where, address.user, seconds, needs)
    async with _connected(address, asked) as connection:
        await connection.set_read_only(True)
        await connection.execute(_LOCAL, {"ms": str(int(seconds * 1000))})
        yield Session(connection)


@asynccontextmanager
async def changing(address: Address, seconds: float, needs: str) -> AsyncIterator[Session]:
    """A connection on which each statement is its own transaction and has `seconds`.

    A pooler refuses or ignores these start-up options: changes want a direct connection.
    """
    asked = Asked(address.where, address.user, seconds, needs)
    options = f"-c statement_timeout={int(seconds * 1000)} -c TimeZone=UTC"
    async with _connected(address, asked, options) as connection:
        await connection.set_autocommit(True)
        yield Session(connection)


@asynccontextmanager
async def _connected(address: Address, asked: Asked, options: str = "") -> AsyncIterator[_Connection]:
    fuse = _Fuse()
    connection: _Connection | None = None
    try:
        connection = await _connect(address, asked, options)
        fuse.light(connection, asked.seconds + _GRACE)
        yield connection
    except psycopg.Error as error:
        raise translated(error, asked, is_cut=fuse.is_blown, was_open=connection is not None) from error
    finally:
        fuse.put_out()
        if connection is not None:
            await connection.close()


async def _connect(address: Address, asked: Asked, options: str) -> _Connection:
    try:
        async with asyncio.timeout(CONNECT_LIMIT + _GRACE):
            return await AsyncConnection.connect(
                address.url.get_secret_value(),
                row_factory=dict_row,
                # Poolers share server connections, on which prepared statements of others would be in the way.
                prepare_threshold=None,
                connect_timeout=CONNECT_LIMIT,
                application_name=APPLICATION,
                client_encoding="UTF8",
                options=f"{address.field('options')} {options}".strip(),
            )
    except TimeoutError as error:
        raise no_answer(asked) from error


class _Fuse:
    """Breaks the connection of a server that hangs.

    Cancelling the task would not do: psycopg then asks the hung server to cancel and waits for up to ten seconds.
    """

    def __init__(self) -> None:
        self.is_blown = False
        self._timer: asyncio.TimerHandle | None = None

    def light(self, connection: _Connection, seconds: float) -> None:
        self._timer = asyncio.get_running_loop().call_later(seconds, self._blow, connection)

    def put_out(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _blow(self, connection: _Connection) -> None:
        self.is_blown = True
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as wire:
            wire.shutdown(socket.SHUT_RDWR)
