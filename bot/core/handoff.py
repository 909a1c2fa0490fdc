"""A handoff: the note at the end of a shift, and its acceptance by the next person."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.core.errors import TooLate, UserError
from bot.core.events import Recorded
from bot.core.text import Person, Text, say

FIELD_LIMIT = 3000


class Overall(StrEnum):
    """The state of the house at the end of a shift (source: requirements 001-H04)."""

    STABLE = "stable"
    MINOR = "minor"
    ACTIVE = "active"


OVERALL_NAMES: Mapping[Overall, Text] = {
    Overall.STABLE: say("Stable"),
    Overall.MINOR: say("Minor issues"),
    Overall.ACTIVE: say("Active incident"),
}


@dataclass(frozen=True, slots=True)
class Noted:
    """A remark kept for the next handoff."""

    words: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """The handoff note; the fields are those of requirements 001-H04."""

    to: str
    overall: str
    incidents: str
    runs: str
    alerts: str
    ongoing: str
    planned: str
    remarks: str
    contacts: str = ""
    documents: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    pass


@dataclass(frozen=True, slots=True)
class Handoff:
    """The state of one handoff."""

    number: str
    note: Written
    by: str
    at: datetime
    accepted_at: datetime | None = None
    version: int = 0

    @property
    def system(self) -> str:
        return self.note.system


@dataclass(frozen=True, slots=True)
class Note:
    """One remark for the next handoff."""

    number: str
    words: str
    by: str
    at: datetime
    version: int = 0
    system: str = ""


def apply(state: Handoff | None, event: Recorded) -> Handoff:
    """One step of the fold."""
    if state is None:
        if not isinstance(event.fact, Written):
            raise ValueError(f"{event.stream} does not begin with a note")
        return Handoff(event.stream, event.fact, event.by.user, event.at, version=1)
    if isinstance(event.fact, Accepted):
        return replace(state, accepted_at=event.at, version=event.version)
    return replace(state, version=event.version)


def write(note: Written, by: str) -> Written:
    """Decide to hand over."""
    if note.to == by:
        raise UserError("You cannot hand over to yourself. Choose who comes next.")
    return note


def accept(state: Handoff, who: str) -> Accepted:
    """Decide to take over; only the person it is addressed to can."""
    if state.accepted_at is not None:
        raise TooLate("{number} was already accepted by {who}.", number=state.number, who=Person(state.note.to))
    if who != state.note.to:
        raise UserError(
            "{number} is addressed to {who}; only they can accept it.", number=state.number, who=Person(state.note.to)
        )
    return Accepted()


def note(words: str, system: str = "") -> Noted:
    """Decide to keep a remark for the next handoff."""
    words = words.strip()
    if not words:
        raise UserError("Say what the next person should know, for example `/handoff note watch the queue`.")
    if len(words) > FIELD_LIMIT:
        raise UserError(
            "That is {length} characters; Slack shows {limit} at most. Nothing was recorded.",
            length=len(words),
            limit=FIELD_LIMIT,
        )
    return Noted(words, system)


def overall_name(overall: str) -> Text:
    """The readable name of an overall state."""
    return OVERALL_NAMES[Overall(overall)]
