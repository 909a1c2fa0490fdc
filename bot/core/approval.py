"""Who decides about a run, and when it is too late: decisions about one run at one moment."""

from collections.abc import Collection
from datetime import datetime, timedelta

from bot.core.errors import TooLate, UserError
from bot.core.run import (
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
from bot.core.standing import deadline, is_agreed_to, is_late, phase_of
from bot.core.text import Person, say


def approve(state: Run, who: str, roles: Collection[str], now: datetime) -> Approved:
    """Agree to what was shown, holding these `roles`; that one of them suffices was checked before."""
    _require_waiting(state, now)
    if state.proposal.takes_one_click:
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
    """Decide that it must not run; of a step by hand that may be done, say that it was not."""
    if state.phase is not Phase.APPROVED or not state.proposal.by_hand:
        _require_waiting(state, now)
    return Denied()


def withdraw(state: Run, now: datetime) -> Withdrawn:
    """The proposer takes it back."""
    _require_waiting(state, now)
    return Withdrawn()


def expire(state: Run, now: datetime) -> Expired | None:
    """The approval's clock rang: expired, unless it was decided or done meanwhile or the clock rang early."""
    when = deadline(state)
    return Expired() if when is not None and now >= when else None


def done_by_hand(state: Run, who: str, now: datetime) -> Finished:
    """Tick off a step that a person has done; whoever does it answers for it."""
    _require_agreed(state, now)
    if state.proposal.waits:
        until = now + timedelta(seconds=state.proposal.waits)
        return Finished(say("{who} lets it wait until {until}; then the checks are run", who=Person(who), until=until))
    return Finished(say("done by hand by {who}", who=Person(who)))


def _require_agreed(state: Run, now: datetime) -> None:
    """Raise unless it may be ticked off."""
    if is_agreed_to(state):
        return
    _require_waiting(state, now)
    if not state.proposal.takes_one_click:
        raise UserError(
            "{run} must not be done yet: it lacks approvals, {count} at least. Nothing was recorded.",
            run=state.number,
            count=people_missing(state),
        )


def cancel(state: Run, who: str) -> CancelAsked | Denied | Refused | None:
    """Ask the execution to stop, or stop it from beginning; asking twice changes nothing."""
    if state.phase is Phase.APPROVED and state.proposal.by_hand:
        return Denied()
    if state.phase is Phase.APPROVED:
        return Refused(say("{who} cancelled it before it began.", who=Person(who)))
    if state.phase is not Phase.STARTED:
        raise TooLate("{run} is not running: it is {phase}.", run=state.number, phase=phase_of(state))
    return None if state.cancelled_by else CancelAsked()


def _require_waiting(state: Run, now: datetime) -> None:
    if (state.phase is Phase.PROPOSED and now >= state.proposal.expires_at) or state.phase is Phase.EXPIRED:
        raise TooLate(
            "{run} expired at {when}; propose it again if it is still needed. Nothing was changed.",
            run=state.number,
            when=(state.ended_at if is_late(state) else None) or state.proposal.expires_at,
        )
    if state.phase is not Phase.PROPOSED:
        raise TooLate(
            "{run} was already decided by {who}: it is {phase}. This click changed nothing.",
            run=state.number,
            who=Person(state.decided_by),
            phase=phase_of(state),
        )
