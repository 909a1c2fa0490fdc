"""A run: one action from proposal to verification. A started run is claimed; nothing starts twice."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.core.events import Author, Recorded
from bot.core.preview import Lines
from bot.core.proposal import Proposed as Proposed
from bot.core.text import Text


@dataclass(frozen=True, slots=True)
class Approved:
    """Approval of exactly what was shown, by its fingerprint; `roles` are those that the approver held then."""

    fingerprint: str
    roles: tuple[str, ...] = ()
    emergency: bool = False


@dataclass(frozen=True, slots=True)
class Denied:
    pass


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The proposer thought better of it."""


@dataclass(frozen=True, slots=True)
class Expired:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """Approved but not executed: the target no longer looks as it was shown, something stops it, or it was too late."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Delayed:
    """Approved, but another run holds the target: its turn comes when that one has ended."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Released:
    """An approved step by hand may be done now: what it requires still holds, and nothing stops it.

    `evidence` is as with `Started`.
    """

    evidence: Lines = ()


@dataclass(frozen=True, slots=True)
class Started:
    """The claim: whoever appends this executes, nobody else.

    `evidence` is what the checks say now, where what the approvers saw had grown old.
    """

    executor: str
    evidence: Lines = ()


@dataclass(frozen=True, slots=True)
class CancelAsked:
    """Somebody wants the execution to stop; what is done already stays done."""


@dataclass(frozen=True, slots=True)
class Progressed:
    summary: Text


@dataclass(frozen=True, slots=True)
class Finished:
    summary: Text


@dataclass(frozen=True, slots=True)
class Failed:
    reason: Text


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The executor died between start and finish; nobody knows how far it came, so a person must look."""


@dataclass(frozen=True, slots=True)
class Verified:
    lines: Lines


@dataclass(frozen=True, slots=True)
class Unverified:
    lines: Lines


@dataclass(frozen=True, slots=True)
class Undone:
    """Another run has put back what this one changed."""

    by: str


@dataclass(frozen=True, slots=True)
class Overstayed:
    """Its time was over, and it could not be taken back: a person has to."""

    reason: Text


class Phase(StrEnum):
    """Where a run stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    REFUSED = "refused"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"
    UNDONE = "undone"


WORKER = Author("", "worker")
SETTLED = frozenset(Phase) - {Phase.PROPOSED, Phase.APPROVED, Phase.STARTED, Phase.FINISHED, Phase.INTERRUPTED}
CHANGED = frozenset({Phase.FINISHED, Phase.FAILED, Phase.INTERRUPTED, Phase.VERIFIED, Phase.UNVERIFIED})


@dataclass(frozen=True, slots=True)
class Run:
    """The state of a run after some of its events."""

    number: str
    proposal: Proposed
    proposed_by: str
    proposed_at: datetime
    phase: Phase = Phase.PROPOSED
    decided_by: str = ""
    decided_at: datetime | None = None
    executor: str = ""
    started_at: datetime | None = None
    outcome: Text | None = None
    ended_at: datetime | None = None
    lines: Lines = ()
    interrupted: bool = False
    version: int = 0
    approvals: tuple[tuple[str, tuple[str, ...]], ...] = ()
    emergency: bool = False
    cancelled_by: str = ""
    undone_by: str = ""
    overstayed: bool = False
    released: bool = False

    @property
    def proposer(self) -> str:
        """Who counts as proposer: of a way back that the bot proposes, who proposed what it takes back."""
        return self.proposed_by or self.proposal.on_behalf_of

    @property
    def goes_back_at(self) -> datetime | None:
        """When it will be taken back by itself, as long as that is to come."""
        is_coming = self.phase is Phase.VERIFIED and self.proposal.lasts and not self.overstayed
        return self.ended_at + timedelta(seconds=self.proposal.lasts) if is_coming and self.ended_at else None

    @property
    def is_open(self) -> bool:
        """Whether something is still to come."""
        return self.phase not in SETTLED or self.goes_back_at is not None

    @property
    def system(self) -> str:
        return self.proposal.system

    @property
    def is_approved(self) -> bool:
        """Whether enough people have agreed, and one of those who must be among them."""
        return self.emergency or (len(self.approvals) >= self.proposal.quorum and not self.lacks_role)

    @property
    def lacks_role(self) -> bool:
        """Whether nobody of those who must be among the approvers has agreed yet."""
        among = set(self.proposal.among)
        return bool(among) and not any(among & set(roles) for _, roles in self.approvals)


def apply(state: Run | None, event: Recorded) -> Run:
    """One step of the fold."""
    if state is None:
        if not isinstance(event.fact, Proposed):
            raise ValueError(f"{event.stream} does not begin with a proposal")
        begun = Run(event.stream, event.fact, event.by.user, event.at, version=1)
        return replace(begun, phase=Phase.APPROVED, decided_at=event.at) if event.fact.covered_by else begun
    return replace(_moved(state, event), version=event.version)


def _moved(state: Run, event: Recorded) -> Run:
    decided = replace(state, decided_by=event.by.user, decided_at=event.at)
    match event.fact:
        case Approved(roles=roles, emergency=emergency):
            agreed = replace(
                decided, approvals=(*state.approvals, (event.by.user, roles)), emergency=state.emergency or emergency
            )
            return replace(agreed, phase=Phase.APPROVED) if agreed.is_approved else agreed
        case Denied():
            return replace(decided, phase=Phase.DENIED, ended_at=event.at)
        case Withdrawn():
            return replace(decided, phase=Phase.WITHDRAWN, ended_at=event.at)
        case CancelAsked():
            return replace(state, cancelled_by=event.by.user)
        case Expired():
            return replace(state, phase=Phase.EXPIRED, ended_at=event.at)
        case Refused(reason):
            return replace(state, phase=Phase.REFUSED, outcome=reason, ended_at=event.at)
        case Delayed(reason):
            return replace(state, outcome=reason)
        case Released():
            return replace(state, released=True, outcome=None)
        case _:
            return _carried_out(state, event)


def _carried_out(state: Run, event: Recorded) -> Run:
    ended = replace(state, ended_at=event.at)
    match event.fact:
        case Started(executor):
            return replace(state, phase=Phase.STARTED, executor=executor, started_at=event.at, outcome=None)
        case Finished(summary):
            doer = _ticked_off(state, event) if state.proposal.by_hand else state
            return replace(doer, phase=Phase.FINISHED, outcome=summary, ended_at=event.at)
        case Failed(reason):
            return replace(ended, phase=Phase.FAILED, outcome=reason)
        case Interrupted():
            return replace(ended, phase=Phase.INTERRUPTED, interrupted=True)
        case Verified(lines):
            return replace(ended, phase=Phase.VERIFIED, lines=lines)
        case Unverified(lines):
            return replace(ended, phase=Phase.UNVERIFIED, lines=lines)
        case Undone(by):
            return replace(state, phase=Phase.UNDONE, undone_by=by)
        case Overstayed(reason):
            return replace(state, overstayed=True, outcome=reason)
        case _:
            return state


def _ticked_off(state: Run, event: Recorded) -> Run:
    """Whoever did it decided last; an approval that came before keeps its time."""
    return replace(state, decided_by=event.by.user, decided_at=state.decided_at or event.at)
