"""A handoff in Slack: the form, filled in from the record, and the note in the channel."""

from collections.abc import Iterable

from bot.catalog.entries import Pointer
from bot.core.handoff import FIELD_LIMIT, OVERALL_NAMES, Handoff, Overall, Written, overall_name
from bot.core.incident import Incident
from bot.core.run import Run
from bot.core.standing import phase_of
from bot.core.text import Person, Text, say
from bot.flows.handoff import Draft
from bot.slack.blocks import parts
from bot.slack.blocks.incident import PHASE_NAMES as INCIDENT_PHASES
from bot.slack.blocks.incident import lasted
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

FIELDS = {
    "incidents": say("Incidents: open, and of the last 24 h"),
    "runs": say("Actions of the last 24 h"),
    "alerts": say("Active alerts that are not critical"),
    "ongoing": say("Ongoing problems and pending tasks"),
    "planned": say("Planned maintenance and deploys"),
    "remarks": say("Remarks and notes"),
    "contacts": say("Useful contacts"),
    "documents": say("Documents and dashboards"),
}


HINTS = {"alerts": say("No alerting is connected to the bot: copy from yours what is active.")}


def form(draft: Draft, voice: Voice) -> Block:
    """The form at the end of a shift."""
    prefilled = {
        "incidents": _incidents(draft, voice),
        "runs": "\n".join(_run(state, voice) for state in draft.runs) or voice.plain(say("none")),
        "alerts": "",
        "ongoing": "",
        "planned": "",
        "remarks": "\n".join(f"{voice.clock(note.at)} {note.words}" for note in draft.notes),
        "contacts": _pointers(draft.contacts, voice),
        "documents": _pointers(draft.links, voice),
    }
    inputs = [
        parts.text_input(
            name,
            voice.plain(label),
            multiline=True,
            optional=True,
            max_length=FIELD_LIMIT,
            hint=voice.plain(HINTS[name]) if name in HINTS else "",
            initial=prefilled[name][:FIELD_LIMIT],
        )
        for name, label in FIELDS.items()
    ]
    blocks = [_to(voice), _overall(draft.overall, voice), *inputs]
    return parts.modal(
        "handoff:write",
        voice.plain(say("Hand over the shift")),
        blocks,
        submit=parts.plain(voice.plain(say("Hand over")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
        private_metadata=draft.system,
    )


def _to(voice: Voice) -> Block:
    element = {"type": "users_select", "action_id": "to"}
    return {
        "type": "input",
        "block_id": "to",
        "label": parts.plain(voice.plain(say("Who takes over")), 2000),
        "element": element,
    }


def _overall(chosen: Overall, voice: Voice) -> Block:
    options = {
        state: {"text": parts.plain(voice.plain(name), 75), "value": state.value}
        for state, name in OVERALL_NAMES.items()
    }
    element = {
        "type": "static_select",
        "action_id": "overall",
        "options": list(options.values()),
        "initial_option": options[chosen],
    }
    label = parts.plain(voice.plain(say("Overall state")), 2000)
    return {"type": "input", "block_id": "overall", "label": label, "element": element}


def _pointers(pointers: Iterable[Pointer], voice: Voice) -> str:
    return "\n".join(f"{voice.words(pointer.title)}: {pointer.to}" for pointer in pointers)


def _incidents(draft: Draft, voice: Voice) -> str:
    rows = [_incident(state, voice) for state in (*draft.open, *draft.closed)]
    return "\n".join(rows) or voice.plain(say("none"))


def _incident(state: Incident, voice: Voice) -> str:
    row = f"{voice.clock(state.declared_at)} {state.number} {state.severity} {state.title}"
    if state.resolved_at:
        ended = voice.plain(say("resolved after {duration}", duration=lasted(state)))
        return f"{row} — {ended}: {state.resolution}"
    return f"{row} — {voice.plain(INCIDENT_PHASES[state.phase])}"


def _run(state: Run, voice: Voice) -> str:
    name = f"{voice.clock(state.proposed_at)} {state.number} {voice.plain(state.proposal.title)}"
    return f"{name} — {voice.plain(phase_of(state))}"


def headline(state: Handoff, voice: Voice) -> Message:
    """The note in the channel, with the button to accept it."""
    note = state.note
    title = voice(
        say("🤝 *{number}* Shift handoff: {who} → {to}", number=state.number, who=Person(state.by), to=Person(note.to))
    )
    blocks = [parts.section(title), parts.section(voice(say("Overall: *{state}*", state=overall_name(note.overall))))]
    blocks += [parts.section(f"*{voice(label)}*\n{escape(words)}") for label, words in _filled(note)]
    if state.accepted_at is None:
        blocks.append(
            parts.actions([parts.button(voice.plain(say("I take over")), "handoff:accept", state.number, "primary")])
        )
    else:
        accepted = say("✅ {who} took over, {when}", who=Person(note.to), when=state.accepted_at)
        blocks.append(parts.context(voice(accepted)))
    return parts.message(title, blocks)


def _filled(note: Written) -> list[tuple[Text, str]]:
    return [(label, words) for name, label in FIELDS.items() if (words := getattr(note, name).strip())]


def reply(state: Handoff, voice: Voice) -> Message:
    """The acceptance, in the thread."""
    words = voice(say("✅ {who} took over.", who=Person(state.note.to)))
    return parts.message(words, [parts.section(words)])
