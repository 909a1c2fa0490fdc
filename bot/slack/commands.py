"""Slash commands: parse, let the command's own file decide, acknowledge with the result."""

import re
from collections.abc import Awaitable, Callable, Mapping

from slack_bolt.async_app import AsyncApp

from bot.flows.answers import Answer, Form, Handler, Later, Said
from bot.slack.blocks.answers import show
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Ack, Desk, Payload
from bot.slack.later import Stage
from bot.slack.typed import typed_words
from bot.slack.voice import Voice


def register_commands(app: AsyncApp, desk: Desk, commands: Mapping[str, Handler]) -> None:
    """Bind every slash command of the table, and a sentence for any other."""
    for name, handler in commands.items():
        app.command(name)(_command(desk, handler))
    app.command(re.compile(".*"))(_unknown_command)


def _command(desk: Desk, handler: Handler) -> Callable[..., Awaitable[None]]:
    async def listener(ack: Ack, body: Payload) -> None:
        voice = desk.voice(body["user_id"])
        words = typed_words(body.get("text") or "")

        async def work() -> Answer | None:
            answer = await handler(words, desk.caller(body, "command", f"command:{body['trigger_id']}"), desk.ports)
            if not isinstance(answer, Form):
                return answer
            await desk.chat.open_view(body["trigger_id"], desk.view_of(answer, voice))
            return None

        try:
            answer = await guarded(work, desk.system(body))
        except Outcome as outcome:
            answer = Said(outcome.text)
        await _acknowledge(ack, answer, voice)
        if isinstance(answer, Later):
            desk.errands.start(Stage(body["response_url"], voice, desk.system(body)).play(answer))

    return listener


async def _acknowledge(ack: Ack, answer: Answer | None, voice: Voice) -> None:
    if answer is None or isinstance(answer, Form):
        await ack()
        return
    message = show(Said(answer.now) if isinstance(answer, Later) else answer, voice)
    await ack(text=message.text, blocks=list(message.blocks), response_type="ephemeral")


async def _unknown_command(ack: Ack, body: Payload) -> None:
    await ack(text=f"`{body['command']}`?", response_type="ephemeral")
