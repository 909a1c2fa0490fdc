"""Does it answer, and how fast."""

from statistics import median
from time import perf_counter
from typing import Final

from psycopg import sql

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.postgres.address import Address
from bot.providers.postgres.connection import CONNECT_LIMIT, Session, reading

_SECONDS: Final = 1.0  # 001-D48
_ROUNDS: Final = 5
_ONE: Final = sql.SQL("SELECT 1")


async def _read(address: Address, _: Parameters) -> Reading:
    async with reading(address, _SECONDS, "CONNECT") as session:
        latency = round(median([await _round_trip(session) for _ in range(_ROUNDS)]), 2)
    return Reading(say("answers in {latency} ms", latency=latency), (Measurement("latency_ms", latency, "ms"),))


async def _round_trip(session: Session) -> float:
    begun = perf_counter()
    await session.rows(_ONE)
    return (perf_counter() - begun) * 1000


PING = Read("postgres.ping", Address, Parameters, _SECONDS + CONNECT_LIMIT + 1, _read)
