"""The buttons of a run's card: what can be decided now. They carry ids and the fingerprint of what is shown."""

from bot.core.approval import people_missing
from bot.core.run import CHANGED, Phase, Run
from bot.core.standing import is_late, is_stopped, is_to_do
from bot.core.text import Text, say
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.voice import Voice


def buttons(state: Run, voice: Voice) -> list[Block]:
    """What can be decided now."""
    if is_to_do(state):
        return [_done(state, voice), parts.button(voice.plain(say("Not done")), "run:deny", state.number, "danger")]
    if is_late(state) or is_stopped(state):
        return [_done(state, voice)]
    if state.phase is Phase.PROPOSED:
        return _to_decide(state, voice)
    if state.phase in (Phase.APPROVED, Phase.STARTED) and not state.cancelled_by:
        return [parts.button(voice.plain(say("Cancel")), "run:cancel", state.number, "danger")]
    if state.phase in CHANGED - {Phase.FINISHED} and state.proposal.preview.undo:
        return [parts.button(voice.plain(say("Propose to take it back")), "run:undo", state.number)]
    return []


def _done(state: Run, voice: Voice) -> Block:
    label = say("Begin to wait") if state.proposal.waits else say("Done by hand")
    return parts.button(voice.plain(label), "run:done", state.number, "primary")


def _to_decide(state: Run, voice: Voice) -> list[Block]:
    value = f"{state.number}:{state.proposal.preview.fingerprint}"
    deny = parts.button(voice.plain(say("Deny")), "run:deny", value, "danger")
    alone = [_alone(state, value, voice)] if state.proposal.emergency and state.proposal.incident else []
    return [_approve(state, value, voice), deny, *alone]


def _approve(state: Run, value: str, voice: Voice) -> Block:
    """A destructive action opens a form that asks for its name; any other asks to confirm."""
    if state.proposal.typed:
        return parts.button(voice.plain(say("Approve …")), "run:typed", value, "danger")
    approve = parts.button(voice.plain(say("Approve")), "run:approve", value, "primary")
    return approve | {"confirm": _confirm(state, voice.plain(_what_follows(state)), voice)}


def _what_follows(state: Run) -> Text:
    is_last = people_missing(state) <= 1
    if state.proposal.by_hand:
        return say("Then a person may do it.") if is_last else say("A person may do it once enough have approved.")
    return say("This runs now and exactly as the card shows.") if is_last else say("It runs once enough have approved.")


def _alone(state: Run, value: str, voice: Voice) -> Block:
    button = parts.button(voice.plain(say("🚨 Emergency: run it alone")), "run:emergency", value, "danger")
    what = say("Only the proposer, only in an emergency. Everybody in the channel is told, and it is recorded.")
    return button | {"confirm": _confirm(state, voice.plain(what), voice)}


def _confirm(state: Run, what: str, voice: Voice) -> Block:
    yes = say("Approve") if state.proposal.by_hand else say("Run it")
    return parts.confirm(voice.plain(state.proposal.title), what, voice.plain(yes), voice.plain(say("Not yet")))
