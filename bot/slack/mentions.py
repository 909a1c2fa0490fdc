"""`@plantao diag redis`: the same commands by mention, which also work inside a thread.

Slack does not deliver slash commands from threads. In the thread of an incident the incident needs no number.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Final

from slack_bolt.async_app import AsyncApp

from bot.core.text import Text, say
from bot.flows.answers import Answer, CheckForm, Form, Handler, Later, RunForm, Said
from bot.flows.incidents import in_thread
from bot.slack.blocks.answers import show
from bot.slack.boundary import Outcome, guarded
from bot.slack.desk import Desk, Payload
from bot.slack.typed import typed_words

EVENT: Final = "app_mention"
ABOUT_INCIDENTS: Final = ("diag", "rollback", "run", "runbook")
_SELF = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>\s*")
_NUMBER = re.compile(r"\bINC-\d+\b", re.IGNORECASE)


def register_mentions(app: AsyncApp, desk: Desk, commands: Mapping[str, Handler]) -> None:
    """Bind mentions of the bot."""
    app.event(EVENT)(_mentioned(desk, commands))


def _mentioned(desk: Desk, commands: Mapping[str, Handler]) -> Callable[..., Awaitable[None]]:
    async def listener(body: Payload) -> None:
        # An event is acknowledged by Bolt itself; Slack sends one again whose answer took more than 3 s.
        desk.errands.start(_answer(desk, commands, body))

    return listener


async def _answer(desk: Desk, commands: Mapping[str, Handler], body: Payload) -> None:
    event = body["event"]
    voice = desk.voice(event["user"])
    place = {"channel_id": event["channel"], "user_id": event["user"], "team_id": body.get("team_id", "")}

    async def tell(answer: Answer) -> None:
        if not isinstance(answer, Form | Later):
            await desk.chat.whisper(event["channel"], event["user"], show(answer, voice), event.get("thread_ts", ""))

    async def work() -> Answer:
        caller = desk.caller(place, "mention", f"mention:{body['event_id']}")
        verb, words = await _words(desk, event)
        handler = commands.get(f"/{verb}")
        if handler is None:
            known = ", ".join(name.removeprefix("/") for name in commands)
            return Said(say("I do not know “{verb}”. By mention I understand {known}.", verb=verb, known=known))
        return await handler(words, caller, desk.ports)

    async def whole() -> None:
        answer = await guarded(work, desk.system(place))
        if isinstance(answer, RunForm | CheckForm):
            answer = Said(_in_one_line(answer))
        elif isinstance(answer, Form):
            answer = Said(say("That opens a form, which a mention cannot; use the slash command."))
        await tell(Said(answer.now) if isinstance(answer, Later) else answer)
        if isinstance(answer, Later):
            await tell(await guarded(lambda: answer.work(_silent), desk.system(place), limit=None))

    try:
        await guarded(whole, desk.system(place), limit=None)
    except Outcome as outcome:
        refusal = Said(outcome.text)
        with suppress(Outcome):  # Slack takes nothing now, and the boundary has logged it
            await guarded(lambda: tell(refusal), desk.system(place))


def _in_one_line(form: RunForm | CheckForm) -> Text:
    """How to say by mention what a form would ask for."""
    verb, name = ("run", form.request.action.name) if isinstance(form, RunForm) else ("diag", form.wanted.word)
    words = " ".join((verb, name, *(f"{name}=…" for name in form.missing)))
    return say("That needs more: `@plantao {words}`. The slash command opens a form.", words=words)


async def _silent(_: Answer) -> None:
    """Private messages in a thread cannot be edited: the whole answer comes at once."""


async def _words(desk: Desk, event: Payload) -> tuple[str, str]:
    """The verb and the rest, with the number of the incident whose thread this is."""
    verb, _, rest = typed_words(_SELF.sub("", event.get("text", ""))).strip().partition(" ")
    verb = verb.lower().removeprefix("/")
    if verb in ABOUT_INCIDENTS and rest.strip() and event.get("thread_ts") and not _NUMBER.search(rest):
        rest = f"{rest} {await in_thread(desk.ports, event['channel'], event['thread_ts'])}"
    return verb, rest
