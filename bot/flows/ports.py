"""What the verbs need from outside, as Protocols; `bot/wiring.py` fills them."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from bot.catalog.entries import Action, Check
from bot.catalog.system import Catalog, System
from bot.core.events import Author, Recorded
from bot.core.family import Family
from bot.core.findings import Finding, Reading
from bot.core.operation import Progress
from bot.core.preview import Preview
from bot.core.report import Report
from bot.core.text import Text

S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Kept(Generic[S]):
    """The state after an append. `again`: it had been recorded before, or there was nothing to record.
    `confirmed` is False when replicas exist and none had it within 200 ms."""

    state: S
    again: bool = False
    confirmed: bool = True


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, where, through which door, and the key that makes a second delivery harmless."""

    user: str
    channel: str
    via: str
    key: str
    locale: str = "en"
    team: str = ""
    channel_name: str = ""

    @property
    def author(self) -> Author:
        return Author(self.user, self.via)


class Clock(Protocol):
    def now(self) -> datetime:
        """The present moment in UTC."""


class Record(Protocol):
    async def open(self, family: Family[S], fact: object, by: Author, key: str = "") -> Kept[S]: ...

    async def change(
        self, family: Family[S], stream: str, decide: Callable[[S], object | None], by: Author, key: str = ""
    ) -> Kept[S]: ...

    async def load(self, family: Family[S], stream: str) -> S: ...

    async def events(self, stream: str) -> list[Recorded]: ...

    async def listing(self, family: Family[S], *, only_open: bool, limit: int) -> list[S]: ...

    async def count(self, family: Family[S]) -> int: ...


class Leases(Protocol):
    def hold(
        self, name: str, *, by: str = "", ttl: float = 10.0, wait: float = 0.0
    ) -> AbstractAsyncContextManager[None]: ...

    async def holder(self, name: str) -> str: ...


class Marks(Protocol):
    async def get(self, stream: str) -> dict[str, str]: ...

    async def set(self, stream: str, **marks: str) -> None: ...


class People(Protocol):
    async def roles(self, user: str, system: System, wanted: Sequence[str], *, fresh: bool = False) -> frozenset[str]:
        """Those of a system's wanted roles that this person holds; `fresh` asks Slack instead of the last minute."""

    def name(self, user: str) -> str:
        """What people call this person after an @; empty when it is not known."""


class Targets(Protocol):
    async def read(self, check: Check) -> Reading: ...

    async def reveal(self, check: Check) -> tuple[str, ...]:
        """What the reading masks, in full but for secrets."""

    async def preview(self, action: Action, given: Mapping[str, Any]) -> Preview: ...

    async def execute(self, action: Action, given: Mapping[str, Any], preview: Preview, progress: Progress) -> Text: ...


class Shelf(Protocol):
    async def keep(self, report: Report) -> str:
        """Keep a report for a day under an id that nobody can guess; empty when it could not be kept."""

    async def find(self, id: str) -> Report | None: ...

    async def claim(self, id: str) -> bool:
        """Whether the caller is the first to share it."""

    async def release(self, id: str) -> None:
        """The one that claimed it could not share it after all."""


class Looks(Protocol):
    async def begin(self, check: str, reader: str, limit: float) -> str:
        """The run that the caller is to do within `limit` seconds; empty when there is one to wait for."""

    async def tell(self, check: str, run: str, finding: Finding) -> None:
        """What a run found; that of another than the latest run is ignored."""

    async def wait(self, check: str, limit: float) -> Finding | None:
        """What the other run finds; None when it is not to be had."""


class Finder(Protocol):
    async def of(self, check: Check, reader: str = "") -> Finding:
        """The finding of a check, never an exception; one without a reader is shared with nobody."""


class Timers(Protocol):
    async def ensure(self, key: str, when: datetime, job: str, *args: str) -> None:
        """Let `job` run at `when`; a key that is already set stays as it is."""

    async def cancel(self, key: str) -> None: ...

    async def soon(self, key: str, job: str, *args: str) -> None:
        """Let `job` run now; a key that is already waiting or running stays as it is."""


class Teller(Protocol):
    async def tell(self, stream: str) -> None:
        """Bring Slack up to date with a stream; raises ChatError when Slack does not take it now."""

    async def show(self, report: Report, who: str, live: str) -> None:
        """Show an unfinished report in the message of its incident that has this name, once that is there."""

    async def attach(self, report: Report) -> None:
        """Put the files of a report into the thread of its incident."""

    async def announce(self, system: System, channel: str, message: str) -> None:
        """Post a message of its own into a channel, escaped; raises ChatError when Slack does not take it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the feed: which event was recorded where."""

    id: str
    stream: str
    version: int
    kind: str


class Feed(Protocol):
    async def prepare(self) -> None: ...

    def entries(self) -> AsyncIterator[list[Entry]]: ...

    async def confirm(self, entry: Entry) -> None: ...


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside, as one value that the verbs take first; `restricted` is each system's restricted channel."""

    record: Record
    leases: Leases
    marks: Marks
    people: People
    targets: Targets
    findings: Finder
    shelf: Shelf
    timers: Timers
    teller: Teller
    clock: Clock
    catalog: Catalog
    restricted: Mapping[str, str]
