"""A reveal: somebody was let read what checks mask; never the values themselves."""

from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.events import Recorded


@dataclass(frozen=True, slots=True)
class Granted:
    """Which checks of a system may be read in full by whoever asked, from which channel by its id."""

    system: str
    checks: tuple[str, ...]
    channel: str


@dataclass(frozen=True, slots=True)
class Reveal:
    """The state of a reveal: it is recorded before anything is read, and nothing follows from it."""

    number: str
    granted: Granted
    by: str
    at: datetime
    version: int = 0

    @property
    def system(self) -> str:
        return self.granted.system


def apply(state: Reveal | None, event: Recorded) -> Reveal:
    """One step of the fold."""
    if state is not None:
        return replace(state, version=event.version)
    if not isinstance(event.fact, Granted):
        raise ValueError(f"{event.stream} does not begin with a reveal")
    return Reveal(event.stream, event.fact, event.by.user, event.at, version=1)
