"""How much memory and processor time the pods use, as `kubectl top pods` tells it."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.core.errors import Denied, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.cluster import LIMIT, Cluster, Document, opened
from bot.providers.kubernetes.quantities import MEBI, amount
from bot.providers.kubernetes.refusals import NotServed
from bot.providers.kubernetes.resources import POD_METRICS
from bot.providers.kubernetes.selection import Wanted, pods_of

_SHOWN: Final = 20


class TopWanted(Wanted):
    """Whose figures, and by which of them the lines are sorted."""

    sort: Literal["memory", "cpu"] = "memory"


@dataclass(frozen=True, slots=True)
class _Usage:
    """One pod; the percentages are those of its container that is nearest to its limit."""

    pod: str
    memory_mb: float
    cpu_m: float
    memory_percent: float | None
    cpu_percent: float | None

    def __str__(self) -> str:
        memory = "no limit" if self.memory_percent is None else f"{self.memory_percent:g}% of its limit"
        cpu = "no limit" if self.cpu_percent is None else f"{self.cpu_percent:g}% of its limit"
        return f"{self.pod}  memory {self.memory_mb:g} MiB ({memory})  cpu {self.cpu_m:g} m ({cpu})"


async def _read(address: Address, wanted: TopWanted) -> Reading:
    async with opened(address) as cluster:
        pods = await pods_of(cluster, wanted)
        metrics = await _metrics(cluster)
    if isinstance(metrics, Text):
        return Reading(say("not measured: {reason}", reason=metrics), _nothing(len(pods), metrics))
    usages = [_usage(pod, metrics[name]) for pod in pods if (name := pod["metadata"]["name"]) in metrics]
    if not usages:
        reason = say("no metrics of these pods are there yet")
        return Reading(say("not measured: {reason}", reason=reason), _nothing(len(pods), reason))
    by_cpu = wanted.sort == "cpu"
    usages.sort(key=lambda one: one.cpu_m if by_cpu else one.memory_mb, reverse=True)
    return Reading(_summary(usages), _measured(len(pods), usages), tuple(str(one) for one in usages[:_SHOWN]))


async def _metrics(cluster: Cluster) -> dict[str, list[Document]] | Text:
    """The containers' figures by pod, or why there are none: many clusters have no metrics server."""
    try:
        found = await cluster.listing(POD_METRICS)
    except NotServed:
        return say("this cluster has no metrics API; install metrics-server")
    except Unreachable:
        return say("the metrics API does not answer; look at metrics-server")
    except Denied as error:
        return error.text
    return {one["metadata"]["name"]: one.get("containers") or [] for one in found}


def _usage(pod: Document, containers: list[Document]) -> _Usage:
    limits = {
        one["name"]: (one.get("resources") or {}).get("limits") or {}
        for one in [*(pod["spec"].get("initContainers") or []), *pod["spec"]["containers"]]
    }
    shares = [(one.get("usage") or {}, limits.get(one["name"], {})) for one in containers]
    return _Usage(
        pod=pod["metadata"]["name"],
        memory_mb=round(sum(amount(used.get("memory", "0")) or 0 for used, _ in shares) / MEBI, 1),
        cpu_m=round(sum(amount(used.get("cpu", "0")) or 0 for used, _ in shares) * 1000),
        memory_percent=_worst_percent("memory", shares),
        cpu_percent=_worst_percent("cpu", shares),
    )


def _worst_percent(kind: str, shares: list[tuple[dict[str, Any], dict[str, Any]]]) -> float | None:
    percents = [
        round(100 * used / limit, 1)
        for usage, limits in shares
        if (limit := amount(limits.get(kind, ""))) and (used := amount(usage.get(kind, ""))) is not None
    ]
    return max(percents, default=None)


def _measured(pods: int, usages: list[_Usage]) -> tuple[Measurement, ...]:
    memory = max((one.memory_percent for one in usages if one.memory_percent is not None), default=None)
    cpu = max((one.cpu_percent for one in usages if one.cpu_percent is not None), default=None)
    unlimited = say("no container of these pods has such a limit")
    return (
        Measurement("pods", pods),
        Measurement("measured", len(usages)),
        Measurement("memory_percent", memory, "%", unlimited if memory is None else None),
        Measurement("memory_mb", max(one.memory_mb for one in usages), "MiB"),
        Measurement("cpu_m", sum(one.cpu_m for one in usages), "m"),
        Measurement("cpu_percent", cpu, "%", unlimited if cpu is None else None),
    )


def _nothing(pods: int, reason: Text) -> tuple[Measurement, ...]:
    names = (("memory_percent", "%"), ("memory_mb", "MiB"), ("cpu_m", "m"), ("cpu_percent", "%"))
    return (
        Measurement("pods", pods),
        Measurement("measured", 0),
        *(Measurement(name, None, unit, reason) for name, unit in names),
    )


def _summary(usages: list[_Usage]) -> Text:
    worst = max(usages, key=lambda one: (one.memory_percent or 0, one.memory_mb))
    return say(
        "{pod} uses most memory: {memory} MiB ({percent}); all {count} together {cpu} m of processor time",
        pod=worst.pod,
        memory=worst.memory_mb,
        percent="-" if worst.memory_percent is None else f"{worst.memory_percent:g}%",
        count=len(usages),
        cpu=round(sum(one.cpu_m for one in usages)),
    )


TOP = Read("kubernetes.top", Address, TopWanted, LIMIT, _read)
