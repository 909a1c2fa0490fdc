"""A question to the application as a customer asks it: whether it is answered, when, and with the right words."""

from collections.abc import AsyncIterator

import pytest
from readings import measured, missing, read, summary
from vendor_changes import executed, failed, granted, lines_of, previewed, refused_preview, said

from bot.core.errors import TargetError
from sandbox.world.vendors import AppApi, open_vendors

ASKED = {"company": "acme", "question": "Quanto custa o frete?", "body": {"channel": "telegram", "user_id": "plantao"}}


@pytest.fixture
async def app() -> AsyncIterator[AppApi]:
    async with open_vendors() as vendors:
        permissions = set(granted("The application's own API")["actions"]["permissions"])
        vendors.app.keys["key-admin"]["permissions"] = permissions
        vendors.app.answers["frete"] = "O frete é grátis; dúvidas com maria@example.com."
        yield vendors.app


def of(app: AppApi) -> dict[str, object]:
    return {"url": app.url, "token": app.token}


async def test_a_test_message_is_answered_and_the_time_is_measured(app: AppApi) -> None:
    reading = await read("app_api.answers", of(app), **ASKED)
    found = measured(reading)
    assert found["answered"] is True
    assert isinstance(found["answer_s"], float)
    # Looked up twice, half a second apart.
    assert 1 <= found["answer_s"] < 10
    assert summary(reading) == f"the test question is answered after {found['answer_s']} s"
    assert reading.evidence == (
        "? Quanto custa o frete?",
        "! O frete é grátis; dúvidas com ***@example.com.",
    )
    [message] = app.messages
    assert message == {**ASKED["body"], "company_id": "acme", "message": ASKED["question"], "looks": 2}  # type: ignore[dict-item]


async def test_silence_is_said_after_the_limit_and_nothing_is_asked_twice(app: AppApi) -> None:
    app.thinks = None
    reading = await read("app_api.answers", of(app), **ASKED, within_s=1)
    assert measured(reading) == {"answered": False, "answer_s": None}
    assert missing(reading, "answer_s") == "no answer to the test question within 1 s"
    assert len(app.messages) == 1


async def test_an_answer_without_the_phrase_of_the_new_document_is_told_apart(app: AppApi) -> None:
    app.thinks = 0
    right = await read("app_api.answers", of(app), **ASKED, expects="grátis")
    assert measured(right)["holds"] is True
    wrong = await read("app_api.answers", of(app), **ASKED, expects="R$ 20")
    assert measured(wrong)["holds"] is False
    assert "lacks the phrase expected" in summary(wrong)


async def test_a_question_that_only_the_new_document_answers_is_asked_once_with_its_phrase(app: AppApi) -> None:
    shown = await previewed("app_api.ask", of(app), **ASKED, expects="GRÁTIS")
    assert lines_of(shown) == [
        ("company", "", "acme"),
        ("question", "", "Quanto custa o frete?"),
        ("the answer has to hold", "", "GRÁTIS"),
    ]
    assert "leaves a ticket of the test company" in said(shown.warnings[0])
    assert (shown.undo, app.messages) == ({}, [])
    outcome, told = await executed("app_api.ask", of(app), shown)
    assert outcome.startswith("answered after ")
    assert outcome.endswith(" s: O frete é grátis; dúvidas com ***@example.com.")
    assert told == ["asking one question"]
    assert [one["channel"] for one in app.messages] == ["telegram"]
    app.answers["frete"] = "Não sei."
    words = await failed("app_api.ask", of(app), shown)
    assert "lacks “GRÁTIS”: Não sei." in words


async def test_a_question_whose_answer_is_lost_is_not_asked_again(app: AppApi) -> None:
    shown = await previewed("app_api.ask", of(app), **ASKED)
    app.trouble.lose_answers = 1
    assert (await failed("app_api.ask", of(app), shown)).endswith("It is not asked a second time.")
    assert len(app.messages) == 1
    app.thinks = None
    silent = await previewed("app_api.ask", of(app), **ASKED, within_s=1)
    assert await failed("app_api.ask", of(app), silent) == "There was no answer within 1 s."


async def test_nobody_asks_for_a_company_that_is_not_there_or_with_an_odd_id(app: AppApi) -> None:
    assert "404" in await refused_preview("app_api.ask", of(app), company="globex", question="Oi?")
    app.companies["globex"] = {}
    with pytest.raises(TargetError) as caught:
        await read("app_api.answers", of(app), company="acme", question="Oi?", id_in="status.deep")
    assert "does not speak its language" in said(caught.value.text)
