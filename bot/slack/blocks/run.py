"""A run in Slack: the card that asks for approval, and what is said in its thread."""

from bot.catalog.system import System
from bot.core import run
from bot.core.events import Recorded
from bot.core.run import CHANGED, PHASE_NAMES, Phase, Proposed, Run
from bot.core.text import Person, Text, say
from bot.slack.blocks import parts
from bot.slack.blocks.incident import finding_lines
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

PHASE_SIGNS = {
    Phase.PROPOSED: "🟡",
    Phase.APPROVED: "⏳",
    Phase.STARTED: "⏳",
    Phase.FINISHED: "⏳",
    Phase.DENIED: "🚫",
    Phase.WITHDRAWN: "🚫",
    Phase.UNDONE: "↩️",
    Phase.EXPIRED: "⌛",
    Phase.REFUSED: "🚫",
    Phase.FAILED: "🔴",
    Phase.INTERRUPTED: "🔴",
    Phase.VERIFIED: "✅",
    Phase.UNVERIFIED: "🔴",
}
RISKS = {
    "low": say("low"),
    "medium": say("medium"),
    "high": say("high"),
    "destructive": say("destructive"),
}


def card(state: Run, system: System, voice: Voice) -> Message:
    """The card: what is there now, what will be, what it rests on, who may approve, until when."""
    proposal = state.proposal
    title = f"{PHASE_SIGNS[state.phase]} {state.number} · {voice(proposal.title)}"
    blocks = [
        parts.section(f"*{title}* — {voice(PHASE_NAMES[state.phase])}"),
        parts.section("\n".join(_difference(proposal, voice))),
        *(parts.section(f"⚠️ {voice(warning)}") for warning in proposal.preview.warnings[:5]),
    ]
    if proposal.evidence:
        known = voice(say("What the checks said, {when}:", when=state.proposed_at))
        blocks.append(parts.context("\n".join([known, *finding_lines(proposal.evidence, voice)])))
    blocks.append(parts.context(voice(_terms(state, system, voice))))
    if state.emergency:
        blocks.append(parts.section(voice(say("🚨 *Emergency*: the proposer went ahead alone, as the policy allows."))))
    if state.outcome is not None:
        blocks.append(parts.section(voice(state.outcome)))
    if state.phase is Phase.PROPOSED and state.approvals:
        blocks.append(parts.context(voice(_agreed(state))))
    elif state.phase is not Phase.PROPOSED:
        blocks.append(parts.context(voice(_decided(state))))
    if buttons := _buttons(state, voice):
        blocks.append(parts.actions(buttons))
    return parts.message(f"{title} — {voice(PHASE_NAMES[state.phase])}", blocks)


def _agreed(state: Run) -> Text:
    return say(
        "{count} of {quorum} have approved, last {who}",
        count=len(state.approvals),
        quorum=state.proposal.quorum,
        who=Person(state.decided_by),
    )


def _difference(proposal: Proposed, voice: Voice) -> list[str]:
    rows = [voice(say("Target: {target}", target=proposal.target))]
    for line in proposal.preview.lines:
        change = f"`{escape(line.before)}`"
        if line.after != line.before:
            change += f" → `{escape(line.after)}`"
        rows.append(f"{voice(line.label)}: {change}")
    return rows


def _terms(state: Run, system: System, voice: Voice) -> Text:
    proposal = state.proposal
    roles = [system.profile.roles[name].title for name in proposal.approvers if name in system.profile.roles]
    return say(
        "Proposed by {who}{incident} · risk {risk} · may approve: {roles}{other}{quorum} · expires {when}\n"
        "Verified by: {checks} · Way back: {undo}",
        quorum=say(" ({count} people)", count=proposal.quorum) if proposal.quorum > 1 else "",
        who=Person(state.proposed_by),
        incident=f" ({proposal.incident})" if proposal.incident else "",
        risk=RISKS[proposal.risk],
        roles=", ".join(voice.words(title) for title in roles),
        other="" if proposal.self_approval else say(" (somebody else than the proposer)"),
        when=proposal.expires_at,
        checks=", ".join(voice.words(system.checks[name].title) for name in proposal.verify if name in system.checks),
        undo=proposal.undo,
    )


