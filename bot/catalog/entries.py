"""The entries of a catalog folder: what may stand in its YAML files, key by key."""

import re
from collections.abc import Mapping
from datetime import timedelta
from hashlib import sha256
from itertools import chain
from typing import Annotated, Any

from pydantic import Field, model_validator

from bot.catalog.ask import Ask, require_of_action, require_of_check
from bot.catalog.rule import ApprovalRule as ApprovalRule
from bot.catalog.sentence import BY_MAIL, Sentences, require_said
from bot.catalog.shape import Duration as Duration
from bot.catalog.shape import Entry as Entry
from bot.catalog.shape import Title as Title
from bot.core.findings import Level, Quantity, Threshold
from bot.core.policy import Severity

NAME = r"^[a-z0-9][a-z0-9-]{0,62}$"
_REFERENCE = re.compile(r"^(env|file|aws-secret):\S+$")


Measured = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}\.\w+(\.\w+)*$")]  # check.measurement


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
    """Thresholds of one measurement, as written in the catalog; `asked` is the question whose answer it has to be."""

    warn: float | None = None
    crit: float | None = None
    below: bool = False
    expect: Quantity = None
    otherwise: Level = Level.CRIT
    asked: str = ""

    def threshold(self, given: Mapping[str, str]) -> Threshold:
        return Threshold(self.warn, self.crit, self.below, given.get(self.asked, self.expect), self.otherwise)


class Pointer(Entry):
    """A contact or a link that people need at hand: what it is for, and how to reach it."""

    title: Title
    to: str


class Check(Entry):
    """A named READ operation bound to a target, with thresholds.

    `asks` are what a person may say with it: a parameter, or what a measurement has to be; `given` is what was said.
    `runbook` says what to do when it is not ok, `proposes` which actions may help; a report offers both.
    `by_name_only` keeps one out of `/diag all` that is ill whenever all is well: it verifies what is rare.
    `restricted` marks one whose masked details may be read in full in the system's restricted channel.
    `source` names the requirements and documents behind it; it is not shown.
    """

    name: str = ""
    system: str = ""
    title: Title
    group: str
    target: str
    operation: str
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    asks: Mapping[str, Ask] = Field(default_factory=dict)
    given: Mapping[str, str] = Field(default_factory=dict)
    limit: Duration | None = None
    thresholds: Mapping[str, Limits] = Field(default_factory=dict)
    runbook: str = ""
    proposes: tuple[str, ...] = ()
    links: tuple[Pointer, ...] = ()
    restricted: bool = False
    by_name_only: bool = False
    source: str = ""

    @model_validator(mode="after")
    def _asks_as_a_check(self) -> "Check":
        require_of_check(self.asks)
        return self

    @property
    def usage(self) -> str:
        """How it is typed: `api-version expected=…`."""
        return " ".join((self.name, *(f"{name}=…" for name in self.asks)))

    @property
    def identity(self) -> str:
        """What it is among all checks; what somebody said is in it as a digest only."""
        said = sha256(repr(sorted(self.given.items())).encode()).hexdigest()[:16] if self.given else ""
        return f"{self.system}:{self.name}:{said}"

    @property
    def compared(self) -> dict[str, str]:
        """The measurements that have to be what somebody says, each with the question."""
        return {measured: limits.asked for measured, limits in self.thresholds.items() if limits.asked}

    @property
    def kept(self) -> dict[str, str]:
        """What was said, without what is about somebody."""
        return {name: value for name, value in self.given.items() if not self.asks[name].personal}

    def limits(self) -> dict[str, Threshold]:
        """What each measurement is judged by; one that nobody said anything about is only shown."""
        return {
            measured: limits.threshold(self.given)
            for measured, limits in self.thresholds.items()
            if not limits.asked or limits.asked in self.given
        }

    def told(self, given: Mapping[str, str]) -> "Check":
        """The same check with what somebody said."""
        chosen = {name: value for name, value in given.items() if name not in self.compared.values()}
        return self.model_copy(update={"given": dict(given), "parameters": {**self.parameters, **chosen}})


class Share(Entry):
    """A limit that many draw on: a number counts once for `each`, beside what `others` use, and stays below `of`.

    `parameter` holds the number; each draws `beside` it too; `at_most` is the limit where `of` cannot be read, and
    `reserve` how much of it, in percent, has to stay free.
    """

    parameter: str
    each: Measured
    beside: Measured | None = None
    others: Measured | None = None
    of: Measured
    at_most: int | None = Field(None, ge=1)
    reserve: int = Field(0, ge=0, le=90)


