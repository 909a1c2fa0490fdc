"""Healthy figures for the expressions that a system's catalog asks Prometheus, well inside their limits.

The expressions are read from the catalog: a figure is given to the name of a check, and follows when its query changes.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from sandbox.world.observability import Prometheus
from sandbox.world.observability.prometheus import Line

_CATALOG: Final = Path(__file__).resolve().parents[3] / "catalog"
_ASKED: Final = ("prometheus.query", "prometheus.range")
_UNLIMITED: Final = 1.0


def show_health(prometheus: Prometheus, system: str) -> None:
    """Give every expression of this system a figure that is normal."""
    for name, check in _checks(system).items():
        show(prometheus, system, name, _healthy(check))


def show(prometheus: Prometheus, system: str, name: str, figure: float) -> bool:
    """Give the expression of one check this figure; whether the system has such a check."""
    check = _checks(system).get(name)
    if check is None:
        return False
    parameters = check["parameters"]
    labels = {label: "/chat"} if (label := parameters.get("by")) else {}
    prometheus.table[parameters["query"]] = [Line(labels, figure)]
    return True


def names(system: str) -> list[str]:
    """The checks of a system that ask Prometheus."""
    return list(_checks(system))


@cache
def _checks(system: str) -> dict[str, dict[str, Any]]:
    # The C loader: the Python one takes a tenth of a second for the longest catalog.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, dict[str, Any]] = {}
    for file in sorted((_CATALOG / system).glob("**/checks*.yml")):
        document = yaml.load(file.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506 - both are safe loaders
        found |= {name: one for name, one in document["checks"].items() if one["operation"] in _ASKED}
    return found


def _healthy(check: Mapping[str, Any]) -> float:
    """A third of the lowest limit; where less is worse, clearly more than the highest."""
    limits = list(_limits(check))
    if not limits:
        return _UNLIMITED
    (is_below, _), numbers = limits[0], [number for _, number in limits]
    return _above(max(numbers)) if is_below else round(min(numbers) / 3, 4)


def _above(number: float) -> float:
    """Shares end at 1 or 100."""
    ceiling = 1.0 if number < 1 else 100.0 if number < 100 else 3 * number
    return round(number + (ceiling - number) * 0.8, 4)


def _limits(check: Mapping[str, Any]) -> Iterator[tuple[bool, float]]:
    for limit in (check.get("thresholds") or {}).values():
        for level in ("warn", "crit"):
            if isinstance(limit.get(level), int | float):
                yield bool(limit.get("below")), float(limit[level])
        if isinstance(limit.get("expect"), int | float):
            yield True, float(limit["expect"])
