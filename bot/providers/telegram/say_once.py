"""A message of the bot into one chat, once: a test, to see that Telegram takes it, or a notice to all who read there.

A bot gets no messages of another bot: the way back is asked of the application (`app_api.answers`), or walked by a
person.
"""

from time import perf_counter
from typing import Any, Final

from pydantic import Field, field_validator

from bot.core.errors import TargetError, TimedOut
from bot.core.operation import Change, Parameters, Progress
from bot.core.places import places
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.telegram.bot_api import Address, BotApi
from bot.providers.web_answers import dug
from bot.providers.web_api import Lost

_LIMIT = 20.0
_PLACES: Final = frozenset({"day", "start", "end"})
_MESSAGE = "Plantão: mensagem de teste / test message"


class Message(Parameters):
    """Into which chat: a number, or the @name of a public one. The bot has to be in it."""

    chat: str = Field(pattern=r"^(-?\d{1,20}|@[A-Za-z]\w{3,31})$")

    @property
    def text(self) -> str:
        """What is said."""
        return _MESSAGE

    @property
    def is_quiet(self) -> bool:
        """Whether no telephone rings."""
        return True


class Notice(Message):
    """A sentence of the catalog's, with `{day}`, `{start}` and `{end}` in their places."""

    says: str = Field(min_length=1, max_length=2000)
    day: str = Field(pattern=r"^\d{2}/\d{2}/\d{4}$")
    start: str = Field(pattern=r"^\d{2}:\d{2}$")
    end: str = Field(pattern=r"^\d{2}:\d{2}$")

    @field_validator("says")
    @classmethod
    def _can_be_filled(cls, says: str) -> str:
        if unknown := sorted(places(says) - _PLACES):
            raise ValueError(f"nothing is called {', '.join(unknown)}; there are {', '.join(sorted(_PLACES))}")
        return says

    @property
    def text(self) -> str:
        return self.says.format(day=self.day, start=self.start, end=self.end)

    @property
    def is_quiet(self) -> bool:
        return False


async def _preview(address: Address, wanted: Message) -> Preview:
    bot = BotApi(address)
    chat = await _chat(bot, wanted.chat)
    username = bot.api.clean(dug(await bot.call("getMe"), "username") or "-", 64)
    return Preview(
        lines=(
            Line(say("bot"), "", f"@{username}"),
            Line(say("chat"), "", _named(bot, chat)),
            Line(say("message"), "", wanted.text),
        ),
        state={"bot": username, "chat": str(chat.get("id"))},
        arguments=wanted.model_dump(),
        warnings=(say("Everybody in this chat will see the message. A message that was sent is not taken back."),),
    )


async def _execute(address: Address, wanted: Message, preview: Preview, progress: Progress) -> Text:
    bot = BotApi(address)
    chat = await _chat(bot, wanted.chat)
    if str(chat.get("id")) != preview.state["chat"]:
        raise TargetError("{chat} is no longer the chat that was shown; nothing was sent.", chat=wanted.chat)
    await progress(say("sending one message"))
    begun = perf_counter()
    try:
        sent = await bot.call("sendMessage", chat_id=chat["id"], text=wanted.text, disable_notification=wanted.is_quiet)
    except (Lost, TimedOut) as error:
        raise Lost(
            "The connection broke while the message was sent. Only the chat shows whether it arrived; look there first."
        ) from error
    return say(
        "Telegram took message {number} in {latency} ms",
        number=str(dug(sent, "message_id")),
        latency=round((perf_counter() - begun) * 1000),
    )


async def _chat(bot: BotApi, chat: str) -> dict[str, Any]:
    answer = await bot.ask("getChat", chat_id=chat)
    if answer.status == 400:
        raise TargetError(
            "The bot does not know the chat {chat}: add it there, or have somebody write to it.", chat=chat
        )
    found = bot.result(answer)
    if not isinstance(found, dict) or "id" not in found:
        raise bot.api.stranger()
    return found


def _named(bot: BotApi, chat: dict[str, Any]) -> str:
    """A private chat carries a person's name, which is nobody's business here."""
    kind = bot.api.clean(chat.get("type"), 20)
    return kind if kind == "private" else bot.api.clean(f"{chat.get('title') or '-'} ({kind})", 100)


SEND_TEST = Change("telegram.send_test", Address, Message, _LIMIT, _preview, _execute)
NOTICE = Change("telegram.notice", Address, Notice, _LIMIT, _preview, _execute)
