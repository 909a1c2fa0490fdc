"""What a container uses now, counted as `docker stats` does."""

from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Named
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import LIMIT, opened

_MIB: Final = 1024 * 1024
_MEMORY: Final = {"memory_percent": "%", "memory_lowest_percent": "%", "memory_mb": "MB", "limit_mb": "MB"}


class Sampling(Named):
    """Which container, and how many times to look; the looks are two seconds apart at most."""

    samples: int = Field(1, ge=1, le=10)


async def _read(address: Address, wanted: Sampling) -> Reading:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
        if not container.is_running:
            return _nothing(container.name)
        path = f"/containers/{container.id}/stats"
        # For each the engine itself takes two looks, a second apart.
        samples = [await engine.get(path, {"stream": "false"}) for _ in range(wanted.samples)]
        used, limit = [_used(sample["memory_stats"]) for sample in samples], samples[-1]["memory_stats"].get("limit")
        known = [one for one in used if one is not None]
        if len(known) < len(samples) or not limit:
            still = await inspect(engine, container.id)
            return _without_memory(still, samples[-1]) if still.is_running else _nothing(container.name)
    percents = tuple(round(100 * one / limit, 1) for one in known)
    return Reading(
        _summary(container, percents[-1], round(limit / _MIB)),
        (
            Measurement("memory_percent", percents[-1], "%"),
            Measurement("memory_lowest_percent", min(percents), "%"),
            Measurement("memory_mb", round(known[-1] / _MIB, 1), "MB"),
            Measurement("limit_mb", round(limit / _MIB, 1), "MB"),
            _cpu(samples[-1]),
            _pids(samples[-1]),
        ),
        trend=percents if len(percents) > 1 else (),
    )


def _summary(container: Container, percent: float, limit: int) -> Text:
    if container.host_config.get("Memory"):
        return say("{name} uses {percent}% of its {limit} MB", name=container.name, percent=percent, limit=limit)
    return say(
        "{name} has no memory limit; it uses {percent}% of the machine's {limit} MB",
        name=container.name,
        percent=percent,
        limit=limit,
    )


def _nothing(name: str) -> Reading:
    reason = say("{name} is not running", name=name)
    units = {**_MEMORY, "cpu_percent": "%", "pids": ""}
    return Reading(reason, tuple(Measurement(figure, None, unit, reason) for figure, unit in units.items()))


def _without_memory(container: Container, sample: dict[str, Any]) -> Reading:
    reason = say("the engine does not tell the memory of {name}: its machine may not count it", name=container.name)
    unknown = (Measurement(figure, None, unit, reason) for figure, unit in _MEMORY.items())
    return Reading(reason, (*unknown, _cpu(sample), _pids(sample)))


def _pids(sample: dict[str, Any]) -> Measurement:
    return Measurement("pids", int((sample.get("pids_stats") or {}).get("current") or 0))


def _used(figures: dict[str, Any]) -> int | None:
    """Bytes in use; the file cache that the kernel can drop at once is not counted, as in `docker stats`."""
    usage: int | None = figures.get("usage")
    if usage is None:
        return None
    details = figures.get("stats") or {}
    droppable: int = details.get("total_inactive_file", details.get("inactive_file", 0))  # cgroup v1, then v2
    return usage - droppable if droppable < usage else usage


def _cpu(sample: dict[str, Any]) -> Measurement:
    """In percent of one processor, so that two busy ones are 200."""
    now, before = sample["cpu_stats"], sample["precpu_stats"]
    whole = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    if whole <= 0:
        return Measurement("cpu_percent", None, "%", say("the engine had only one look at it"))
    own = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    return Measurement("cpu_percent", round(100 * own / whole * (now.get("online_cpus") or 1), 1), "%")


STATS = Read("docker.stats", Address, Sampling, LIMIT + 18, _read)
