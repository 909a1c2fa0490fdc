"""Mails: a letter of the catalog, shown word for word with whom it goes to, handed to the mail server once."""

from typing import Any

from bot.core import run
from bot.core.family import RUNS
from bot.core.run import Phase, Run
from sandbox.world.mail import Mailbox
from tests.house import House, buttons
from tests.people import APPROVER, NEXT_ON_CALL, ON_CALL, OUTSIDER, SECOND_APPROVER

FINANCE = "/run ask-finance tokens=812 cost_usd=412.50 limit_usd=800 by=30/11/2026"
KEY = "/run tell-customer-of-key customer=acme key_id=key_01HZX since=21/11-14:30"


def mailbox(house: House) -> Mailbox:
    return house.demo.world.neighbours.mailbox


async def test_the_card_shows_the_whole_mail_and_whom_it_goes_to_before_anybody_sends_it(house: House) -> None:
    card = await _proposed(house, FINANCE, "harven")
    shown = house.words(card)
    for line in (
        "finance <finance@demo.example>",
        "[Harven] Limite maior na OpenAI: US$ 800 por mês",
        "pedimos um limite mensal maior na OpenAI: US$ 800, até 30/11/2026.",
        "Custo neste mês: US$ 412.50.",
        "Por favor, respondam ao time de plantão.",
    ):
        assert line in shown
    assert buttons(card) == ["run:approve", "run:deny"]
    for who, why in ((OUTSIDER, "You may not approve"), (ON_CALL, "tech lead")):
        await house.click(who, card, "run:approve")
        await house.told(who, why)
    await house.quiet()
    assert mailbox(house).mails == []


