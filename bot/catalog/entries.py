"""The entries of a catalog folder: what may stand in its YAML files, key by key."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.core.findings import Level, Quantity, Threshold
from bot.core.policy import Severity
from bot.core.text import Words

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_REFERENCE = re.compile(r"^(env|file|aws-secret):\S+$")


def parse_duration(raw: object) -> object:
    """Read `90s`, `15m`, `2h` or `1d`; anything else is left to the validator to refuse."""
    found = re.fullmatch(r"(\d+)([smhd])", raw) if isinstance(raw, str) else None
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]]) if found else raw


def _both_languages(raw: object) -> object:
    return Words(**raw) if isinstance(raw, dict) else raw


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Title = Annotated[Words, BeforeValidator(_both_languages)]


class Entry(BaseModel):
    """The base of all catalog entries: frozen, unknown keys refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Role(Entry):
    """People who hold a role: `@handle` of a Slack user group, or a user id."""

    title: Title
    members: tuple[Annotated[str, Field(pattern=r"^(@[a-z0-9._-]+|[UW][A-Z0-9]+)$")], ...] = Field(min_length=1)


class SeverityProfile(Entry):
    """How one severity is called here and how soon somebody has to have it."""

    title: Title
    acknowledge: Duration


class Target(Entry):
    """Something a provider talks to. Values are literals or references (`env:NAME`, `file:PATH`, `aws-secret:NAME`)."""

    provider: str
    address: Mapping[str, str | bool | int] = Field(default_factory=dict)

    def references(self) -> list[str]:
        """The references among the address values."""
        return [value for value in self.address.values() if isinstance(value, str) and is_reference(value)]


class Limits(Entry):
    """Thresholds of one measurement, as written in the catalog."""

    warn: float | None = None
    crit: float | None = None
    below: bool = False
    expect: Quantity = None
    otherwise: Level = Level.CRIT

    def threshold(self) -> Threshold:
        return Threshold(self.warn, self.crit, self.below, self.expect, self.otherwise)


class Pointer(Entry):
    """A contact or a link that people need at hand: what it is for, and how to reach it."""

    title: Title
    to: str


class Check(Entry):
    """A named READ operation bound to a target, with thresholds.

    `runbook` says what to do when it is not ok, `proposes` which actions may help; a report offers both.
    `source` names the requirements and documents behind it; it is not shown.
    """

    name: str = ""
    system: str = ""
    title: Title
    group: str
    target: str
    operation: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    limit: Duration | None = None
    thresholds: Mapping[str, Limits] = Field(default_factory=dict)
    runbook: str = ""
    proposes: tuple[str, ...] = ()
    links: tuple[Pointer, ...] = ()
    source: str = ""


class ApprovalRule(Entry):
    """Who may approve an action, and for how long a proposal stands."""

    roles: tuple[str, ...] = Field(min_length=1)
    self_approval: bool = False
    expires: Duration = timedelta(minutes=15)


class Action(Entry):
    """A named CHANGE operation bound to a target, with what it needs and what proves it."""

    name: str = ""
    system: str = ""
    title: Title
    verb: str
    service: str
    target: str
    operation: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    accepts: tuple[str, ...] = ()
    risk: Annotated[str, Field(pattern="^(low|medium|high|destructive)$")]
    approve: ApprovalRule
    verify: tuple[str, ...] = Field(min_length=1)
    verify_within: Duration = timedelta(minutes=2)
    undo: Title
    limit: Duration | None = None
    source: str = ""


class Alert(Entry):
    """A symptom that calls people: how severe it is here, what to look at first, and what to follow.

    `proposed` marks a severity that the team's document does not give. `matches` are the labels of an incoming alert.
    """

    name: str = ""
    system: str = ""
    title: Title
    severity: Severity
    proposed: bool = False
    checks: tuple[str, ...] = Field(min_length=1)
    runbook: str = ""
    matches: Mapping[str, str] = Field(default_factory=dict)
    source: str = ""


def is_reference(value: str) -> bool:
    """Whether an address value names a secret instead of being one."""
    return bool(_REFERENCE.match(value))
