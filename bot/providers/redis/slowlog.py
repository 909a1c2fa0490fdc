"""The slowest commands of the last minutes, by name and duration; arguments are personal data and stay behind."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.redis.connection import LIMIT, Address, ask, connected

_FETCHED: Final = 128
_SHOWN: Final = 20


class Window(Parameters):
    """How far back to look."""

    minutes: int = Field(15, ge=1, le=24 * 60)


@dataclass(frozen=True, slots=True)
class _Entry:
    at: datetime
    command: str
    took_ms: float

    def __str__(self) -> str:
        return f"{self.at:%H:%M:%S}Z  {self.took_ms:g} ms  {self.command}"


async def _read(address: Address, window: Window) -> Reading:
    async with connected(address) as client:
        # The server's own clock: entries are stamped with it, ours may differ.
        seconds, _ = await ask(client, "TIME")
        raw: list[dict[str, Any]] = await client.slowlog_get(_FETCHED)
    recent = [_entry(item) for item in raw if item["start_time"] > seconds - 60 * window.minutes]
    slowest_first = sorted(recent, key=lambda entry: entry.took_ms, reverse=True)
    slowest = slowest_first[0].took_ms if slowest_first else 0.0
    return Reading(
        _summary(slowest_first, window.minutes),
        (Measurement("slowest_ms", slowest, "ms"), Measurement("count", len(recent))),
        tuple(str(entry) for entry in slowest_first[:_SHOWN]),
    )


def _entry(item: dict[str, Any]) -> _Entry:
    words: bytes | str = item["command"]  # bytes even from a client that decodes its answers
    name = (words if isinstance(words, str) else words.decode(errors="replace")).split(" ", 1)[0]
    return _Entry(datetime.fromtimestamp(item["start_time"], UTC), name.upper(), round(item["duration"] / 1000, 1))


def _summary(slowest_first: list[_Entry], minutes: int) -> Text:
    if not slowest_first:
        return say("no slow command in the last {minutes} min", minutes=minutes)
    slowest = slowest_first[0]
    if len(slowest_first) == _FETCHED:
        return say(
            "{count} slow commands or more in the last {minutes} min; the slowest, {command}, took {took} ms",
            count=_FETCHED,
            minutes=minutes,
            command=slowest.command,
            took=slowest.took_ms,
        )
    return say(
        "{count} slow commands in the last {minutes} min; the slowest, {command}, took {took} ms",
        count=len(slowest_first),
        minutes=minutes,
        command=slowest.command,
        took=slowest.took_ms,
    )


SLOWLOG = Read("redis.slowlog", Address, Window, LIMIT, _read)
