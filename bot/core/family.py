"""The kinds of stream there are, as a literal table: how each is numbered, folded and told apart from a closed one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from bot.core import freeze, handoff, incident, reveal, run, watch
from bot.core.events import Recorded
from bot.core.text import Text, say

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Family(Generic[S]):
    """Streams of one kind; `prefix` is what people type before the number."""

    prefix: str
    apply: Callable[[S | None, Recorded], S]
    is_open: Callable[[S], bool]
    missing: Text


def note_of(state: handoff.Note | None, event: Recorded) -> handoff.Note:
    """A remark has one event and never changes."""
    return state or handoff.Note(
        event.stream, event.fact.words, event.by.user, event.at, event.version, event.fact.system
    )


INCIDENTS = Family(
    "INC",
    incident.apply,
    lambda state: state.is_open,
    say("There is no incident {number}. `/incident list` shows the open ones."),
)
RUNS = Family("RUN", run.apply, lambda state: state.is_open, say("There is no run {number}."))
HANDOFFS = Family("HO", handoff.apply, lambda state: state.accepted_at is None, say("There is no handoff {number}."))
WATCHES = Family("WT", watch.apply, lambda state: state.is_open, say("There is no watch {number}."))
FREEZES = Family("FRZ", freeze.apply, lambda state: state.is_on, say("There is no freeze {number}."))
NOTES = Family("NOTE", note_of, lambda state: True, say("There is no note {number}."))
REVEALS = Family("REV", reveal.apply, lambda state: False, say("There is no reveal {number}."))

FAMILIES: Mapping[str, Family[Any]] = {
    family.prefix: family for family in (INCIDENTS, RUNS, HANDOFFS, WATCHES, FREEZES, NOTES, REVEALS)
}


def family_of(stream: str) -> Family[Any]:
    """The family that a stream such as `INC-7` belongs to."""
    return FAMILIES[stream.partition("-")[0]]


def renumbered(state: S, number: str) -> S:
    """The same state under the number it was given while it was stored."""
    return replace(state, number=number)  # type: ignore[type-var]
