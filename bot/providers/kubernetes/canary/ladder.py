"""The steps of a canary: up one at a time, each after the least time at the one before; down at any moment."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from bot.core.errors import TargetError
from bot.providers.kubernetes.canary.wanted import Canary
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.workloads import annotations_of

SINCE: Final = "plantao/canary-since"


@dataclass(frozen=True, slots=True)
class Note:
    """What a step wrote down when it was done: the share, the moment, and the version by its template's digest."""

    share: int
    since: datetime
    digest: str

    def __str__(self) -> str:
        return f"{self.share}% {self.since.isoformat(timespec='seconds')} {self.digest}"

    @classmethod
    def now(cls, share: int, digest: str) -> Self:
        return cls(share, datetime.now(UTC), digest)

    @classmethod
    def on(cls, document: Document) -> Self | None:
        """That of an object; None where nobody wrote one that can be read."""
        try:
            share, since, digest = annotations_of(document).get(SINCE, "").split()
            moment = datetime.fromisoformat(since)
            return cls(int(share.removesuffix("%")), moment if moment.tzinfo else moment.replace(tzinfo=UTC), digest)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a canary stands: the step it is on (None between steps), the true share, what was written down."""

    step: int | None
    share: float
    note: Note | None
    digest: str


def is_way_back(wanted: Canary, standing: Standing) -> bool:
    return wanted.share < standing.share


def require_turn(wanted: Canary, standing: Standing) -> None:
    """Raise TargetError unless this share comes next; the way back is always open."""
    if wanted.share not in (0, *wanted.steps):
        raise TargetError(
            "{share}% is none of the steps: {steps}.", share=wanted.share, steps=_percents((0, *wanted.steps))
        )
    if wanted.share == standing.step:
        raise TargetError("{canary} takes {share}% of the traffic already.", canary=wanted.canary, share=wanted.share)
    if is_way_back(wanted, standing):
        return
    if standing.step is None:
        raise TargetError(
            "{canary} takes {share}% of the traffic, which is none of the steps: go back to 0% first.",
            canary=wanted.canary,
            share=percent(standing.share),
        )
    rungs = (0, *wanted.steps)
    following = rungs[rungs.index(standing.step) + 1]
    if wanted.share != following:
        raise TargetError(
            "After {now}% comes {following}%, not {share}%.",
            now=standing.step,
            following=following,
            share=wanted.share,
        )
    if standing.step:
        _require_time(wanted, standing)


def _require_time(wanted: Canary, standing: Standing) -> None:
    note, place = standing.note, wanted.steps.index(standing.step or 0)
    if note is None or note.share != standing.step:
        raise TargetError(
            "Nobody wrote down since when {canary} takes {share}% of the traffic, so that its time cannot be told: "
            "go back to 0% and begin again.",
            canary=wanted.canary,
            share=standing.step or 0,
        )
    if note.digest != standing.digest:
        raise TargetError(
            "{canary} has another version than when it began to take {share}%: go back to 0% and begin again.",
            canary=wanted.canary,
            share=note.share,
        )
    allowed = note.since + timedelta(minutes=wanted.minutes[place])
    if datetime.now(UTC) < allowed:
        raise TargetError(
            "{canary} takes {share}% since {since} and stays there for {minutes} min: the next step is allowed at "
            "{allowed}.",
            canary=wanted.canary,
            share=note.share,
            since=note.since,
            minutes=wanted.minutes[place],
            allowed=allowed,
        )


def percent(share: float) -> str:
    """With one digit where it is not whole."""
    return f"{round(share, 1):g}"


def _percents(shares: tuple[int, ...]) -> str:
    return ", ".join(f"{share}%" for share in shares)
