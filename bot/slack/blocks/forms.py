"""The forms around an incident."""

from bot.catalog.ask import Ask
from bot.catalog.system import Catalog, System
from bot.core.incident import TITLE_LIMIT, WORDS_LIMIT
from bot.core.policy import Severity
from bot.core.run import Run
from bot.core.text import Text, say
from bot.flows.answers import CheckForm, DeclareForm, RunForm
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block
from bot.slack.voice import Voice, escape

WORDS_FORMS = {
    "incident:update": (say("Update {number}"), say("What is known now?")),
    "incident:resolve": (say("Resolve {number}"), say("What ended it?")),
}


def declare(form: DeclareForm, catalog: Catalog, voice: Voice) -> Block:
    """Severity and title, with what was already typed filled in; the system too where no channel says which."""
    system = catalog.of(form.system)
    options = [_option(severity, system, voice) for severity in system.profile.severities]
    chosen = [option for option in options if option["value"] == form.severity]
    element: Block = {"type": "static_select", "action_id": "severity", "options": options}
    if chosen:
        element["initial_option"] = chosen[0]
    label = parts.plain(voice.plain(say("Severity")), 2000)
    title = parts.text_input(
        "title", voice.plain(say("What is wrong?")), max_length=TITLE_LIMIT, initial=form.title[:TITLE_LIMIT]
    )
    return parts.modal(
        "incident:declare",
        voice.plain(say("Declare an incident")),
        [
            *([] if form.system or len(catalog.systems) == 1 else [_system(catalog, voice)]),
            {"type": "input", "block_id": "severity", "label": label, "element": element},
            title,
        ],
        private_metadata=form.system,
        submit=parts.plain(voice.plain(say("Declare")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
    )


def _system(catalog: Catalog, voice: Voice) -> Block:
    options = [
        {"text": parts.plain(system.profile.name, 75), "value": system.id} for system in catalog.systems.values()
    ]
    return {
        "type": "input",
        "block_id": "system",
        "label": parts.plain(voice.plain(say("System")), 2000),
        "element": {"type": "static_select", "action_id": "system", "options": options},
    }


def _option(severity: Severity, system: System, voice: Voice) -> Block:
    words = f"{severity} · {voice.words(system.profile.severities[severity].title)}"
    return {"text": parts.plain(words, 75), "value": severity.value}


def words(callback: str, number: str, voice: Voice) -> Block:
    """One text field for an update or a resolution; the number travels in the private metadata."""
    title, label = WORDS_FORMS[callback]
    field = parts.text_input("words", voice.plain(label), multiline=True, max_length=WORDS_LIMIT)
    return parts.modal(
        callback,
        voice.plain(Text(title.msgid, {"number": number})),
        [field],
        submit=parts.plain(voice.plain(say("Send")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
        private_metadata=number,
    )


def run(form: RunForm, voice: Voice) -> Block:
    """What an action needs to know before it can be proposed: a field for each parameter that a person chooses."""
    request = form.request
    fields = [_ask(name, ask, str(request.given.get(name, "")), voice) for name, ask in request.action.asks.items()]
    intro = parts.section(f"*{escape(voice.words(request.action.title))}*")
    return parts.modal(
        "run:propose",
        voice.plain(say("Propose an action")),
        [intro, *fields],
        submit=parts.plain(voice.plain(say("Propose")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
        private_metadata=f"{request.action.system}:{request.action.name}:{request.number}",
    )


def check(form: CheckForm, voice: Voice) -> Block:
    """What a check wants to know before it runs."""
    wanted = form.wanted
    [asking] = wanted.checks
    fields = [_ask(name, ask, asking.given.get(name, ""), voice) for name, ask in asking.asks.items()]
    return parts.modal(
        "diag:run",
        voice.plain(say("Run a check")),
        [parts.section(f"*{escape(voice.words(asking.title))}*"), *fields],
        submit=parts.plain(voice.plain(say("Run")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
        private_metadata=f"{wanted.system.id}:{asking.name}:{wanted.number}",
    )


def _ask(name: str, ask: Ask, given: str, voice: Voice) -> Block:
    chosen = given or ask.default
    if not ask.choices:
        return parts.text_input(name, voice.words(ask.title), max_length=200, initial=chosen, optional=ask.optional)
    options = [{"text": parts.plain(choice, 75), "value": choice} for choice in ask.choices]
    element: Block = {"type": "static_select", "action_id": name, "options": options}
    if chosen in ask.choices:
        element["initial_option"] = options[ask.choices.index(chosen)]
    label = parts.plain(voice.words(ask.title), 2000)
    return {"type": "input", "block_id": name, "label": label, "element": element, "optional": ask.optional}


def typed(state: Run, voice: Voice) -> Block:
    """The name of what would be destroyed, to be typed by whoever approves."""
    proposal = state.proposal
    ask = say("Type {name} to approve {run}.", name=proposal.typed, run=state.number)
    return parts.modal(
        "run:typed",
        voice.plain(say("Approve {run}", run=state.number)),
        [
            parts.section(f"*{voice(proposal.title)}* · {escape(proposal.target)}"),
            parts.section(voice(say("This cannot be taken back. {ask}", ask=ask))),
            parts.text_input("typed", voice.plain(say("Name")), max_length=200),
        ],
        submit=parts.plain(voice.plain(say("Approve")), 24),
        close=parts.plain(voice.plain(say("Cancel")), 24),
        private_metadata=f"{state.number}:{proposal.preview.fingerprint}",
    )


def receipt(words: str, voice: Voice) -> Block:
    """What a form turns into once its contents are recorded."""
    close = parts.plain(voice.plain(say("Close")), 24)
    return parts.modal("receipt", "Plantão", [parts.section(words)], close=close)
