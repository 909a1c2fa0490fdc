"""A run in Slack: the card that asks for approval. What is said in its thread is in `run_thread`."""

from bot.catalog.system import System
from bot.core.approval import people_missing
from bot.core.run import Phase, Proposed, Run
from bot.core.standing import deadline, is_late, is_left_undone, is_stopped, is_to_do, phase_of
from bot.core.text import Person, Text, Words, say
from bot.slack.blocks import parts
from bot.slack.blocks.incident import finding_lines
from bot.slack.blocks.parts import Block, Message
from bot.slack.blocks.run_buttons import buttons
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
WARNINGS_SHOWN = 8


def sign_of(state: Run) -> str:
    """Where a run stands, as a sign."""
    return "🟠" if state.phase is Phase.VERIFIED and state.interrupted else PHASE_SIGNS[state.phase]


def card(state: Run, system: System, voice: Voice) -> Message:
    """The card: what is there now, what will be, what it rests on, who may approve, until when."""
    proposal = state.proposal
    title = f"{sign_of(state)} {state.number} · {voice(proposal.title)}"
    blocks = [
        parts.section(f"*{title}* — {voice(phase_of(state))}"),
        *parts.lines(_difference(proposal, voice)),
        *_cautions(proposal, voice),
    ]
    if proposal.evidence:
        known = voice(say("What the checks said, {when}:", when=state.proposed_at))
        blocks.append(parts.context("\n".join([known, *finding_lines(proposal.evidence, voice)])))
    blocks.append(parts.context(voice(_terms(state, system, voice))))
    if state.emergency:
        blocks.append(parts.section(voice(say("🚨 *Emergency*: the proposer went ahead alone, as the policy allows."))))
    if state.outcome is not None:
        blocks.append(parts.section(voice(state.outcome)))
    if standing := _standing(state, system, voice):
        blocks.append(parts.context(voice(standing)))
    if offered := buttons(state, voice):
        blocks.append(parts.actions(offered))
    return parts.message(f"{title} — {voice(phase_of(state))}", blocks)


def _cautions(proposal: Proposed, voice: Voice) -> list[Block]:
    """What to know before saying yes; of a step by hand, what is to be done."""
    mark = "✍️" if proposal.by_hand else "⚠️"
    return [parts.section(f"{mark} {voice(warning)}") for warning in proposal.preview.warnings[:WARNINGS_SHOWN]]


def _standing(state: Run, system: System, voice: Voice) -> Text | None:
    """Who has agreed so far, or how it was decided."""
    if state.phase is not Phase.PROPOSED:
        return _decided(state)
    return _agreed(state, system, voice) if state.approvals else None


def _agreed(state: Run, system: System, voice: Voice) -> Text:
    titles = _titles(state.proposal.among, system, voice)
    count = people_missing(state)
    missing = say("somebody else") if count == 1 else say("{count} more people", count=count)
    if state.lacks_role:
        missing = say("{people}, one of them {roles}", people=missing, roles=titles)
    return say(
        "{count} of {quorum} have approved: {people}. Still missing: {missing}.",
        count=len(state.approvals),
        quorum=len(state.approvals) + count,
        people=_people([person for person, _ in state.approvals]),
        missing=missing,
    )


def _people(ids: list[str]) -> Person | Text:
    """Several people, by mention."""
    first, *others = ids
    return say("{who}, {others}", who=Person(first), others=_people(others)) if others else Person(first)


def _difference(proposal: Proposed, voice: Voice) -> list[str]:
    target = say("Target: {target}", target=proposal.target)
    if proposal.environment:
        target = say(
            "Target: {target} · environment: {environment}", target=proposal.target, environment=proposal.environment
        )
    rows = [voice(target)]
    for line in proposal.preview.lines:
        change = _code(line.before)
        if line.after != line.before:
            change += f" → {_code(line.after)}"
        rows.append(f"{voice(line.label)}: {change}")
    return rows


def _code(value: str) -> str:
    """A value as code, which nothing in it can leave; several lines stand in a block of their own."""
    if "\n" in value:
        return f"\n```\n{escape(value).replace('`', '´')}\n```"
    return f"`{escape(value).replace('`', '´')}`" if value else "—"


def _titles(roles: tuple[str, ...], system: System, voice: Voice) -> str:
    known = system.profile.roles
    return ", ".join(voice.words(known[name].title if name in known else Words(name, name)) for name in roles)


def _terms(state: Run, system: System, voice: Voice) -> Text:
    proposal = state.proposal
    may, until = _who_may(state, system, voice), deadline(state)
    return say(
        "Proposed by {who}{incident} · risk {risk}{open}\nVerified by: {checks} · Way back: {undo}",
        who=Person(state.proposed_by),
        incident=f" ({proposal.incident})" if proposal.incident else "",
        risk=RISKS[proposal.risk],
        open=say(" · {may} · expires {when}", may=may, when=until) if may and until else "",
        checks=_checks(proposal, system, voice),
        undo=proposal.undo,
    )


def _who_may(state: Run, system: System, voice: Voice) -> Text | None:
    """Who may decide, as long as it is not decided; who may tick off, once it may be done."""
    proposal = state.proposal
    if is_to_do(state):
        return say("may tick it off: {roles}", roles=_titles(proposal.tick_off_roles, system, voice))
    if state.phase is not Phase.PROPOSED:
        return None
    roles = _titles(proposal.approvers, system, voice)
    others = say(" (somebody else than the proposer)")
    if first := proposal.on_behalf_of:
        others = say(" (somebody else than {who}, who proposed {run})", who=Person(first), run=proposal.undo_of)
    among = _titles(proposal.among, system, voice)
    return say(
        "may approve: {roles}{other}{quorum}{among}",
        roles=roles,
        other="" if proposal.self_approval or not state.proposer else others,
        quorum=say(" · {count} people", count=proposal.quorum) if proposal.quorum > 1 else "",
        among=say(" · one of them {roles}", roles=among) if among else "",
    )


def _checks(proposal: Proposed, system: System, voice: Voice) -> str | Text:
    if not proposal.verify:
        return say("nothing measures it")
    known = [system.checks[name].title for name in proposal.verify if name in system.checks]
    return ", ".join(voice.words(title) for title in known)


def _decided(state: Run) -> Text | None:
    """How it came to be decided; who cancelled or what went wrong is told by the outcome."""
    if is_late(state):
        return say(
            "Nobody ticked it off in time: it must not be begun any more. If it was done, tick it off all the same."
        )
    if is_stopped(state):
        return say("If it was done all the same, tick it off.")
    if state.phase is Phase.EXPIRED:
        return say("Not approved in time. Nothing was changed.")
    if state.decided_at is None:
        return None
    if state.phase is Phase.WITHDRAWN:
        return say("Withdrawn, {when}. Nothing was changed.", when=state.decided_at)
    if state.phase is Phase.UNDONE:
        return say("Taken back by {run}", run=state.undone_by)
    who = Person(state.decided_by)
    if is_left_undone(state):
        return say("Not done, says {who}, {when}.", who=who, when=state.decided_at)
    if state.phase is Phase.DENIED:
        return say("Denied by {who}, {when}. Nothing was changed.", who=who, when=state.decided_at)
    if state.emergency:
        return say("Decided alone by {who}, {when}", who=who, when=state.decided_at)
    if state.proposal.covered_by:
        return say("Approved together with {run}, which was for a time", run=state.proposal.covered_by)
    if not state.approvals:
        return None  # a step by hand: its outcome says who did it
    people = _people([person for person, _ in state.approvals])
    return say("Approved by {people}, {when}", people=people, when=state.decided_at)
