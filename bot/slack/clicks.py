"""Buttons: a literal table from action id to verb. Buttons carry ids; rights are looked up when they are clicked."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from slack_bolt.async_app import AsyncApp

from bot.core.errors import UserError
from bot.core.text import Text, say
from bot.flows import asked, handoff, incidents, remediate, watch
from bot.flows.answers import Answer, DeclareForm, HandoffForm, Later, Said
from bot.flows.ports import Caller, Ports
from bot.slack.blocks import forms
from bot.slack.blocks.answers import show
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Ack, Desk, Payload, private
from bot.slack.later import Stage
from bot.slack.replies import respond

Click: TypeAlias = Callable[[Ports, Caller, str], Awaitable[Text | Answer]]


async def acknowledge(ports: Ports, caller: Caller, value: str) -> Text:
    """Take an incident on."""
    kept = await incidents.acknowledge(ports, caller, value)
    return say("*{number}* acknowledged: it is yours now.", number=kept.state.number)


async def approve(ports: Ports, caller: Caller, value: str) -> Text:
    """Approve a run, bound to the fingerprint that the card showed."""
    number, _, fingerprint = value.partition(":")
    kept = await remediate.approve(ports, caller, number, fingerprint)
    return say("You approved {run}. It runs now; follow it in its thread.", run=kept.state.number)


async def deny(ports: Ports, caller: Caller, value: str) -> Text:
    """Deny a run."""
    kept = await remediate.deny(ports, caller, value.partition(":")[0])
    return say("You denied {run}. Nothing was changed.", run=kept.state.number)


async def accept(ports: Ports, caller: Caller, value: str) -> Text:
    """Accept a handoff."""
    kept = await handoff.accept(ports, caller, value)
    return say("You are on duty now. {number} is accepted.", number=kept.state.number)


async def diagnose_again(ports: Ports, caller: Caller, value: str) -> Answer:
    """Run a diagnosis, again or of the system that was picked."""
    system, word, number = _three(value)
    return await asked.diagnosis(ports, caller, word, number, system)


async def propose(ports: Ports, caller: Caller, value: str) -> Answer:
    """Propose the action that a report suggests; it never executes."""
    system, name, number = _three(value)
    action = await remediate.choose_named(ports, caller, system, name, number)
    return asked.proposal(ports, caller, action, {}, number)


def _three(value: str) -> tuple[str, str, str]:
    first, second, third = (*value.split(":"), "", "", "")[:3]
    return first, second, third


async def stop_watch(ports: Ports, caller: Caller, value: str) -> Text:
    """End a watch."""
    kept = await watch.stop(ports, caller, value)
    return say("*{number}* stopped.", number=kept.state.number)


CLICKS: Mapping[str, Click] = {
    "incident:acknowledge": acknowledge,
    "run:approve": approve,
    "run:deny": deny,
    "handoff:accept": accept,
    "diag:run": diagnose_again,
    "run:propose": propose,
    "watch:stop": stop_watch,
}
FORMS = ("incident:update", "incident:resolve")
QUESTIONS = ("diag:run",)


def register_clicks(app: AsyncApp, desk: Desk) -> None:
    """Bind every button of the table, those that open a form, and a sentence for any other."""
    for action, click in CLICKS.items():
        app.action(action)(_button(desk, click))
    for action in FORMS:
        app.action(action)(_form_button(desk, action))
    app.action(re.compile(".*"))(_button(desk, _unknown))


async def _unknown(ports: Ports, caller: Caller, value: str) -> Text:
    raise UserError("I no longer know this button. Nothing was changed.")


def _button(desk: Desk, click: Click) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:

        async def work() -> Text | Answer:
            caller = desk.caller(body, "button", f"click:{body['trigger_id']}")
            return await click(desk.ports, caller, action.get("value", ""))

        try:
            answer = await guarded(work, desk.system(body))
        except Outcome as outcome:
            answer = outcome.text
        await ack()
        if url := body.get("response_url"):
            desk.errands.start(_answer(desk, body, url, Said(answer) if isinstance(answer, Text) else answer))

    return listener


async def _answer(desk: Desk, body: Payload, url: str, answer: Answer) -> None:
    """A question that was answered by a click gives way to the answer; everything else stays where it is."""
    voice = desk.voice(body["user"]["id"])
    replace = _is_question(body)
    if isinstance(answer, Later):
        await respond(url, show(Said(answer.now), voice), replace=replace)
        await Stage(url, voice, desk.system(body), replace=replace).play(answer)
    elif not isinstance(answer, DeclareForm | HandoffForm):
        await respond(url, show(answer, voice))


def _is_question(body: Payload) -> bool:
    is_private = bool((body.get("container") or {}).get("is_ephemeral"))
    return is_private and body["actions"][0]["action_id"] in QUESTIONS


def _form_button(desk: Desk, action_id: str) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:
        voice = desk.voice(body["user"]["id"])

        async def work() -> None:
            desk.caller(body, "button", "")
            await desk.chat.open_view(body["trigger_id"], forms.words(action_id, action["value"], voice))

        try:
            await guarded(work, desk.system(body))
        except Outcome as outcome:
            if url := body.get("response_url"):
                desk.errands.start(respond(url, private(outcome.text, voice)))
        await ack()

    return listener