class Action(Entry):
    """What may be done to a target, and what it needs: an operation, a step by hand, or a refusal with the safe way.

    `tells` makes it an announcement: the question `what` has a sentence for each of its choices, `target` sends mails.

    `requires` are checks that must be ok before; `guards` too, each with parameters taken from what would be sent or
    from the state that the preview read (`{migrations: {since: deployed}}`); `holds` are measurements that must have
    one value, `shares` a limit that a number must fit into; `first` names actions that have to be done and verified
    within the day before.
    `evidence` are the checks that the approvers see, `verify` those that must hold afterwards (`verify_back` once it
    was taken back, where that shows otherwise); they are `watched` for so long once they do, or in their place what
    shows only `later`, and its run is told how that went. A change that `lasts` goes back by itself when its time is
    over, as its approvers were told. A step by hand may be to `wait`: then its checks are run when that is over.
    `breach_ok` marks what may run during a security incident.
    """

    name: str = ""
    system: str = ""
    title: Title
    verb: str = "run"
    service: str = ""
    target: str = ""
    operation: str = ""
    parameters: Mapping[str, Any] = Field(default_factory=dict)
    asks: Mapping[str, Ask] = Field(default_factory=dict)
    risk: Annotated[str, Field(pattern="^(low|medium|high|destructive)$")] = "low"
    approve: ApprovalRule | None = None
    requires: tuple[str, ...] = ()
    guards: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    holds: Mapping[Measured, Quantity] = Field(default_factory=dict)
    shares: Share | None = None
    first: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()
    verify_back: tuple[str, ...] = ()
    verify_within: Duration = timedelta(minutes=2)
    undo: Title | None = None
    lasts: Duration | None = None
    watched: Duration | None = None
    later: tuple[str, ...] = ()
    breach_ok: bool = False
    by_hand: Title | None = None
    wait: Duration | None = None
    tells: Sentences = Field(default_factory=dict)
    refused: Title | None = None
    instead: str = ""
    limit: Duration | None = None
    source: str = ""

    @model_validator(mode="after")
    def _is_one_thing(self) -> "Action":
        if sum((bool(self.operation), self.by_hand is not None, bool(self.tells), self.refused is not None)) != 1:
            raise ValueError("an action has exactly one of operation, by_hand, tells and refused")
        if self.tells:
            require_said(self.tells, self.asks["what"].choices if "what" in self.asks else (), self.asks, self.target)
        if self.refused is None and self.approve is None:
            raise ValueError("approve: who may approve is missing")
        if self.operation and not (self.target and self.verify and self.undo):
            raise ValueError("an operation needs a target, checks that verify it, and its undo in words")
        if (self.lasts or self.watched or self.holds or self.shares) and not self.operation:
            raise ValueError("lasts, watched, holds and shares belong to an operation")
        if self.later and not self.watched:
            raise ValueError("what shows later has to be watched for a while")
        require_of_action(self.asks)
        if self.wait and not (self.by_hand and self.verify):
            raise ValueError("wait belongs to a step by hand that checks verify")
        if self.approve is not None:
            self.approve.refuse_looser(self.risk)
            if self.by_hand is not None:
                self.approve.refuse_unheard(self.risk, is_wait=self.wait is not None)
        return self

    @property
    def carried_out_by(self) -> str:
        """The operation that its target is for; empty for what needs none."""
        return self.operation or (BY_MAIL if self.tells and self.target else "")

    @property
    def measured(self) -> tuple[str, ...]:
        """The measurements that decide whether it may be proposed and started, each as `check.name`."""
        shares = self.shares
        return (*self.holds, *filter(None, (shares.each, shares.beside, shares.others, shares.of) if shares else ()))

    def verified_by(self, given: Mapping[str, Any], *, is_way_back: bool) -> tuple[str, ...]:
        """The checks that verify it with what was chosen, or that it was taken back."""
        if is_way_back and self.verify_back:
            return self.verify_back
        chosen = (ask.verify.get(str(given.get(name, ask.default)), ()) for name, ask in self.asks.items())
        return tuple(dict.fromkeys(chain(self.verify, *chosen)))

    @property
    def quorum(self) -> int:
        """How many people have to agree; a step by hand that needs one is ticked off at once by whoever does it."""
        return self.approve.quorum_at(self.risk) if self.approve else 0

    @property
    def is_confirmed_alone(self) -> bool:
        """Whether the proposer's own confirmation is enough."""
        rule = self.approve
        chosen = rule.self_approval if rule else None
        return self.risk == "low" if chosen is None else chosen

    @property
    def accepts(self) -> tuple[str, ...]:
        """The parameters that a person may choose."""
        return tuple(self.asks)


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
