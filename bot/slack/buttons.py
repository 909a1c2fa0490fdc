"""Binds the buttons: who clicked, what it means, and where the answer goes."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final

from slack_bolt.async_app import AsyncApp

from bot.core.errors import UserError
from bot.core.text import Text
from bot.flows.answers import Answer, Form, Later, Said
from bot.flows.ports import Caller, Ports
from bot.slack.blocks.answers import show
from bot.slack.blocks.parts import numbered
from bot.slack.boundary import Outcome, guarded
from bot.slack.clicks import CLICKS, FORMS, Click, Opening
from bot.slack.desk import Ack, Desk, Payload, private
from bot.slack.later import Stage
from bot.slack.replies import respond

QUESTIONS: Final = ("diag:run",)


def register_clicks(app: AsyncApp, desk: Desk) -> None:
    """Bind every button of the tables, and a sentence for any other."""
    for action, click in CLICKS.items():
        app.action(numbered(action))(_button(desk, click))
    for action, opening in FORMS.items():
        app.action(action)(_form_button(desk, opening))
    app.action(re.compile(".*"))(_button(desk, _unknown))


async def _unknown(ports: Ports, caller: Caller, value: str) -> Text:
    raise UserError("I no longer know this button. Nothing was changed.")


def _button(desk: Desk, click: Click) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:
        async def work() -> Text | Answer | None:
            caller = desk.caller(body, "button", f"click:{body['trigger_id']}")
            answer = await click(desk.ports, caller, action.get("value", ""))
            if not isinstance(answer, Form):
                return answer
            await desk.chat.open_view(body["trigger_id"], desk.view_of(answer, desk.voice(caller.user)))
            return None

        try:
            answer = await guarded(work, desk.system(body))
        except Outcome as outcome:
            answer = outcome.text
        await ack()
        if answer is not None:
            told = Said(answer) if isinstance(answer, Text) else answer
            url = body.get("response_url")
            desk.errands.start(_answer(desk, body, url, told) if url else _whisper(desk, body, told))

    return listener


async def _answer(desk: Desk, body: Payload, url: str, answer: Answer) -> None:
    """A question that was answered by a click gives way to the answer; everything else stays where it is."""
    voice = desk.voice(body["user"]["id"])
    replace = _is_question(body)
    if isinstance(answer, Later):
        await respond(url, show(Said(answer.now), voice), replace=replace)
        await Stage(url, voice, desk.system(body), replace=replace).play(answer)
    elif not isinstance(answer, Form):
        await respond(url, show(answer, voice))


async def _whisper(desk: Desk, body: Payload, answer: Answer) -> None:
    """A click without a response_url, as in App Home: the answer is whispered in its channel, or sent to the person."""
    user, system = body["user"]["id"], desk.system(body)
    try:
        if isinstance(answer, Later):
            later = answer
            answer = await guarded(lambda: later.work(_unseen), system, limit=None)
    except Outcome as outcome:
        answer = Said(outcome.text)
    if isinstance(answer, Form | Later):
        return
    message, channel = show(answer, desk.voice(user)), (body.get("channel") or {}).get("id", "")
    telling = partial(desk.chat.whisper, channel, user, message) if channel else partial(desk.chat.post, user, message)
    with suppress(Outcome):  # nobody is left to be told, and the boundary has logged it
        await guarded(telling, system)


async def _unseen(_: Answer) -> None:
    """What is known so far has no place either."""


def _is_question(body: Payload) -> bool:
    is_private = bool((body.get("container") or {}).get("is_ephemeral"))
    return is_private and body["actions"][0]["action_id"].partition("#")[0] in QUESTIONS


def _form_button(desk: Desk, opening: Opening) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload, action: dict[str, Any]) -> None:
        voice = desk.voice(body["user"]["id"])

        async def work() -> None:
            caller = desk.caller(body, "button", "")
            view = await opening(desk.ports, caller, action.get("value", ""), voice)
            await desk.chat.open_view(body["trigger_id"], view)

        try:
            await guarded(work, desk.system(body))
        except Outcome as outcome:
            if url := body.get("response_url"):
                desk.errands.start(respond(url, private(outcome.text, voice)))
        await ack()

    return listener
