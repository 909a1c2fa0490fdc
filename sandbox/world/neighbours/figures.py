"""Healthy figures for the expressions that a system's catalog asks Prometheus, well inside their limits.

The expressions are read from the catalog: a figure is given to the name of a check, and follows when its query changes.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

import yaml

from sandbox.world.observability import Prometheus
from sandbox.world.observability.prometheus import Line

_CATALOG: Final = Path(__file__).resolve().parents[3] / "catalog"
_ASKED: Final = ("prometheus.query", "prometheus.range")
_UNLIMITED: Final = 1.0
_Limit: TypeAlias = tuple[str, float]


def show_health(prometheus: Prometheus, system: str) -> None:
    """Give every expression of this system a figure that is normal for all checks that ask for it."""
    limits: dict[str, list[_Limit]] = {}
    for check in _checks(system).values():
        limits.setdefault(check["parameters"]["query"], []).extend(_limits(check))
    for name, check in _checks(system).items():
        show(prometheus, system, name, _healthy(limits[check["parameters"]["query"]]))


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


def _healthy(limits: list[_Limit]) -> float:
    """What is expected; else a third of the lowest limit, or where less is worse clearly more than the highest."""
    expected = [number for kind, number in limits if kind == "expect"]
    below = [number for kind, number in limits if kind == "below"]
    above = [number for kind, number in limits if kind == "above"]
    if expected:
        return expected[0]
    if below:
        return _more_than(max(below))
    return round(min(above) / 3, 4) if above else _UNLIMITED


def _more_than(number: float) -> float:
    """Shares end at 1 or 100."""
    ceiling = 1.0 if number < 1 else 100.0 if number < 100 else 3 * number
    return round(number + (ceiling - number) * 0.8, 4)


def _limits(check: Mapping[str, Any]) -> Iterator[_Limit]:
    for limit in (check.get("thresholds") or {}).values():
        kind = "below" if limit.get("below") else "above"
        yield from ((kind, float(limit[level])) for level in ("warn", "crit") if level in limit)
        if isinstance(limit.get("expect"), int | float):
            yield "expect", float(limit["expect"])
