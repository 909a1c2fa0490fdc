"""One long statement on one connection, and another connection that tells how far it is."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from psycopg import sql

from bot.core.errors import TargetError
from bot.core.operation import Progress
from bot.core.text import Text
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import Row, changing, reading

_EVERY: Final = 2.0


@dataclass(frozen=True, slots=True)
class Statement:
    """What to run for at most `seconds`, what completes "GRANT ... TO user", and how its progress reads.

    `watch` finds one row with the parameter `table`, which `tell` puts into words.
    """

    text: sql.Composed
    seconds: float
    needs: str
    watch: sql.SQL
    tell: Callable[[Row], Text]


async def run_watched(address: Address, statement: Statement, table: int, progress: Progress) -> None:
    """Run it once to its end; when this task is cancelled, so is the statement."""
    async with changing(address, statement.seconds, statement.needs) as session:
        running = asyncio.ensure_future(session.run(statement.text))
        try:
            while not (await asyncio.wait({running}, timeout=_EVERY))[0]:
                await _tell(address, statement, table, progress)
            await running
        finally:
            if not running.done():
                running.cancel()
                await asyncio.wait({running})


async def _tell(address: Address, statement: Statement, table: int, progress: Progress) -> None:
    try:
        async with reading(address) as session:
            rows = await session.rows(statement.watch, table=table)
    except TargetError:
        return  # the statement itself is what counts
    if rows:
        await progress(statement.tell(rows[0]))
