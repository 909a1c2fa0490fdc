"""Where a run stands: in words, whether a person may do it now, and until when it waits."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.core.run import Phase, Run
from bot.core.text import Text, say

PHASE_NAMES: Mapping[Phase, Text] = {
    Phase.PROPOSED: say("waiting for approval"),
    Phase.APPROVED: say("approved"),
    Phase.DENIED: say("denied"),
    Phase.WITHDRAWN: say("withdrawn"),
    Phase.EXPIRED: say("expired"),
    Phase.REFUSED: say("refused"),
    Phase.STARTED: say("running"),
    Phase.FINISHED: say("executed, verifying"),
    Phase.FAILED: say("failed"),
    Phase.INTERRUPTED: say("interrupted"),
    Phase.VERIFIED: say("executed and verified"),
    Phase.UNVERIFIED: say("executed, not verified"),
    Phase.UNDONE: say("undone"),
}
DONE_BY_HAND = {
    Phase.FINISHED: say("done by hand, verifying"),
    Phase.VERIFIED: say("done by hand"),
    Phase.UNVERIFIED: say("done by hand, not verified"),
}
LEFT_TO_ONE = {
    Phase.PROPOSED: say("waiting for somebody to do it"),
    Phase.DENIED: say("not done"),
}
LEFT_TO_PEOPLE = {
    Phase.APPROVED: say("approved, waiting for somebody to do it"),
    Phase.REFUSED: say("approved, but must not be done"),
    Phase.DENIED: say("approved, but not done"),
    Phase.EXPIRED: say("approved, but not ticked off in time"),
}


def phase_of(state: Run) -> Text:
    """Where a run stands, in words: a step by hand is not carried out by the bot, nor always measured."""
    if when := waits_until(state):
        return say("waiting until {when}", when=when)
    if state.proposal.by_hand and (state.phase is not Phase.VERIFIED or not state.lines):
        return _by_hand(state)
    return _verified(state) if state.phase is Phase.VERIFIED else PHASE_NAMES[state.phase]


def _verified(state: Run) -> Text:
    """What no check measures is not verified, whatever its phase is called."""
    if state.interrupted:
        return say("interrupted; the checks hold") if state.lines else PHASE_NAMES[Phase.INTERRUPTED]
    return PHASE_NAMES[Phase.VERIFIED] if state.lines else say("executed; no check measures it")


def _by_hand(state: Run) -> Text:
    if state.phase is Phase.APPROVED and not state.released:
        return say("approved, looking whether it may be done")
    left = LEFT_TO_ONE if state.proposal.takes_one_click else LEFT_TO_PEOPLE if state.is_approved else {}
    return (DONE_BY_HAND | left).get(state.phase, PHASE_NAMES[state.phase])


def is_to_do(state: Run) -> bool:
    """Whether a person may do it now: at once where it takes one click, else once agreed to and released."""
    if state.proposal.takes_one_click:
        return state.phase is Phase.PROPOSED
    return state.proposal.by_hand and state.phase is Phase.APPROVED and state.released


def is_left_undone(state: Run) -> bool:
    """Whether somebody said of a step that might have been done that it was not."""
    agreed = state.proposal.takes_one_click or (state.proposal.by_hand and state.is_approved)
    return state.phase is Phase.DENIED and agreed


def is_late(state: Run) -> bool:
    """Whether a step by hand was approved and nobody has ticked it off in time."""
    return state.phase is Phase.EXPIRED and state.is_approved


def is_stopped(state: Run) -> bool:
    """Whether a step by hand was approved and must not be done after all; who did it can still say so."""
    return state.phase is Phase.REFUSED and state.proposal.by_hand and state.is_approved


def is_agreed_to(state: Run) -> bool:
    """Whether enough people agreed to a step by hand that nobody has ticked off; late is better than never."""
    is_waiting = state.phase is Phase.APPROVED and state.proposal.by_hand
    return is_waiting or is_late(state) or is_stopped(state)


def deadline(state: Run) -> datetime | None:
    """When it expires: a proposal, or a step by hand that may be done, which has as long again from the approval."""
    if state.phase is Phase.PROPOSED:
        return state.proposal.expires_at
    if state.phase is Phase.APPROVED and state.proposal.by_hand and state.decided_at is not None:
        return state.decided_at + (state.proposal.expires_at - state.proposed_at)
    return None


def waits_until(state: Run) -> datetime | None:
    """Until when a step that is to wait does so, or did; None before it began and after it was verified."""
    if state.phase is not Phase.FINISHED or not state.proposal.waits or state.ended_at is None:
        return None
    return state.ended_at + timedelta(seconds=state.proposal.waits)
