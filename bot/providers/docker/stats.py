"""What a container uses now, counted as `docker stats` does."""

from typing import Any, Final

from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Named
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import LIMIT, opened

_MIB: Final = 1024 * 1024


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
        if not container.is_running:
            return _nothing(container.name)
        # The engine takes two looks, a second apart.
        sample = await engine.get(f"/containers/{container.id}/stats", {"stream": "false"})
    used, limit = _memory(sample["memory_stats"])
    if used is None or not limit:
        return _nothing(container.name)
    percent = round(100 * used / limit, 1)
    return Reading(
        _summary(container, percent, round(limit / _MIB)),
        (
            Measurement("memory_percent", percent, "%"),
            Measurement("memory_mb", round(used / _MIB, 1), "MB"),
            Measurement("limit_mb", round(limit / _MIB, 1), "MB"),
            _cpu(sample),
            Measurement("pids", int((sample.get("pids_stats") or {}).get("current") or 0)),
        ),
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
    units = {"memory_percent": "%", "memory_mb": "MB", "limit_mb": "MB", "cpu_percent": "%", "pids": ""}
    return Reading(reason, tuple(Measurement(figure, None, unit, reason) for figure, unit in units.items()))


def _memory(figures: dict[str, Any]) -> tuple[int | None, int | None]:
    """Used and allowed bytes; the file cache that the kernel can drop at once is not counted, as in `docker stats`."""
    usage = figures.get("usage")
    if usage is None:
        return None, None
    details = figures.get("stats") or {}
    droppable = details.get("total_inactive_file", details.get("inactive_file", 0))  # cgroup v1, then v2
    return usage - droppable if droppable < usage else usage, figures.get("limit")


def _cpu(sample: dict[str, Any]) -> Measurement:
    """In percent of one processor, so that two busy ones are 200."""
    now, before = sample["cpu_stats"], sample["precpu_stats"]
    whole = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    if whole <= 0:
        return Measurement("cpu_percent", None, "%", say("the engine had only one look at it"))
    own = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    return Measurement("cpu_percent", round(100 * own / whole * (now.get("online_cpus") or 1), 1), "%")


STATS = Read("docker.stats", Address, Named, LIMIT, _read)
