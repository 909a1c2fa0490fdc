"""What is said in the thread of a run's card: one reply per event."""

from bot.core import run
from bot.core.events import Recorded
from bot.core.run import Phase, Run
from bot.core.standing import deadline, is_late, is_left_undone, is_stopped
from bot.core.text import Person, Text, say
from bot.core.watch import Outcome
from bot.slack.blocks import parts
from bot.slack.blocks.incident import LEVEL_SIGNS, finding_lines
from bot.slack.blocks.parts import Message
from bot.slack.voice import Voice


def reply(event: Recorded, after: Run, voice: Voice) -> Message:
    """One event as one reply in the card's thread; an emergency is said in the channel too."""
    words = voice(_told(event, after))
    blocks = [parts.section(words)]
    if isinstance(event.fact, run.Verified | run.Unverified):
        blocks += parts.lines(finding_lines(event.fact.lines, voice))
    if isinstance(event.fact, run.Started | run.Released) and event.fact.evidence:
        known = voice(say("What the checks say now:"))
        blocks.append(parts.context("\n".join([known, *finding_lines(event.fact.evidence, voice)])))
    is_loud = isinstance(event.fact, run.Approved) and event.fact.emergency
    return parts.message(words, blocks, is_loud=is_loud)


def _told(event: Recorded, after: Run) -> Text:
    who = Person(event.by.user)
    match event.fact:
        case run.Approved() | run.Denied() | run.Withdrawn() | run.Expired() | run.CancelAsked():
            return _told_of_people(event.fact, who, after)
        case run.Refused() | run.Delayed() | run.Released():
            return _told_of_its_turn(event.fact, after)
        case run.Started():
            return say("⏳ Started")
        case run.Progressed(summary):
            return say("⏳ {summary}", summary=summary)
        case run.Finished(summary) if after.proposal.waits:
            return say("⏲️ {summary}", summary=summary)
        case run.Finished(summary) if after.proposal.by_hand:
            return say("✔️ {summary}", summary=summary)
        case run.Finished(summary):
            return say("✔️ Executed: {summary}. Verifying.", summary=summary)
        case run.Failed(reason):
            return say("🔴 Failed: {reason} Look at the target before you do anything else.", reason=reason)
        case run.Interrupted():
            return say("🔴 Interrupted: the bot stopped in the middle. It was not run again; a person must look now.")
        case run.Overstayed(reason):
            return say(
                "🔴 Its time is over, but it could not be taken back: {reason} Take it back by its button.",
                reason=reason,
            )
        case Outcome(title, level, first, last):
            return say(
                "{sign} Watched afterwards, {title}: at first {first}; at last {last}.",
                sign=LEVEL_SIGNS[level],
                title=title,
                first=first,
                last=last,
            )
        case run.Undone(by):
            return say("↩️ Taken back by {run}.", run=by)
        case _:
            return _verdict(event, after)


def _told_of_people(fact: object, who: Person, after: Run) -> Text:
    match fact:
        case run.Approved(emergency=True):
            return say(
                "🚨 {who} went ahead alone with {run} ({title}): emergency. Everybody on call should know.",
                who=who,
                run=after.number,
                title=after.proposal.title,
            )
        case run.Approved() if after.phase is Phase.PROPOSED:
            return say("👍 {who} approved; somebody else has to approve it too.", who=who)
        case run.Approved():
            return say("👍 {who} approved", who=who)
        case run.Withdrawn():
            return say("🚫 {who} withdrew it. Nothing was changed.", who=who)
        case run.Denied() if is_left_undone(after):
            return say("🚫 Not done, says {who}.", who=who)
        case run.Denied():
            return say("🚫 {who} denied. Nothing was changed.", who=who)
        case run.CancelAsked():
            return say("✋ {who} asks it to stop.", who=who)
        case _ if is_late(after):
            return say(
                "⌛ Nobody ticked it off in time: it must not be begun any more. If it was done, tick it off all the "
                "same."
            )
        case _:
            return say("⌛ Expired: not approved in time. Nothing was changed.")


def _told_of_its_turn(fact: run.Refused | run.Delayed | run.Released, after: Run) -> Text:
    match fact:
        case run.Refused(reason) if is_stopped(after):
            return say("🚫 It must not be done: {reason}\nIf it was done all the same, tick it off.", reason=reason)
        case run.Refused(reason):
            return say("🚫 Not executed: {reason}", reason=reason)
        case run.Delayed(reason):
            return say("⏸️ {reason}", reason=reason)
        case run.Released():
            return say(
                "✍️ It may be done now, until {when}. Whoever did it ticks it off with *Done by hand* on the card; if "
                "nobody does it, *Not done* ends it.",
                when=deadline(after) or "",
            )


def _verdict(event: Recorded, after: Run) -> Text:
    is_fine = isinstance(event.fact, run.Verified)
    if is_fine and after.interrupted and not after.lines:
        return say("🟡 It was interrupted, and no check measures it: look whether it did what it should.")
    if is_fine and after.interrupted:
        return say("🟡 The checks hold, but the run was interrupted: make sure that it did what it should.")
    if is_fine and not after.lines:
        return say("✔️ Done. No check measures it.")
    if is_fine:
        return say("✅ Verified: all checks hold.")
    if not after.lines:
        return say("🔴 Not verified: the catalog no longer has this action. Look at the target.")
    if after.proposal.undo_of:
        return say("🔴 Taken back, but not all checks hold: the cause lies elsewhere too. Look at the target.")
    if after.proposal.preview.undo:
        return say(
            "🔴 Not verified: not all checks hold. The way back is proposed as a run of its own, or by the button on "
            "this card; it needs approval too."
        )
    return say("🔴 Not verified: not all checks hold. Way back: {undo}", undo=after.proposal.undo)
