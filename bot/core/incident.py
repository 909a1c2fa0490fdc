"""An incident: the record of one disturbance, its facts, the state folded from them, and who may change it how."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.errors import TooLate, UserError
from bot.core.events import Recorded
from bot.core.findings import Level, Link
from bot.core.policy import Severity
from bot.core.text import Person, Text, say

TITLE_LIMIT = 200
WORDS_LIMIT = 3000


@dataclass(frozen=True, slots=True)
class Declared:
    """`system` is empty in what was recorded before there were several."""

    severity: Severity
    title: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    pass


@dataclass(frozen=True, slots=True)
class Overdue:
    """Nobody acknowledged within the time that the severity allows, in minutes."""

    minutes: int


@dataclass(frozen=True, slots=True)
class Updated:
    words: str


@dataclass(frozen=True, slots=True)
class Diagnosing:
    """A diagnosis takes a while; `live` names the message in which it grows, `until` is when it must have ended."""

    what: str
    live: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A diagnosis that belongs to the incident: one line per check, worst first, and where more is to be seen.

    `live` when it was seen to grow.
    """

    what: str
    level: Level
    lines: tuple[tuple[Level, Text, Text], ...]
    live: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class DiagnosisLost:
    """A diagnosis that had begun did not end: whoever ran it died, or its result could not be recorded."""

    what: str
    live: str


@dataclass(frozen=True, slots=True)
class RunMoved:
    """An action of this incident reached a new state."""

    run: str
    summary: Text


@dataclass(frozen=True, slots=True)
class Breached:
    """It is, or may be, a security incident: only actions that are safe for a breach may run on its system."""


@dataclass(frozen=True, slots=True)
class Cleared:
    """Security has released it: it is no breach, or no longer one."""


@dataclass(frozen=True, slots=True)
class Resolved:
    words: str


class Phase(StrEnum):
    """Where an incident stands."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Incident:
    """The state of an incident after some of its events."""

    number: str
    severity: Severity
    title: str
    declared_by: str
    declared_at: datetime
    phase: Phase = Phase.OPEN
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    resolved_by: str = ""
    resolved_at: datetime | None = None
    resolution: str = ""
    overdue: bool = False
    latest: str = ""
    runs: tuple[str, ...] = field(default=())
    version: int = 0
    system: str = ""
    breach: bool = False
    diagnosing: tuple[Diagnosing, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.phase is not Phase.RESOLVED

    def duration(self, now: datetime) -> timedelta:
        """From declaration to resolution, or to `now` while it is open."""
        return (self.resolved_at or now) - self.declared_at


def apply(state: Incident | None, event: Recorded) -> Incident:
    """One step of the fold."""
    if state is None:
        fact = event.fact
        if not isinstance(fact, Declared):
            raise ValueError(f"{event.stream} does not begin with a declaration")
        return Incident(event.stream, fact.severity, fact.title, event.by.user, event.at, version=1, system=fact.system)
    return replace(_changed(state, event), version=event.version)


def _changed(state: Incident, event: Recorded) -> Incident:
    match event.fact:
        case Acknowledged():
            return replace(state, phase=Phase.ACKNOWLEDGED, acknowledged_by=event.by.user, acknowledged_at=event.at)
        case Overdue():
            return replace(state, overdue=True)
        case Updated(words):
            return replace(state, latest=words)
        case Breached():
            return replace(state, breach=True)
        case Cleared():
            return replace(state, breach=False)
        case Diagnosing() as begun:
            return replace(state, diagnosing=(*state.diagnosing, begun))
        case Diagnosed(live=live) | DiagnosisLost(live=live) if live:
            return replace(state, diagnosing=tuple(one for one in state.diagnosing if one.live != live))
        case RunMoved(run=run) if run not in state.runs:
            return replace(state, runs=(*state.runs, run))
        case Resolved(words):
            return replace(
                state, phase=Phase.RESOLVED, resolved_by=event.by.user, resolved_at=event.at, resolution=words
            )
        case _:
            return state


def declare(severity: Severity, title: str, system: str = "") -> Declared:
    """Decide to open an incident; raises UserError on a title that nobody could read in a headline."""
    title = " ".join(title.split())
    if not title:
        raise UserError("Say in a few words what is wrong, for example `/incident declare P1 checkout errors`.")
    if len(title) > TITLE_LIMIT:
        raise UserError(
            "The title has {length} characters; keep it under {limit} and put the rest into an update.",
            length=len(title),
            limit=TITLE_LIMIT,
        )
    return Declared(severity, title, system)


def acknowledge(state: Incident) -> Acknowledged:
    """Decide to take an incident on."""
    _refuse_resolved(state)
    if state.phase is Phase.ACKNOWLEDGED:
        raise TooLate(
            "{number} was already acknowledged by {who}.", number=state.number, who=Person(state.acknowledged_by)
        )
    return Acknowledged()


def overdue(state: Incident, allowed: timedelta, now: datetime) -> Overdue | None:
    """The acknowledge clock rang: overdue, unless somebody has it, it was said before, or the clock rang early."""
    if state.phase is not Phase.OPEN or state.overdue or now < state.declared_at + allowed:
        return None
    return Overdue(int(allowed.total_seconds() // 60))


def update(state: Incident, words: str) -> Updated:
    """Decide to add what is known now."""
    _refuse_resolved(state)
    return Updated(
        _some(
            words, say("Say what is new, for example `/incident update {number} cache is back`.", number=state.number)
        )
    )


def resolve(state: Incident, words: str) -> Resolved:
    """Decide that it is over; a security incident has to be released first, or its end would release it."""
    _refuse_resolved(state)
    if state.breach:
        raise UserError(
            "{number} is a security incident: security releases it with `/incident clear {number}` first. "
            "Nothing was recorded.",
            number=state.number,
        )
    return Resolved(
        _some(
            words, say("Say what ended it, for example `/incident resolve {number} rolled back`.", number=state.number)
        )
    )


def breach(state: Incident) -> Breached | None:
    """Decide to treat it as a security incident."""
    _refuse_resolved(state)
    return None if state.breach else Breached()


def clear(state: Incident) -> Cleared | None:
    """Decide that it is no breach, or no longer one."""
    _refuse_resolved(state)
    return Cleared() if state.breach else None


def diagnosing(state: Incident, fact: Diagnosing) -> Diagnosing:
    """Decide to show a diagnosis while it goes on."""
    _refuse_resolved(state)
    return fact


def diagnosed(state: Incident, fact: Diagnosed) -> Diagnosed:
    """Decide to add a diagnosis to the timeline."""
    _refuse_resolved(state)
    return fact


def lost(state: Incident, live: str) -> DiagnosisLost | None:
    """Decide that a diagnosis will not end any more, also when the incident is over; nothing if it has ended."""
    return next((DiagnosisLost(one.what, live) for one in state.diagnosing if one.live == live), None)


def _some(words: str, hint: Text) -> str:
    words = words.strip()
    if not words:
        raise UserError(hint)
    if len(words) > WORDS_LIMIT:
        raise UserError(
            "That is {length} characters; Slack shows {limit} at most. Nothing was recorded.",
            length=len(words),
            limit=WORDS_LIMIT,
        )
    return words


def _refuse_resolved(state: Incident) -> None:
    if not state.is_open:
        raise TooLate("{number} was already resolved by {who}.", number=state.number, who=Person(state.resolved_by))
