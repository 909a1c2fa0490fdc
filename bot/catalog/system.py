"""The shape of a system's profile: what may stand in the YAML files of a catalog folder."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.core.errors import NotFound
from bot.core.findings import Level, Quantity, Threshold
from bot.core.policy import Right, Rights, Severity
from bot.core.text import Words

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


class Check(Entry):
    """A named READ operation bound to a target, with thresholds."""

    name: str = ""
    title: Title
    group: str
    target: str
    operation: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    limit: Duration | None = None
    thresholds: Mapping[str, Limits] = Field(default_factory=dict)
    source: str = ""


class ApprovalRule(Entry):
    """Who may approve an action, and for how long a proposal stands."""

    roles: tuple[str, ...] = Field(min_length=1)
    self_approval: bool = False
    expires: Duration = timedelta(minutes=15)


class Action(Entry):
    """A named CHANGE operation bound to a target, with what it needs and what proves it."""

    name: str = ""
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


class Pointer(Entry):
    """A contact or a link that people need at hand: what it is for, and how to reach it."""

    title: Title
    to: str


class Profile(Entry):
    """system.yml: names, language, channel, people, severities."""

    name: str
    language: Annotated[str, Field(pattern="^(en|pt_BR)$")]
    timezone: str
    channel: str
    page_by_hand: Title
    roles: Mapping[str, Role]
    rights: Mapping[Right, tuple[str, ...]]
    severities: Mapping[Severity, SeverityProfile]
    targets: Mapping[str, Target]
    contacts: tuple[Pointer, ...] = ()
    links: tuple[Pointer, ...] = ()

    @model_validator(mode="after")
    def _roles_exist(self) -> "Profile":
        for right, roles in self.rights.items():
            unknown = [role for role in roles if role not in self.roles and role != "anyone"]
            if unknown:
                raise ValueError(f"rights.{right}: no role named {', '.join(unknown)}")
        return self


class System(Entry):
    """One production system, complete."""

    id: str
    profile: Profile
    checks: Mapping[str, Check]
    actions: Mapping[str, Action]

    @property
    def rights(self) -> Rights:
        return Rights(self.profile.rights)

    def groups(self) -> dict[str, list[Check]]:
        """The checks by group, in the order of the file."""
        grouped: dict[str, list[Check]] = {}
        for check in self.checks.values():
            grouped.setdefault(check.group, []).append(check)
        return grouped

    def checks_named(self, word: str) -> list[Check]:
        """The checks behind a word: all, a group, or one check; raises NotFound naming the choices."""
        if word == "all":
            return list(self.checks.values())
        if word in self.checks:
            return [self.checks[word]]
        groups = self.groups()
        if word in groups:
            return groups[word]
        raise NotFound(
            "I cannot diagnose “{word}”. I know: {known}.", word=word, known=", ".join([*groups, *self.checks])
        )

    def action_for(self, verb: str, service: str) -> Action:
        """The action that `/rollback agente-api` means; raises NotFound naming the choices."""
        offered = {action.service: action for action in self.actions.values() if action.verb == verb}
        if service in offered:
            return offered[service]
        raise NotFound(
            "I know no {verb} for “{service}”. I know: {known}.", verb=verb, service=service, known=", ".join(offered)
        )


class Catalog(Entry):
    """All systems of a workspace."""

    systems: Mapping[str, System] = Field(min_length=1)

    @property
    def home(self) -> System:
        """The system that is meant when nobody names one: the first."""
        return next(iter(self.systems.values()))


def is_reference(value: str) -> bool:
    """Whether an address value names a secret instead of being one."""
    return bool(_REFERENCE.match(value))
