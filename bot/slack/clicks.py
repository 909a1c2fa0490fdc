"""Buttons: a literal table from action id to verb. Buttons carry ids; rights are looked up when they are clicked."""

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from slack_bolt.async_app import AsyncApp

from bot.core.errors import UserError
from bot.core.text import Text, say
from bot.flows import handoff, incidents, remediate
from bot.flows.ports import Caller, Ports
from bot.slack.blocks import forms
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Ack, Desk, Payload, private
from bot.slack.replies import respond

Click: TypeAlias = Callable[[Ports, Caller, str], Awaitable[Text]]


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


CLICKS: Mapping[str, Click] = {
    "incident:acknowledge": acknowledge,
    "run:approve": approve,
    "run:deny": deny,
    "handoff:accept": accept,
}
FORMS = ("incident:update", "incident:resolve")


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
        voice = desk.voice(body["user"]["id"])

        async def work() -> Text:
            caller = desk.caller(body, "button", f"click:{body['trigger_id']}")
            return await click(desk.ports, caller, action.get("value", ""))

        try:
            words = await guarded(work, desk.system)
        except Outcome as outcome:
            words = outcome.text
        await ack()
        if url := body.get("response_url"):
            desk.errands.start(respond(url, private(words, voice)))

    return listener


def _form_button(desk: Desk, action_id: str) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:
        voice = desk.voice(body["user"]["id"])

        async def work() -> None:
            desk.caller(body, "button", "")
            await desk.chat.open_view(body["trigger_id"], forms.words(action_id, action["value"], voice))

        try:
            await guarded(work, desk.system)
        except Outcome as outcome:
            if url := body.get("response_url"):
                desk.errands.start(respond(url, private(outcome.text, voice)))
        await ack()

    return listener
