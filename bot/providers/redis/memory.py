"""How full it is, and what happens when it is full."""

from dataclasses import dataclass
from typing import Any, Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.redis.connection import LIMIT, Address, connected, info, number

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Usage:
    used: float
    limit: float | None
    is_configured: bool
    policy: str

    @property
    def percent(self) -> float | None:
        return None if self.limit is None else round(100 * self.used / self.limit, 1)

    @property
    def limit_mb(self) -> float | None:
        return None if self.limit is None else round(self.limit / _MIB, 1)


async def _read(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        fields = await info(client, "memory")
    usage = _usage(fields)
    no_limit = None if usage.limit else say("no `maxmemory` is set, and the server does not tell its total memory")
    ratio = fields.get("mem_fragmentation_ratio")
    wasted = fields.get("mem_fragmentation_bytes")
    unreported = say("this Redis does not report it")
    return Reading(
        _summary(usage),
        (
            Measurement("used_mb", _mb(usage.used), "MB"),
            Measurement("limit_mb", usage.limit_mb, "MB", no_limit),
            Measurement("used_percent", usage.percent, "%", no_limit),
            Measurement("fragmentation_ratio", ratio, missing=unreported if ratio is None else None),
            Measurement(
                "fragmentation_mb",
                None if wasted is None else _mb(wasted),
                "MB",
                missing=unreported if wasted is None else None,
            ),
            Measurement("policy", usage.policy),
        ),
    )


def _usage(fields: dict[str, Any]) -> _Usage:
    configured = fields.get("maxmemory", 0)
    policy = str(fields.get("maxmemory_policy", "unknown"))
    limit = configured or fields.get("total_system_memory") or None
    return _Usage(number(fields, "used_memory"), limit, bool(configured), policy)


def _summary(usage: _Usage) -> Text:
    if usage.percent is None or usage.limit_mb is None:
        return say("{used} MB used, no limit known", used=_mb(usage.used))
    if usage.is_configured:
        return say(
            "{percent}% of {limit} MB used, policy {policy}",
            percent=usage.percent,
            limit=usage.limit_mb,
            policy=usage.policy,
        )
    return say(
        "{used} MB used, {percent}% of the server's memory (no `maxmemory` is set)",
        used=_mb(usage.used),
        percent=usage.percent,
    )


def _mb(size: float) -> float:
    return round(size / _MIB, 1)


MEMORY = Read("redis.memory", Address, Parameters, LIMIT, _read)
