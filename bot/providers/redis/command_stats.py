"""What this Redis is asked for, and what of it is dear: counters since the start, instead of MONITOR."""

from dataclasses import dataclass
from typing import Any

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.redis.connection import LIMIT, Address, connected, info


class Top(Parameters):
    """How many commands to show."""

    top: int = Field(10, ge=1, le=50)


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    calls: int
    usec: float
    usec_per_call: float
    failed: int

    def __str__(self) -> str:
        failed = f"  {self.failed} failed" if self.failed else ""
        return f"{self.name}  ×{self.calls}  {self.usec_per_call:g} µs each{failed}"


async def _read(address: Address, wanted: Top) -> Reading:
    async with connected(address) as client:
        fields = await info(client, "commandstats")
    commands = [_command(name, figures) for name, figures in fields.items() if isinstance(figures, dict)]
    if not commands:
        hidden = say("this Redis does not report its command statistics")
        names = ("calls", "worst_usec", "failed")
        return Reading(hidden, tuple(Measurement(name, None, missing=hidden) for name in names))
    worst = max(commands, key=lambda one: one.usec_per_call)
    calls = sum(one.calls for one in commands)
    dearest = sorted(commands, key=lambda one: one.usec, reverse=True)
    return Reading(
        say(
            "{calls} commands since start, most time in {first}; the slowest on average is {worst} ({usec} µs)",
            calls=calls,
            first=dearest[0].name,
            worst=worst.name,
            usec=worst.usec_per_call,
        ),
        (
            Measurement("calls", calls),
            Measurement("worst_usec", worst.usec_per_call, "µs"),
            Measurement("failed", sum(one.failed for one in commands)),
        ),
        tuple(str(one) for one in dearest[: wanted.top]),
    )


def _command(name: str, figures: dict[str, Any]) -> _Command:
    return _Command(
        name.removeprefix("cmdstat_").upper()[:60],
        int(figures.get("calls", 0)),
        float(figures.get("usec", 0)),
        float(figures.get("usec_per_call", 0)),
        int(figures.get("failed_calls", 0)),
    )


COMMAND_STATS = Read("redis.command_stats", Address, Top, LIMIT, _read)
