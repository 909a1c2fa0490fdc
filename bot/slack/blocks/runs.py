"""Lists around runs: what may be proposed, what was run."""

from bot.catalog.entries import Action
from bot.core import run
from bot.core.run import Run
from bot.core.standing import phase_of
from bot.core.text import Person, Text, say
from bot.flows.runs import Actions, Runs, Told
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Message
from bot.slack.blocks.run import RISKS, card, sign_of
from bot.slack.blocks.run_thread import reply
from bot.slack.voice import Voice, escape, moment

EVENTS_SHOWN = 60
RISK_HEADINGS = {risk: say("Risk: {risk}", risk=name) for risk, name in RISKS.items()}
BY_HAND = say("Done by people, kept track of here")
REFUSED = say("Refused, with the safe way in the answer")


def actions(value: Actions, voice: Voice) -> Message:
    """What may be proposed, the lowest risk first; what the bot leaves to people or refuses comes last."""
    title = voice(say("*What may be run in {system}*", system=value.system.profile.name))
    kinds: dict[str, list[str]] = {voice(kind): [] for kind in (*RISK_HEADINGS.values(), BY_HAND, REFUSED)}
    for action in value.actions:
        kinds[voice(_heading(action))].append(f"`/run {action.name}` — {escape(voice.words(action.title))}")
    rows = [row for heading, found in kinds.items() if found for row in (f"*{heading}*", *found)]
    if not rows:
        rows = [voice(say("nothing yet"))]
    hint = voice(say("A command only proposes; a card in the channel asks for approval."))
    return parts.message(title, [parts.section(title), *parts.lines(rows), parts.context(hint)])


def _heading(action: Action) -> Text:
    if action.refused is not None:
        return REFUSED
    return RISK_HEADINGS[action.risk] if action.by_hand is None else BY_HAND


def listing(value: Runs, voice: Voice) -> Message:
    """The newest runs that match."""
    if not value.runs:
        words = voice(say("No run matches “{words}”.", words=value.words) if value.words else say("No run yet."))
        return parts.message(words, [parts.section(words)])
    title = voice(say("*{count} runs*", count=value.total))
    blocks = [parts.section(title), *parts.lines(_row(state, voice) for state in value.runs)]
    if value.total > len(value.runs):
        blocks.append(parts.context(voice(say("… and {more} older ones", more=value.total - len(value.runs)))))
    return parts.message(title, blocks)


def told(value: Told, voice: Voice) -> Message:
    """The card as it is now, without its buttons, and a line for everything that happened."""
    shown = card(value.run, value.system, voice)
    blocks = [block for block in shown.blocks if block["type"] != "actions"]
    state: Run | None = None
    rows = []
    for event in value.events:
        state = run.apply(state, event)
        if event.version > 1:
            rows.append(f"{moment(event.at)}  {reply(event, state, voice).text}")
    return parts.message(shown.text, [*blocks, *parts.lines(rows[-EVENTS_SHOWN:])])


def _row(state: Run, voice: Voice) -> str:
    words = say(
        "{sign} *{run}* {title} · {target} · {phase} · {who}, {when}",
        sign=sign_of(state),
        run=state.number,
        title=state.proposal.title,
        target=state.proposal.target,
        phase=phase_of(state),
        who=Person(state.proposed_by),
        when=state.proposed_at,
    )
    return voice(words)
