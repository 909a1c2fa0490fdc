"""Telegram: the token, the webhook that takes a polling bot's updates, and the two changes that touch them."""

from collections.abc import AsyncIterator
from time import time

import pytest
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary
from vendor_changes import everything_in, executed, failed, granted, lines_of, previewed, refused_preview, said

from bot.core.errors import Denied
from bot.providers import operation
from sandbox.world.vendors import Telegram, open_vendors

WEBHOOK = "https://hooks.example.com/tg/123456789:AAEmulatedEmulatedEmulatedEmulated00?s=s3same"


@pytest.fixture
async def telegram() -> AsyncIterator[Telegram]:
    async with open_vendors() as vendors:
        yield vendors.telegram
        assert vendors.telegram.methods <= set(granted("Telegram")["token"]["methods"])


def of(telegram: Telegram, **other: object) -> dict[str, object]:
    return {"url": telegram.url, "token": telegram.token} | other


async def test_a_valid_token_names_its_bot(telegram: Telegram) -> None:
    values = measured(await read("telegram.me", of(telegram)))
    assert values["ok"] is True
    assert values["username"] == "suporte_bot"


@pytest.mark.parametrize("token", ["123456789:AAEmulatedRevoked00000000000000000000", "nonsense"])
async def test_a_token_that_telegram_does_not_know_is_not_ok_and_never_shown(telegram: Telegram, token: str) -> None:
    reading = await read("telegram.me", of(telegram, token=token))
    assert measured(reading)["ok"] is False
    assert "it was revoked or is wrong" in summary(reading)
    assert missing(reading, "username") == "the token is not known to Telegram"
    assert token not in repr(reading)
    error = await refusal("telegram.webhook", of(telegram, token=token))
    assert isinstance(error, Denied)
    assert "BotFather" in said(error.text)


async def test_a_token_that_would_lead_to_another_address_is_not_used(telegram: Telegram) -> None:
    error = await refusal("telegram.me", of(telegram, token="1:a/../../other?x=1"))
    assert spoken(error) == "not configured: the `token` of this target is not one of Telegram's."
    assert telegram.trouble.requests == []


async def test_without_a_webhook_the_updates_wait_for_polling(telegram: Telegram) -> None:
    reading = await read("telegram.webhook", of(telegram))
    assert measured(reading) == {"set": False, "pending": 3, "last_error_age_s": None}
    assert summary(reading) == "no webhook is set, 3 updates wait for polling"
    assert missing(reading, "last_error_age_s") == "Telegram reports no failed delivery"


