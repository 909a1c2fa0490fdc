"""A watch: one check looked at again and again for a while; what changes is told, until the time is over or enough."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.core.errors import TooLate, UserError
from bot.core.events import Recorded
from bot.core.findings import Level
from bot.core.text import Text

LONGEST = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Begun:
    """The check by name and title, until when, for which incident, what was said with it, and after which run."""

    check: str
    title: Text
    until: datetime
    incident: str = ""
    system: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    run: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """The first finding, and each that differs from the one before."""

    level: Level
    summary: Text


@dataclass(frozen=True, slots=True)
class Ended:
    """Its time is over, with what there was to see at last, or somebody stopped it."""

    stopped: bool
    level: Level | None = None
    summary: Text | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the run hears that a watch followed: what there was to see when it began, and at last."""

    title: Text
    level: Level
    first: Text
    last: Text


@dataclass(frozen=True, slots=True)
class Watch:
    """The state of a watch; `first` is what there was to see when it began."""

    number: str
    begun: Begun
    by: str
    at: datetime
    level: Level | None = None
    summary: Text | None = None
    changes: int = 0
    ended_at: datetime | None = None
    stopped_by: str = ""
    version: int = 0
    first: Text | None = None

    @property
    def system(self) -> str:
        return self.begun.system

    @property
    def is_open(self) -> bool:
        return self.ended_at is None


def apply(state: Watch | None, event: Recorded) -> Watch:
    """One step of the fold."""
    if state is None:
        if not isinstance(event.fact, Begun):
            raise ValueError(f"{event.stream} does not begin with a watch")
        return Watch(event.stream, event.fact, event.by.user, event.at, version=1)
    return replace(_moved(state, event), version=event.version)


def _moved(state: Watch, event: Recorded) -> Watch:
    match event.fact:
        case Seen(level, summary):
            first = state.first or summary
            return replace(state, level=level, summary=summary, first=first, changes=state.changes + 1)
        case Ended(stopped, level, summary):
            last = replace(state, level=level or state.level, summary=summary or state.summary)
            return replace(last, ended_at=event.at, stopped_by=event.by.user if stopped else "")
        case _:
            return state


def begin(fact: Begun, now: datetime) -> Begun:
    """Decide to watch; raises UserError on a time that nobody would wait for."""
    asked = fact.until - now
    if not timedelta(0) < asked <= LONGEST:
        raise UserError("A watch lasts from one minute to {hours} h.", hours=LONGEST.seconds // 3600)
    return fact


def seen(state: Watch, level: Level, summary: Text) -> Seen | None:
    """Something to tell: the first finding, another verdict, or other words while it is not ok.

    The summary of a healthy check holds figures that differ each time; nobody wants to be told those.
    """
    if not state.is_open:
        return None
    is_worth_telling = level is not state.level or (level is not Level.OK and summary != state.summary)
    return Seen(level, summary) if is_worth_telling else None


def over(state: Watch, level: Level | None = None, summary: Text | None = None) -> Ended | None:
    """Its time has come, unless it ended before."""
    return Ended(False, level, summary) if state.is_open else None


def stop(state: Watch) -> Ended:
    """Decide that it was enough."""
    if not state.is_open:
        raise TooLate("{number} has ended already.", number=state.number)
    return Ended(stopped=True)
