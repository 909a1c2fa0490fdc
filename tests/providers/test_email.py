"""`email.send`: a mail is shown word for word, handed over once over TLS, and a lost answer is told as one."""

import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from changes import execute, failing, into, lines, preview, refused, warnings
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError
from readings import spoken
from vendor_changes import granted

from bot.core.errors import Denied, TimedOut, Unreachable
from bot.core.preview import Preview
from bot.providers import operation
from bot.providers.email.address import Address
from bot.providers.email.session import Mail, Session
from sandbox.world.mail import Mailbox, open_mailbox
from tests.ports import NOBODY

NAME = "email.send"
LIST = "finance=money@harven.example, supabase=support@vendor.example"
LETTER = {"to": "finance", "subject": "Limite da OpenAI — pedido", "message": "Olá,\n\nprecisamos de US$ 500.\n.\nfim"}


@pytest.fixture
async def box() -> AsyncIterator[Mailbox]:
    async with open_mailbox() as mailbox:
        yield mailbox


def here(box: Mailbox, **more: Any) -> dict[str, Any]:
    return {"url": box.url, "sender": box.sender, "recipients": LIST, **more}


async def shown(box: Mailbox, **more: Any) -> Preview:
    return await preview(NAME, here(box, **more), **LETTER)


async def test_the_whole_mail_is_shown_and_nothing_is_sent_before_it_is_wanted(box: Mailbox) -> None:
    proposed = await shown(box)
    assert {label: after for label, (_, after) in lines(proposed).items()} == {
        "from": "plantao@demo.example",
        "to": "finance <money@harven.example>",
        "subject": LETTER["subject"],
        "message": LETTER["message"],
    }
    assert "not taken back" in warnings(proposed)
    assert box.mails == []


async def test_it_arrives_once_as_it_was_shown_and_the_servers_answer_is_told(box: Mailbox) -> None:
    told: list[str] = []
    said = await execute(NAME, here(box), await preview(NAME, here(box), **LETTER), into(told))
    [mail] = box.mails
    assert (mail.sender, mail.recipients) == ("plantao@demo.example", ("money@harven.example",))
    assert mail.text == LETTER["message"]
    assert mail.headers["Subject"] == LETTER["subject"]
    assert mail.headers["To"] == "money@harven.example"
    assert mail.headers["Message-ID"] in said
    assert "250 2.0.0 Ok: queued as 000001" in said
    assert box.password not in said + "".join(told)


async def test_the_message_id_tells_the_run(box: Mailbox) -> None:
    found, proposed = operation(NAME), await shown(box)
    letter = found.parameters.model_validate({**LETTER, "reference": "RUN-12"})
    await found.execute(found.address.model_validate(here(box)), letter, proposed, into([]))  # type: ignore[union-attr]
    assert box.mails[0].headers["Message-ID"] == f"<RUN-12.{proposed.fingerprint}.plantao@demo.example>"


@pytest.mark.parametrize("implicit", [False, True])
async def test_the_login_and_the_mail_go_over_tls_to_a_server_whose_certificate_is_good(
    tmp_path: Path, implicit: bool
) -> None:
    file, context = _certificate(tmp_path)
    async with open_mailbox(Mailbox(context, implicit=implicit)) as box:
        await execute(NAME, here(box, ca=str(file)), await shown(box, ca=str(file)))
        assert len(box.mails) == 1
        assert ("STARTTLS" in box.said) is not implicit
        assert "is not trusted" in await refused(NAME, here(box), **LETTER)
        assert "no certificate can be read" in await refused(NAME, here(box, ca="/no/such.pem"), **LETTER)


