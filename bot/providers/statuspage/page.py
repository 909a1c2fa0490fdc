"""What a status page says, whoever hosts it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

SEVERITIES: Final[Mapping[str, int]] = MappingProxyType(
    {"none": 0, "maintenance": 1, "minor": 1, "major": 2, "critical": 3}
)
"""The words of Atlassian's pages, into which those of the others are translated."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the vendor; `indicator` is one of SEVERITIES."""

    name: str
    indicator: str


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it is now; None stands for what it does not tell."""

    indicator: str
    description: str
    incidents: tuple[str, ...] | None = None
    maintenances: int | None = None
    components: tuple[Component, ...] | None = None


def worst(indicators: list[str]) -> str:
    """The gravest of these; none when there are none."""
    return max(indicators, key=lambda one: SEVERITIES.get(one, 0), default="none")