def _buttons(state: Run, voice: Voice) -> list[Block]:
    """What can be decided now; buttons carry ids and the fingerprint of what is shown."""
    value = f"{state.number}:{state.proposal.preview.fingerprint}"
    if state.phase is Phase.PROPOSED:
        deny = parts.button(voice.plain(say("Deny")), "run:deny", value, "danger")
        if state.proposal.by_hand:
            return [parts.button(voice.plain(say("Done by hand")), "run:done", state.number, "primary"), deny]
        return [_approve(state, value, voice), deny]
    if state.phase is Phase.STARTED and not state.cancelled_by:
        return [parts.button(voice.plain(say("Cancel")), "run:cancel", state.number, "danger")]
    if state.phase in CHANGED - {Phase.FINISHED} and state.proposal.preview.undo:
        return [parts.button(voice.plain(say("Propose to take it back")), "run:undo", state.number)]
    return []


def _approve(state: Run, value: str, voice: Voice) -> Block:
    """A destructive action opens a form that asks for its name; any other asks to confirm."""
    if state.proposal.typed:
        return parts.button(voice.plain(say("Approve …")), "run:typed", value, "danger")
    approve = parts.button(voice.plain(say("Approve")), "run:approve", value, "primary")
    approve["confirm"] = parts.confirm(
        voice.plain(state.proposal.title),
        voice.plain(say("This runs now and exactly as the card shows.")),
        voice.plain(say("Run it")),
        voice.plain(say("Not yet")),
    )
    return approve


def _decided(state: Run) -> Text:
    if state.phase is Phase.EXPIRED or state.decided_at is None:
        return say("Nobody approved in time. Nothing was changed.")
    if state.phase is Phase.WITHDRAWN:
        return say("Withdrawn, {when}. Nothing was changed.", when=state.decided_at)
    if state.phase is Phase.UNDONE:
        return say("Taken back by {run}", run=state.undone_by)
    if state.phase is Phase.DENIED:
        return say("Denied by {who}, {when}. Nothing was changed.", who=Person(state.decided_by), when=state.decided_at)
    return say("Approved by {who}, {when}", who=Person(state.decided_by), when=state.decided_at)


def reply(event: Recorded, after: Run, voice: Voice) -> Message:
    """One event as one reply in the card's thread."""
    words = voice(_told(event, after))
    blocks = [parts.section(words)]
    if isinstance(event.fact, run.Verified | run.Unverified):
        blocks += parts.lines(finding_lines(event.fact.lines, voice))
    return parts.message(words, blocks)


def _told(event: Recorded, after: Run) -> Text:
    who = Person(event.by.user)
    match event.fact:
        case run.Approved(emergency=True):
            return say("🚨 {who} went ahead alone: emergency. Everybody on call should know.", who=who)
        case run.Approved():
            return say("👍 {who} approved", who=who)
        case run.Withdrawn():
            return say("🚫 {who} withdrew it. Nothing was changed.", who=who)
        case run.CancelAsked():
            return say("✋ {who} asks it to stop.", who=who)
        case run.Undone(by):
            return say("↩️ Taken back by {run}.", run=by)
        case run.Denied():
            return say("🚫 {who} denied. Nothing was changed.", who=who)
        case run.Expired():
            return say("⌛ Expired: nobody approved in time. Nothing was changed.")
        case run.Refused(reason):
            return say("🚫 Not executed: {reason}", reason=reason)
        case run.Started():
            return say("⏳ Started")
        case run.Progressed(summary):
            return say("⏳ {summary}", summary=summary)
        case run.Finished(summary):
            return say("✔️ Executed: {summary}. Verifying.", summary=summary)
        case run.Failed(reason):
            return say("🔴 Failed: {reason} Look at the target before you do anything else.", reason=reason)
        case run.Interrupted():
            return say("🔴 Interrupted: the bot stopped in the middle. It was not run again; a person must look now.")
        case run.Verified() if after.interrupted:
            return say("🟡 The checks hold, but the run was interrupted: make sure that it did what it should.")
        case run.Verified():
            return say("✅ Verified: all checks hold.")
        case _:
            return say("🔴 Not verified: not all checks hold. Consider the way back on the card.")
