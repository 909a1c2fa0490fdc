"""Who decides about a run, and when it is too late: decisions about one run at one moment."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.core.errors import TooLate, UserError
from bot.core.run import (
    PHASE_NAMES,
    Approved,
    CancelAsked,
    Denied,
    Expired,
    Finished,
    Phase,
    Refused,
    Run,
    Withdrawn,
)
from bot.core.text import Person, say


def approve(state: Run, who: str, roles: Collection[str], now: datetime) -> Approved:
    """Agree to what was shown, holding these `roles`; that one of them suffices was checked before."""
    _require_waiting(state, now)
    if state.proposal.by_hand:
        raise UserError(
            "{run} is done by a person: do it, then use *Done by hand*. Nothing was changed.", run=state.number
        )
    if who in {person for person, _ in state.approvals}:
        raise UserError(
            "You approved {run} already; somebody else has to approve it too. Nothing was changed.", run=state.number
        )
    if who == state.proposer and not state.proposal.self_approval:
        raise _own(state)
    return Approved(state.proposal.preview.fingerprint, tuple(sorted(roles)))


def go_ahead_alone(state: Run, who: str, now: datetime) -> Approved:
    """The emergency rule: who proposed it answers for it. That the policy allows it was checked before."""
    _require_waiting(state, now)
    if who != state.proposer:
        raise UserError(
            "Only {who}, who proposed {run}, may go ahead alone. Nothing was changed.",
            who=Person(state.proposer),
            run=state.proposal.undo_of if state.proposal.on_behalf_of else state.number,
        )
    return Approved(state.proposal.preview.fingerprint, emergency=True)


def _own(state: Run) -> UserError:
    if not state.proposal.on_behalf_of:
        return UserError("You proposed {run}; somebody else has to approve it. Nothing was changed.", run=state.number)
    return UserError(
        "{run} takes back {first}, which you proposed; somebody else has to approve it. Nothing was changed.",
        run=state.number,
        first=state.proposal.undo_of,
    )


def people_missing(state: Run) -> int:
    """How many more have to agree, whoever they are; one more where the right one is not among them yet."""
    return max(state.proposal.quorum - len(state.approvals), int(state.lacks_role))


def typed_right(state: Run, words: str) -> None:
    """Raise UserError unless the words are the name that a destructive action asks for."""
    if state.proposal.typed and words.strip() != state.proposal.typed:
        raise UserError("That is not “{name}”. Nothing was changed.", name=state.proposal.typed)


def deny(state: Run, now: datetime) -> Denied:
    """Decide that it must not run."""
    _require_waiting(state, now)
    return Denied()


def withdraw(state: Run, now: datetime) -> Withdrawn:
    """The proposer takes it back."""
    _require_waiting(state, now)
    return Withdrawn()


def expire(state: Run, now: datetime) -> Expired | None:
    """The approval's clock rang: expired, unless it was decided meanwhile or the clock rang early."""
    if state.phase is Phase.PROPOSED and now >= state.proposal.expires_at:
        return Expired()
    return None


def done_by_hand(state: Run, who: str, now: datetime) -> Finished:
    """Tick off a step that a person has done; whoever does it answers for it."""
    _require_waiting(state, now)
    if state.proposal.waits:
        until = now + timedelta(seconds=state.proposal.waits)
        return Finished(say("{who} lets it wait until {until}; then the checks are run", who=Person(who), until=until))
    return Finished(say("done by hand by {who}", who=Person(who)))


def waits_until(state: Run) -> datetime | None:
    """Until when a step that is to wait does so, or did; None before it began and after it was verified."""
    if state.phase is not Phase.FINISHED or not state.proposal.waits or state.ended_at is None:
        return None
    return state.ended_at + timedelta(seconds=state.proposal.waits)


def cancel(state: Run, who: str) -> CancelAsked | Refused | None:
    """Ask the execution to stop, or stop it from beginning; asking twice changes nothing."""
    if state.phase is Phase.APPROVED:
        return Refused(say("{who} cancelled it before it began.", who=Person(who)))
    if state.phase is not Phase.STARTED:
        raise TooLate("{run} is not running: it is {phase}.", run=state.number, phase=PHASE_NAMES[state.phase])
    return None if state.cancelled_by else CancelAsked()


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