async def test_it_is_sent_once_as_shown_and_found_again_by_the_number_of_its_run(house: House, transport: str) -> None:
    card = await _proposed(house, FINANCE, "harven")
    await house.click(APPROVER, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    [mail] = mailbox(house).mails
    assert mail.recipients == ("finance@demo.example",)
    assert mail.headers["Subject"] == "[Harven] Limite maior na OpenAI: US$ 800 por mês"
    assert all(line in house.words(card) for line in mail.text.splitlines())
    assert mail.headers["Message-ID"].startswith("<RUN-1.")
    told = await house.replied("RUN-1", "250 2.0.0 Ok: queued as 000001")
    assert mail.headers["Message-ID"] in told
    await house.click(SECOND_APPROVER, card, "run:approve", stale=True)
    await house.quiet()
    assert len(mailbox(house).mails) == 1
    assert house.demo.world.state()["mails"][0]["text"] == mail.text


async def test_nobody_types_an_address_and_nothing_is_smuggled_in(house: House) -> None:
    for typed in (
        "customer=mallory@evil.example key_id=key_01HZX since=21/11-14:30",
        "customer=acme key_id=sk-live-0123456789abcdef since=21/11-14:30",
        "customer=acme key_id=key_01HZX since=<!channel>",
    ):
        said = await house.command(ON_CALL, f"/run tell-customer-of-key {typed}", channel="customer-support")
        assert "não serve como" in said or "Não entendi" in said
    await house.command(ON_CALL, KEY.replace("acme", "initech"), channel="customer-support")
    await house.told(ON_CALL, "Não há ninguém chamado initech na lista de destinatários.")
    values = {"customer": "acme", "key_id": "key_01HZX\r\nBcc: x@evil.example", "since": "21/11-14:30"}
    await house.command(ON_CALL, "/run tell-customer-of-key", channel="customer-support")
    refused = await house.submit(ON_CALL, **values)
    assert "key_id" in refused["ack"]["errors"]
    assert await house.demo.bot.ports.record.listing(RUNS, only_open=False, limit=5) == []


async def test_a_customers_address_is_neither_shown_nor_kept_and_goes_on_in_a_breach(house: House) -> None:
    await house.command(ON_CALL, "/incident declare P1 chave vazada", channel="customer-support")
    await house.command(ON_CALL, "/incident breach INC-1", channel="customer-support")
    card = await _proposed(house, KEY, "customer-support")
    assert "acme <***@acme.example>" in house.words(card)
    await house.click(NEXT_ON_CALL, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    assert [mail.recipients for mail in mailbox(house).mails] == [("ops@acme.example",)]
    await house.quiet()
    everything = repr(await house.demo.bot.ports.record.events("RUN-1")) + repr(await house.messages())
    assert "ops@acme" not in everything


async def test_a_mail_whose_answer_is_lost_is_told_as_not_known_and_not_sent_again(house: House) -> None:
    card = await _proposed(house, FINANCE, "harven")
    mailbox(house).lose_answers = 1
    await house.click(APPROVER, card, "run:approve")
    failed = await _settled(house)
    assert failed.phase is Phase.FAILED
    assert failed.outcome is not None
    assert "whether it goes out is not known" in failed.outcome.msgid
    await house.quiet()
    assert len(mailbox(house).mails) == 1


async def test_a_server_that_does_not_take_it_is_a_failure_with_its_words(house: House) -> None:
    card = await _proposed(house, FINANCE, "harven")
    mailbox(house).is_full = True
    await house.click(APPROVER, card, "run:approve")
    assert (await _settled(house)).phase is Phase.FAILED
    await house.replied("RUN-1", "452 4.3.1 the box is full")
    assert mailbox(house).mails == []


async def test_users_are_told_by_mail_or_in_the_channel_with_the_fields_of_the_template(house: House) -> None:
    card = await _proposed(house, "/run notify-users what=slow hours=2", "etp-express")
    await house.click(ON_CALL, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    [mail] = mailbox(house).mails
    assert (mail.recipients, mail.headers["Subject"]) == (("users@demo.example",), "[ETP Express] Sistema lento")
    for field in ("Impacto: ", "Status: ", "Previsão: estimamos normalização em até 2 h", "30 minutos", "desculpas"):
        assert field in mail.text
    assert mail.text.endswith("Equipe ETP Express")
    other = await _proposed(house, "/run notify-users what=resolved-slack", "etp-express", "RUN-2")
    await house.click(ON_CALL, other, "run:approve")
    assert (await _settled(house, "RUN-2")).phase is Phase.VERIFIED
    await house.until(lambda: house.find("🟢 ETP Express voltou ao normal."))
    assert len(mailbox(house).mails) == 1


async def test_the_vendor_that_was_chosen_gets_times_symptom_and_request(house: House) -> None:
    typed = "symptom=time-outs since=2026-11-21-14:30 percent=40 request=req_8f3 incident=INC-7"
    for number, (vendor, channel, name) in enumerate(
        (("supabase", "harven", "vendor-ticket"), ("mongodb-atlas", "customer-support", "call-vendor")), 1
    ):
        card = await _proposed(house, f"/run {name} vendor={vendor} {typed}", channel, f"RUN-{number}")
        await house.click(ON_CALL, card, "run:approve")
        assert (await _settled(house, f"RUN-{number}")).phase is Phase.VERIFIED
        mail = mailbox(house).mails[-1]
        assert mail.recipients == (f"{vendor}@demo.example",)
        for words in ("Symptom: time-outs", "about 40 %", "Request id: req_8f3", "INC-7", "2026-11-21-14:30 (UTC)"):
            assert words in mail.text


async def test_everybody_is_told_of_the_maintenance_with_day_and_hours(house: House) -> None:
    card = await _proposed(house, "/run announce-maintenance day=29/11/2026", "customer-support")
    await house.click(ON_CALL, card, "run:approve")
    await house.told(ON_CALL, "líder técnico")
    await house.click(APPROVER, card, "run:approve")
    assert (await _settled(house)).phase is Phase.VERIFIED
    [mail] = mailbox(house).mails
    assert mail.headers["Subject"] == "[Customer Support] Manutenção em 29/11/2026, das 02:00 às 04:00"
    assert mail.recipients == ("users@demo.example",)


async def test_that_all_sessions_ended_is_posted_once_and_the_failed_logins_are_looked_at(house: House) -> None:
    card = await _proposed(house, "/run announce-logout what=sessions-ended", "railway-chroma")
    words = "🔐 Por segurança, todas as sessões foram encerradas. Entre de novo, por favor; nada se perdeu."
    assert words in house.words(card)
    await house.click(ON_CALL, card, "run:approve")
    state = await _settled(house)
    assert state.phase is Phase.UNVERIFIED, "the demo has no machine whose log tells the failed logins"
    assert len(state.lines) == len(state.proposal.verify) == 1
    await house.quiet()
    assert [house.words(one) for one in await house.messages() if house.words(one) == words] == [words]


async def _proposed(house: House, typed: str, channel: str, number: str = "RUN-1") -> dict[str, Any]:
    await house.command(ON_CALL, typed, channel=channel)
    card: dict[str, Any] = await house.headline(f"{number} ·")
    return card


async def _settled(house: House, number: str = "RUN-1") -> Run:
    async def ended() -> Run | None:
        state: Run = await house.demo.bot.ports.record.load(RUNS, number)
        return state if state.phase in run.SETTLED else None

    found: Run = await house.until(ended)
    return found
