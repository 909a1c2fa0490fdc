"""A run: one action from proposal to verification. A started run is claimed; nothing starts twice."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bot.core.errors import TooLate, UserError
from bot.core.events import Recorded
from bot.core.findings import Level
from bot.core.text import Person, Text, say


@dataclass(frozen=True, slots=True)
class Line:
    """One difference a change makes: what it is, now and afterwards."""

    label: Text
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: shown to the approver, read again before execution.

    `state` is what the target looks like now, `arguments` is exactly what would be sent; both are fingerprinted.
    `undo` holds the parameters with which the same operation puts back what is there now; empty means that nothing can.
    """

    lines: tuple[Line, ...]
    state: Mapping[str, str]
    arguments: Mapping[str, str]
    warnings: tuple[Text, ...] = ()
    undo: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when the target or the arguments do."""
        canon = json.dumps([dict(self.state), dict(self.arguments)], sort_keys=True)
        return hashlib.sha256(canon.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Proposed:
    action: str
    title: Text
    target: str
    preview: Preview
    incident: str
    approvers: tuple[str, ...]
    self_approval: bool
    expires_at: datetime
    risk: str
    undo: Text
    verify: tuple[str, ...]
    system: str = ""


@dataclass(frozen=True, slots=True)
class Approved:
    """Approval of exactly what was shown, by its fingerprint."""

    fingerprint: str


@dataclass(frozen=True, slots=True)
class Denied:
    pass


@dataclass(frozen=True, slots=True)
class Expired:
    pass


@dataclass(frozen=True, slots=True)
class Refused:
    """Approved but not executed, because the target no longer looks as it was shown."""

    reason: Text


@dataclass(frozen=True, slots=True)
class Started:
    """The claim: whoever appends this executes, nobody else."""

    executor: str


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
    lines: tuple[tuple[Level, Text, Text], ...]


@dataclass(frozen=True, slots=True)
class Unverified:
    lines: tuple[tuple[Level, Text, Text], ...]


class Phase(StrEnum):
    """Where a run stands."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    REFUSED = "refused"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    VERIFIED = "verified"
    UNVERIFIED = "unverified"


SETTLED = frozenset({Phase.DENIED, Phase.EXPIRED, Phase.REFUSED, Phase.FAILED, Phase.VERIFIED, Phase.UNVERIFIED})

PHASE_NAMES: Mapping[Phase, Text] = {
    Phase.PROPOSED: say("waiting for approval"),
    Phase.APPROVED: say("approved"),
    Phase.DENIED: say("denied"),
    Phase.EXPIRED: say("expired"),
    Phase.REFUSED: say("refused"),
    Phase.STARTED: say("running"),
    Phase.FINISHED: say("executed, verifying"),
    Phase.FAILED: say("failed"),
    Phase.INTERRUPTED: say("interrupted"),
    Phase.VERIFIED: say("executed and verified"),
    Phase.UNVERIFIED: say("executed, not verified"),
}


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
    outcome: Text | None = None
    ended_at: datetime | None = None
    lines: tuple[tuple[Level, Text, Text], ...] = field(default=())
    interrupted: bool = False
    version: int = 0

    @property
    def system(self) -> str:
        return self.proposal.system


def apply(state: Run | None, event: Recorded) -> Run:
    """One step of the fold."""
    if state is None:
        if not isinstance(event.fact, Proposed):
            raise ValueError(f"{event.stream} does not begin with a proposal")
        return Run(event.stream, event.fact, event.by.user, event.at, version=1)
    return replace(_moved(state, event), version=event.version)


def _moved(state: Run, event: Recorded) -> Run:
    decided = replace(state, decided_by=event.by.user, decided_at=event.at)
    ended = replace(state, ended_at=event.at)
    match event.fact:
        case Approved():
            return replace(decided, phase=Phase.APPROVED)
        case Denied():
            return replace(decided, phase=Phase.DENIED, ended_at=event.at)
        case Expired():
            return replace(ended, phase=Phase.EXPIRED)
        case Refused(reason):
            return replace(ended, phase=Phase.REFUSED, outcome=reason)
        case Started(executor):
            return replace(state, phase=Phase.STARTED, executor=executor)
        case Finished(summary):
            return replace(ended, phase=Phase.FINISHED, outcome=summary)
        case Failed(reason):
            return replace(ended, phase=Phase.FAILED, outcome=reason)
        case Interrupted():
            return replace(ended, phase=Phase.INTERRUPTED, interrupted=True)
        case Verified(lines):
            return replace(ended, phase=Phase.VERIFIED, lines=lines)
        case Unverified(lines):
            return replace(ended, phase=Phase.UNVERIFIED, lines=lines)
        case _:
            return state


def approve(state: Run, who: str, now: datetime) -> Approved:
    """Decide to let it run. Roles are checked before; here it is about this run at this moment."""
    _require_waiting(state, now)
    if who == state.proposed_by and not state.proposal.self_approval:
        raise UserError("You proposed {run}; somebody else has to approve it. Nothing was changed.", run=state.number)
    return Approved(state.proposal.preview.fingerprint)


def deny(state: Run, now: datetime) -> Denied:
    """Decide that it must not run."""
    _require_waiting(state, now)
    return Denied()


def expire(state: Run, now: datetime) -> Expired | None:
    """The approval's clock rang: expired, unless it was decided meanwhile or the clock rang early."""
    if state.phase is Phase.PROPOSED and now >= state.proposal.expires_at:
        return Expired()
    return None


def _require_waiting(state: Run, now: datetime) -> None:
    if (state.phase is Phase.PROPOSED and now >= state.proposal.expires_at) or state.phase is Phase.EXPIRED:
        raise TooLate(
            "{run} expired at {when}; propose it again if it is still needed. Nothing was changed.",
            run=state.number,
            when=state.proposal.expires_at,
        )
    if state.phase is not Phase.PROPOSED:
        raise TooLate(
            "{run} was already decided by {who}: it is {phase}. This click changed nothing.",
            run=state.number,
            who=Person(state.decided_by),
            phase=PHASE_NAMES[state.phase],
        )
