"""The stop switch: while it is on, nothing is proposed, approved or started."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.errors import TooLate, UserError
from bot.core.events import Recorded
from bot.core.text import Person

WORDS_LIMIT = 500


@dataclass(frozen=True, slots=True)
class Frozen:
    """Why, and for which system; an empty one is all of them."""

    words: str
    system: str = ""


@dataclass(frozen=True, slots=True)
class Lifted:
    pass


@dataclass(frozen=True, slots=True)
class Freeze:
    """The state of one freeze."""

    number: str
    words: str
    system: str
    by: str
    at: datetime
    lifted_by: str = ""
    lifted_at: datetime | None = None
    version: int = 0

    @property
    def is_on(self) -> bool:
        return self.lifted_at is None

    def covers(self, system: str) -> bool:
        """Whether changes to this system are stopped by it."""
        return self.is_on and self.system in ("", system)


def apply(state: Freeze | None, event: Recorded) -> Freeze:
    """One step of the fold."""
    if state is None:
        if not isinstance(event.fact, Frozen):
            raise ValueError(f"{event.stream} does not begin with a freeze")
        return Freeze(event.stream, event.fact.words, event.fact.system, event.by.user, event.at, version=1)
    if isinstance(event.fact, Lifted):
        return replace(state, lifted_by=event.by.user, lifted_at=event.at, version=event.version)
    return replace(state, version=event.version)


def freeze(words: str, system: str) -> Frozen:
    """Decide to stop all changes; raises UserError without a reason that the others can read."""
    words = " ".join(words.split())
    if not words:
        raise UserError("Say why, for example `/plantao freeze database migration until 05:00`.")
    return Frozen(words[:WORDS_LIMIT], system)


def lift(state: Freeze) -> Lifted:
    """Decide to let changes through again."""
    if not state.is_on:
        raise TooLate("{number} was already lifted by {who}.", number=state.number, who=Person(state.lifted_by))
    return Lifted()