async def test_without_tls_no_login_is_given_away(box: Mailbox) -> None:
    address = here(box) | {"url": box.url.replace("smtp+plain", "smtp")}
    assert "offers no STARTTLS" in await refused(NAME, address, **LETTER)
    assert "AUTH PLAIN" not in box.said


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "smtp+plain://plantao:x@mail.example.com"},
        {"url": "http://127.0.0.1"},
        {"url": "smtp://mail.example.com:99999"},
        {"url": "smtp://us%0D%0Aer:x@mail.example.com"},
        {"sender": "a@b.example\r\nBcc: c@d.example"},
        {"sender": "Plantao <a@b.example>"},
        {"recipients": ""},
        {"recipients": "finance"},
        {"recipients": "finance=a@b.example b@c.example"},
        {"recipients": "finance=a@b.example, finance=b@c.example"},
        {"recipients": "Finance <x>=a@b.example"},
    ],
)
def test_an_address_that_is_odd_or_gives_the_password_away_is_refused(wrong: dict[str, str]) -> None:
    good = {"url": "smtp://plantao:x@mail.example.com", "sender": "a@b.example", "recipients": LIST}
    assert operation(NAME).address.model_validate(good)
    with pytest.raises(ValidationError):
        operation(NAME).address.model_validate(good | wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "a\r\nBcc: someone@else.example"},
        {"subject": "a\nb"},
        {"subject": "a\u2028b"},
        {"subject": "a\u202eb"},
        {"subject": ""},
        {"message": "a\rb"},
        {"message": "a\x00b"},
        {"message": "a `b`"},
        {"message": "x" * 2001},
        {"to": "money@harven.example"},
        {"to": "finance\nBcc: a@b.example"},
        {"reference": "RUN-1\r\nX: y"},
    ],
)
def test_no_header_can_be_smuggled_in_and_nothing_that_a_card_cannot_show(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        operation(NAME).parameters.model_validate(LETTER | wrong)


async def test_only_who_is_on_the_list_gets_mail_and_a_list_that_changed_stops_it(box: Mailbox) -> None:
    assert "Nobody called mallory" in await refused(NAME, here(box), **{**LETTER, "to": "mallory"})
    proposed = await shown(box)
    moved = here(box, recipients="finance=other@harven.example")
    assert "no longer stands for the address" in spoken(await failing(NAME, moved, proposed))
    assert box.mails == []


async def test_of_a_customer_only_the_domain_is_shown_or_kept(box: Mailbox) -> None:
    proposed = await preview(NAME, here(box, private=True), **LETTER)
    assert lines(proposed)["to"] == ("", "finance <***@harven.example>")
    said = await execute(NAME, here(box, private=True), proposed)
    assert "money" not in said + repr(proposed)
    assert box.mails[0].recipients == ("money@harven.example",)
    box.refused.add("money@harven.example")
    assert "550 5.1.1 ***@harven.example" in spoken(await failing(NAME, here(box, private=True), proposed))


@pytest.mark.parametrize("fault", [{"lose_answers": 1}, {"garbled": "well, thanks"}])
async def test_a_lost_answer_is_not_known_and_never_sent_again(box: Mailbox, fault: dict[str, Any]) -> None:
    vars(box).update(fault)
    proposed = await shown(box)
    error = await failing(NAME, here(box), proposed)
    assert isinstance(error, Unreachable)
    assert "whether it goes out is not known" in spoken(error)
    assert proposed.fingerprint in spoken(error)
    assert [mail.text for mail in box.mails] == [LETTER["message"]]


async def test_a_refusal_is_told_with_the_servers_words_and_nothing_arrived(box: Mailbox) -> None:
    proposed = await shown(box)
    box.is_full = True
    assert "452 4.3.1 the box is full. Nothing was sent." in spoken(await failing(NAME, here(box), proposed))
    box.is_full, box.refused = False, {"money@harven.example"}
    assert "550 5.1.1" in spoken(await failing(NAME, here(box), proposed))
    other = here(box, sender="boss@demo.example")
    assert "553 5.7.1" in spoken(await failing(NAME, other, await preview(NAME, other, **LETTER)))
    box.password = "changed"
    assert box.mails == []


async def test_a_wrong_password_is_denied_before_anything_is_proposed(box: Mailbox) -> None:
    address = here(box)
    box.password = "changed"
    with pytest.raises(Denied) as caught:
        await preview(NAME, address, **LETTER)
    assert "535 5.7.8" in spoken(caught.value)
    assert "Put the right password" in spoken(caught.value)


async def test_nobody_there_or_nobody_who_speaks_is_told(box: Mailbox) -> None:
    gone = here(box) | {"url": f"smtp+plain://127.0.0.1:{NOBODY}"}
    assert "Nothing answers at 127.0.0.1" in await refused(NAME, gone, **LETTER)


async def test_who_gives_up_waiting_cuts_the_line_so_that_nothing_is_sent_later(box: Mailbox) -> None:
    address = Address.model_validate(here(box))
    box.answering.clear()
    with pytest.raises(TimedOut, match="nothing was sent"):
        await Session(address).hand_over(Mail("<x@y>", "money@harven.example", b"Subject: x\r\n\r\nx\r\n"), 0.3)
    box.answering.set()
    await execute(NAME, here(box), await shown(box))
    assert [mail.headers["Subject"] for mail in box.mails] == [LETTER["subject"]]


async def test_an_account_that_may_do_what_the_page_grants_is_enough(box: Mailbox) -> None:
    account = granted("E-mail")["account"]
    assert account == {"may": ["submit"], "as": ["the sender of the target"], "reads": []}
    await execute(NAME, here(box), await shown(box))
    assert {said.partition(" ")[0].upper() for said in box.said} <= {
        *("EHLO", "AUTH", "MAIL", "RCPT", "DATA", "NOOP", "QUIT")
    }


def _certificate(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of its own for 127.0.0.1."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    file = folder / "mail.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context