async def test_a_webhook_is_shown_by_its_host_alone_with_its_last_error(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    telegram.last_error = (int(time()) - 120, f"Wrong response from {WEBHOOK}: 502 Bad Gateway")
    reading = await read("telegram.webhook", of(telegram))
    assert measured(reading)["set"] is True
    age = measured(reading)["last_error_age_s"]
    assert isinstance(age, int)
    assert 119 <= age <= 125
    assert reading.evidence[0].startswith("webhook: https://hooks.example.com/…")
    assert reading.evidence[1].endswith("502 Bad Gateway")
    assert not [word for word in ("AAEmulated", "s3same", "/tg/") if word in repr(reading)]


async def test_deleting_the_webhook_gives_polling_its_updates_back_and_keeps_them(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    assert telegram.updates() == 0
    preview = await previewed("telegram.delete_webhook", of(telegram))
    assert lines_of(preview)[1] == ("webhook", "https://hooks.example.com/…", "-")
    assert preview.arguments == {"drop_pending": "false"}
    assert preview.undo == {}
    assert "cannot set the webhook again" in said(preview.warnings[0])
    assert not [word for word in ("AAEmulated", "s3same", "/tg/") if word in everything_in(preview)]
    outcome, told = await executed("telegram.delete_webhook", of(telegram), preview)
    assert outcome == "the webhook is gone; 3 updates wait for the polling bot"
    assert told == ["deleting the webhook at hooks.example.com"]
    assert telegram.updates() == 3
    assert measured(await read("telegram.webhook", of(telegram)))["set"] is False


async def test_there_is_nothing_to_delete_without_a_webhook(telegram: Telegram) -> None:
    words = await refused_preview("telegram.delete_webhook", of(telegram))
    assert words == "No webhook is set; there is nothing to delete."


def test_waiting_updates_can_never_be_dropped() -> None:
    with pytest.raises(ValidationError, match="never dropped"):
        operation("telegram.delete_webhook").parameters.model_validate({"drop_pending": "true"})


async def test_more_waiting_updates_do_not_spoil_an_approval_but_another_webhook_does(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    preview = await previewed("telegram.delete_webhook", of(telegram))
    telegram.pending = 90
    assert (await previewed("telegram.delete_webhook", of(telegram))).fingerprint == preview.fingerprint
    telegram.webhook = "https://hooks.example.com/other"
    assert (await previewed("telegram.delete_webhook", of(telegram))).fingerprint != preview.fingerprint
    words = await failed("telegram.delete_webhook", of(telegram), preview)
    assert words == "The webhook is no longer the one that was shown; nothing was done."
    assert telegram.webhook == "https://hooks.example.com/other"


async def test_a_lost_answer_is_looked_up_and_the_deletion_sent_once(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    preview = await previewed("telegram.delete_webhook", of(telegram))
    telegram.trouble.lose_answers = 1
    outcome, _ = await executed("telegram.delete_webhook", of(telegram), preview)
    assert outcome.startswith("the webhook is gone")
    assert telegram.trouble.written == 1


async def test_a_deletion_that_never_arrived_is_said_and_not_repeated(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    preview = await previewed("telegram.delete_webhook", of(telegram))
    telegram.trouble.drop_writes = 1
    words = await failed("telegram.delete_webhook", of(telegram), preview)
    assert words == "The connection broke, and the webhook at hooks.example.com is still set."
    assert telegram.trouble.written == 1


async def test_a_webhook_that_comes_back_at_once_is_not_called_success(telegram: Telegram) -> None:
    telegram.webhook = WEBHOOK
    preview = await previewed("telegram.delete_webhook", of(telegram))
    telegram.stubborn = "https://hooks.example.com/again"
    words = await failed("telegram.delete_webhook", of(telegram), preview)
    assert words == "The webhook was deleted, and somebody set another one at once, at hooks.example.com."


async def test_a_test_message_reaches_the_chat_that_was_shown(telegram: Telegram) -> None:
    preview = await previewed("telegram.send_test", of(telegram), chat="-1001")
    assert lines_of(preview)[:2] == [("bot", "", "@suporte_bot"), ("chat", "", "Plantão (supergroup)")]
    assert preview.undo == {}
    outcome, told = await executed("telegram.send_test", of(telegram), preview)
    assert outcome.startswith("Telegram took message 1 in ")
    assert told == ["sending one message"]
    assert telegram.sent == [(-1001, "Plantão: mensagem de teste / test message")]


async def test_a_notice_says_exactly_what_its_card_showed_and_rings(telegram: Telegram) -> None:
    when = {"day": "29/11/2026", "start": "02:00", "end": "04:00"}
    asked = {"chat": "-1001", "says": "Manutenção em {day}, das {start} às {end}."}
    preview = await previewed("telegram.notice", of(telegram), **asked, **when)
    words = "Manutenção em 29/11/2026, das 02:00 às 04:00."
    assert ("message", "", words) in lines_of(preview)
    assert (await executed("telegram.notice", of(telegram), preview))[0].startswith("Telegram took message 1 in ")
    assert telegram.sent == [(-1001, words)]
    with pytest.raises(ValidationError):
        await previewed("telegram.notice", of(telegram), **asked, **{**when, "day": "amanhã {start}"})


async def test_a_private_chat_is_shown_without_the_person_s_name(telegram: Telegram) -> None:
    telegram.chats[77] = {"id": 77, "type": "private", "first_name": "Maria", "title": "Maria"}
    preview = await previewed("telegram.send_test", of(telegram), chat="77")
    assert lines_of(preview)[1] == ("chat", "", "private")
    assert "Maria" not in everything_in(preview)


async def test_a_chat_that_the_bot_does_not_know_or_was_removed_from_is_said(telegram: Telegram) -> None:
    words = await refused_preview("telegram.send_test", of(telegram), chat="@nowhere")
    assert words.startswith("The bot does not know the chat @nowhere")
    preview = await previewed("telegram.send_test", of(telegram), chat="-1001")
    telegram.blocked.add(-1001)
    words = await failed("telegram.send_test", of(telegram), preview)
    assert words == "Telegram forbids it: Forbidden: bot was kicked from the supergroup chat"


async def test_a_message_goes_nowhere_when_the_name_leads_to_another_chat(telegram: Telegram) -> None:
    telegram.chats[5] = {"id": 5, "type": "channel", "title": "Status", "username": "status"}
    preview = await previewed("telegram.send_test", of(telegram), chat="@status")
    telegram.chats[5]["username"] = "old"
    telegram.chats[6] = {"id": 6, "type": "channel", "title": "Status", "username": "status"}
    words = await failed("telegram.send_test", of(telegram), preview)
    assert words == "@status is no longer the chat that was shown; nothing was sent."
    assert telegram.sent == []


async def test_a_message_whose_answer_is_lost_is_not_sent_again(telegram: Telegram) -> None:
    preview = await previewed("telegram.send_test", of(telegram), chat="-1001")
    before = len(telegram.sent)
    telegram.trouble.lose_answers = 1
    words = await failed("telegram.send_test", of(telegram), preview)
    assert "Only the chat shows whether it arrived" in words
    assert len(telegram.sent) == before + 1
