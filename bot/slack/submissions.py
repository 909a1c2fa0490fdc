"""Submitted forms: a literal table from callback id to verb. A refusal keeps the form open with what was typed."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from slack_bolt.async_app import AsyncApp

from bot.core.errors import UserError
from bot.core.handoff import Written
from bot.core.policy import Severity
from bot.core.report import Report
from bot.core.text import Text, say
from bot.flows import asked, decide, handoff, incidents, remediate
from bot.flows.answers import Answer, DeclareForm, Later, Said
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request
from bot.slack.blocks import evidence, forms
from bot.slack.blocks.handoff import FIELDS
from bot.slack.blocks.parts import Block
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Ack, Desk, Payload
from bot.slack.voice import Voice

# Seconds after which the acknowledgement has turned the form into its receipt; later it would overwrite the answer.
ACKNOWLEDGED: Final = 0.5

Values: TypeAlias = Mapping[str, str]
Done: TypeAlias = Text | Later


@dataclass(frozen=True, slots=True)
class Submission:
    """What a form does, and the field under which a refusal is shown."""

    carry_out: Callable[[Ports, Caller, Values, str], Awaitable[Done]]
    field: str


async def declare(ports: Ports, caller: Caller, values: Values, name: str) -> Text:
    """Open an incident."""
    system = ports.catalog.of(values.get("system") or name)
    kept = await incidents.declare(ports, caller, system, Severity.parse(values["severity"]), values["title"])
    state = kept.state
    return say(
        "*{number} declared*: {severity} · {title}", number=state.number, severity=state.severity, title=state.title
    )


async def update(ports: Ports, caller: Caller, values: Values, number: str) -> Text:
    """Add what is known now."""
    kept = await incidents.update(ports, caller, number, values["words"])
    return say("*{number}* updated.", number=kept.state.number)


async def resolve(ports: Ports, caller: Caller, values: Values, number: str) -> Text:
    """Close an incident."""
    kept = await incidents.resolve(ports, caller, number, values["words"])
    return say("*{number}* resolved.", number=kept.state.number)


async def hand_over(ports: Ports, caller: Caller, values: Values, system: str) -> Text:
    """Write a handoff."""
    fields = {name: values.get(name, "") for name in FIELDS}
    note = Written(to=values["to"], overall=values["overall"], system=system, **fields)
    kept = await handoff.write(ports, caller, note)
    return say("*{number}* is in the channel. It is done when it is accepted.", number=kept.state.number)


async def propose(ports: Ports, caller: Caller, values: Values, metadata: str) -> Done:
    """Propose an action with what was chosen."""
    system, name, number = (*metadata.split(":"), "", "", "")[:3]
    action = await remediate.choose_named(ports, caller, name, number, system)
    given = {name: value for name, value in values.items() if value}
    answer = asked.proposal(ports, caller, Request(action, given, number))
    if isinstance(answer, Later):
        return answer
    raise UserError("Fill in every field that is not optional.")


async def diagnose(ports: Ports, caller: Caller, values: Values, metadata: str) -> Done:
    """Run a check with what was said."""
    system, name, number = (*metadata.split(":"), "", "", "")[:3]
    given = {name: value for name, value in values.items() if value}
    answer = await asked.diagnosis(ports, caller, name, number, system, given=given)
    if isinstance(answer, Later):
        return answer
    raise UserError("Fill in every field that is not optional.")


async def approve_typed(ports: Ports, caller: Caller, values: Values, metadata: str) -> Text:
    """Approve what destroys, once its name was typed."""
    number, _, fingerprint = metadata.partition(":")
    return asked.decided((await decide.approve(ports, caller, number, fingerprint, values["typed"])).state)


SUBMISSIONS: Mapping[str, Submission] = {
    "incident:declare": Submission(declare, "title"),
    "incident:update": Submission(update, "words"),
    "incident:resolve": Submission(resolve, "words"),
    "handoff:write": Submission(hand_over, "to"),
    "run:propose": Submission(propose, ""),
    "diag:run": Submission(diagnose, ""),
    "run:typed": Submission(approve_typed, "typed"),
}


def register_submissions(app: AsyncApp, desk: Desk) -> None:
    """Bind every form and every shortcut of the tables."""
    for callback, submission in SUBMISSIONS.items():
        app.view(callback)(_submitted(desk, submission))
    for callback, shortcut in SHORTCUTS.items():
        app.shortcut(callback)(shortcut(desk))


def _submitted(desk: Desk, submission: Submission) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, view: dict[str, Any]) -> None:
        voice = desk.voice(body["user"]["id"])

        async def work() -> Done:
            caller = desk.caller(body, "modal", f"view:{view['id']}:{view['hash']}")
            return await submission.carry_out(desk.ports, caller, _values(view), view.get("private_metadata", ""))

        try:
            done = await guarded(work, desk.system(body))
        except Outcome as outcome:
            field = outcome.field or submission.field or next(iter(view["state"]["values"]))
            await ack(response_action="errors", errors={field: voice.plain(outcome.text)})
            return
        words = done.now if isinstance(done, Later) else done
        await ack(response_action="update", view=forms.receipt(voice(words), voice))
        if isinstance(done, Later):
            desk.errands.start(_finish(desk, body, view["id"], done))

    return listener


async def _finish(desk: Desk, body: Payload, view: str, later: Later) -> None:
    """A form has no other place for its answer: the receipt that it turned into says how it ended."""
    voice = desk.voice(body["user"]["id"])
    acknowledged = asyncio.create_task(asyncio.sleep(ACKNOWLEDGED))
    try:
        answer = await guarded(lambda: later.work(_unseen), desk.system(body), limit=None)
        told = _told(answer, later, voice)
    except Outcome as outcome:
        told = forms.receipt(voice(outcome.text), voice)
    await acknowledged
    with suppress(Outcome):  # the form was closed meanwhile: the card in the channel tells the rest
        await guarded(lambda: desk.chat.update_view(view, told), desk.system(body))


def _told(answer: Answer, later: Later, voice: Voice) -> Block:
    """What the form turns into: a report with everything behind it, or a sentence."""
    if isinstance(answer, Report):
        return evidence.view(answer, voice)
    return forms.receipt(voice(answer.text if isinstance(answer, Said) else later.now), voice)


async def _unseen(_: Answer) -> None:
    """A proposal has no interim answer."""


def _values(view: Mapping[str, Any]) -> dict[str, str]:
    """The value of each field by block id, empty when nothing was entered."""
    return {block: _value(state) for block, elements in view["state"]["values"].items() for state in elements.values()}


def _value(state: Mapping[str, Any]) -> str:
    if option := state.get("selected_option"):
        return str(option["value"])
    return str(state.get("value") or state.get("selected_user") or "")


def _declare_shortcut(desk: Desk) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload) -> None:
        voice = desk.voice(body["user"]["id"])

        async def work() -> None:
            desk.caller(body, "shortcut", "")
            await desk.chat.open_view(body["trigger_id"], forms.declare(DeclareForm(), desk.ports.catalog, voice))

        # A global shortcut has no response_url: a refusal can only be logged, which the boundary did.
        with suppress(Outcome):
            await guarded(work, desk.system(body))
        await ack()

    return listener


SHORTCUTS: Mapping[str, Callable[[Desk], Callable[..., Awaitable[None]]]] = {
    "declare_incident": _declare_shortcut,
}
