"""A question asked as a customer of a test company asks it, and the time until the application's answer.

It takes the way of a message that a bot has fetched from its chat. Each question leaves a ticket of the test company,
and costs what an answer costs.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError

from bot.core.errors import TargetError, TimedOut
from bot.core.findings import Measurement, Reading
from bot.core.operation import Change, Parameters, Progress, Read
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.app_api.address import Address, FieldName, FieldPath, Id, Path, api_of
from bot.providers.app_api.company import settings_of
from bot.providers.web_answers import dug
from bot.providers.web_api import Api, Lost, Request

_LIMIT: Final = 80.0
_PAUSE: Final = 0.5
_SHOWN: Final = 300
_IDS: Final = TypeAdapter(Id)


def _pairs(raw: object) -> object:
    return dict(row.split("=", 1) for row in raw.split()) if isinstance(raw, str) else raw


class Question(Parameters):
    """What is asked, in the name of which test company; `expects` is a phrase that only the right answer holds.

    The message goes to `path`: the company, the question and `body`. The answer stands at `answer_in` of the reply; a
    reply that has only an id is looked up at `path` and that id until the answer is there, for `within_s` seconds.
    """

    company: Id
    question: str = Field(min_length=3, max_length=300, pattern=r"^[^\x00-\x1f\x7f]+$")
    expects: str = Field("", max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
    within_s: int = Field(30, ge=1, le=60)
    path: Path = "/api/ingest-message"
    body: Annotated[Mapping[FieldName, Id], BeforeValidator(_pairs)] = Field(default_factory=dict)
    company_in: FieldName = "company_id"
    question_in: FieldName = "message"
    answer_in: FieldPath = "answer"
    id_in: FieldPath = "message_id"


@dataclass(frozen=True, slots=True)
class _Heard:
    """The answer, and after how many seconds it was there."""

    words: str
    seconds: float

    def holds(self, phrase: str) -> bool:
        return phrase.casefold() in self.words.casefold()


async def _answers(address: Address, wanted: Question) -> Reading:
    api = api_of(address)
    heard = await _asked(api, wanted)
    if heard is None:
        silent = say("no answer to the test question within {seconds} s", seconds=wanted.within_s)
        return Reading(
            silent,
            (
                Measurement("answered", False),
                Measurement("answer_s", None, "s", silent),
                *((Measurement("holds", False),) if wanted.expects else ()),
            ),
        )
    holds = heard.holds(wanted.expects)
    summary = say("the test question is answered after {seconds} s", seconds=heard.seconds)
    if not holds:
        summary = say("the answer after {seconds} s lacks the phrase expected", seconds=heard.seconds)
    return Reading(
        summary,
        (
            Measurement("answered", True),
            Measurement("answer_s", heard.seconds, "s"),
            *((Measurement("holds", holds),) if wanted.expects else ()),
        ),
        (f"? {api.clean(wanted.question, _SHOWN)}", f"! {api.clean(heard.words, _SHOWN)}"),
    )


async def _asked(api: Api, wanted: Question) -> _Heard | None:
    """Asks once; None when no answer comes in time."""
    begun = perf_counter()
    body = {**wanted.body, wanted.company_in: wanted.company, wanted.question_in: wanted.question}
    reply = api.good(await api.ask(Request(wanted.path, "POST", body=body)))
    if words := _words(reply, wanted):
        return _Heard(words, round(perf_counter() - begun, 1))
    id = _id(api, reply, wanted)
    while perf_counter() - begun < wanted.within_s:
        await asyncio.sleep(_PAUSE)
        if words := _words(await api.read(f"{wanted.path}/{id}"), wanted):
            return _Heard(words, round(perf_counter() - begun, 1))
    return None


def _words(reply: object, wanted: Question) -> str:
    found = dug(reply, wanted.answer_in)
    return found if isinstance(found, str) else ""


def _id(api: Api, reply: object, wanted: Question) -> str:
    try:
        return _IDS.validate_python(str(dug(reply, wanted.id_in) or ""))
    except ValidationError:
        raise api.stranger() from None


async def _preview(address: Address, wanted: Question) -> Preview:
    api = api_of(address)
    await settings_of(api, "/api/companies", wanted.company)
    return Preview(
        lines=(
            Line(say("company"), "", wanted.company),
            Line(say("question"), "", api.clean(wanted.question, _SHOWN)),
            Line(say("the answer has to hold"), "", api.clean(wanted.expects, _SHOWN) or "-"),
        ),
        state={"company": wanted.company},
        arguments={
            "company": wanted.company,
            "question": wanted.question,
            "expects": wanted.expects,
            "within_s": str(wanted.within_s),
            "body": " ".join(f"{name}={value}" for name, value in wanted.body.items()),
        },
        warnings=(say("It leaves a ticket of the test company, and costs what an answer costs."),),
    )


async def _execute(address: Address, wanted: Question, preview: Preview, progress: Progress) -> Text:
    api = api_of(address)
    await progress(say("asking one question"))
    try:
        heard = await _asked(api, wanted)
    except (Lost, TimedOut) as error:
        raise Lost("{reason} It is not asked a second time.", reason=error.text) from error
    if heard is None:
        raise TargetError("There was no answer within {seconds} s.", seconds=wanted.within_s)
    told = api.clean(heard.words, _SHOWN)
    if not heard.holds(wanted.expects):
        raise TargetError(
            "The answer came after {seconds} s and lacks “{phrase}”: {answer}",
            seconds=heard.seconds,
            phrase=wanted.expects,
            answer=told,
        )
    return say("answered after {seconds} s: {answer}", seconds=heard.seconds, answer=told)


ANSWERS = Read("app_api.answers", Address, Question, _LIMIT, _answers)
ASK = Change("app_api.ask", Address, Question, _LIMIT, _preview, _execute)
