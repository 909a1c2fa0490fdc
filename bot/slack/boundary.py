"""The error boundary: whatever a person does gets an answer. One of the two places that catch broadly."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from bot.catalog.system import System
from bot.core.errors import ChatError, NothingRecorded, UserError, WrongValue
from bot.core.text import Text, say

T = TypeVar("T")

ANSWER_LIMIT = 2.8  # seconds; Slack waits 3

log = structlog.get_logger()


class Outcome(Exception):
    """What went wrong, in words for the person who asked; in a form, with the field that it is about."""

    def __init__(self, text: Text, field: str = "") -> None:
        super().__init__(text.msgid)
        self.text = text
        self.field = field


async def guarded(work: Callable[[], Awaitable[T]], system: System, *, limit: float | None = ANSWER_LIMIT) -> T:
    """Do the work within `limit` seconds, or raise Outcome with the sentence that the person reads."""
    try:
        async with asyncio.timeout(limit):
            return await work()
    except WrongValue as error:
        raise Outcome(error.text, error.field) from error
    except UserError as error:
        raise Outcome(error.text) from error
    except NothingRecorded as error:
        log.error("record.unavailable", reason=str(error))
        raise Outcome(
            say(
                "⚠️ *Nothing was recorded*: the bot's memory does not answer. {advice}",
                advice=system.profile.page_by_hand,
            )
        ) from error
    except TimeoutError as error:
        log.error("answer.too_slow", limit=limit)
        raise Outcome(say("I could not answer in time. Look at `/incident list` before you try again.")) from error
    except ChatError as error:
        log.warning("slack.refused", code=error.code)
        raise Outcome(
            say("Slack did not take that ({code}). Nothing was changed; try again.", code=error.code)
        ) from error
    except Exception as error:
        reference = uuid.uuid4().hex[:8]
        log.exception("failure", reference=reference)
        raise Outcome(
            say(
                "Something broke on our side (reference {reference}). Look at `/incident list` before you try again.",
                reference=reference,
            )
        ) from error
