"""`email.send`: one mail, word for word as the card showed it, handed over once."""

import unicodedata
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.email.address import NAME, Address
from bot.providers.email.session import Mail, Session

_LIMIT: Final = 90.0
_HAND_OVER_LIMIT: Final = 75.0
_GREETING_LIMIT: Final = 8.0
_CARD_LIMIT: Final = 2800
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _is_visible(words: str) -> str:
    """Refuse what a card could not show as it is: line breaks of any kind, and what turns or hides letters."""
    if any(unicodedata.category(sign) in _INVISIBLE or sign == "`" for sign in words):
        raise ValueError("holds a line break or another sign that cannot be shown")
    return words


def _are_visible(words: str) -> str:
    """The same for several lines, which a card has to hold whole."""
    for line in words.split("\n"):
        _is_visible(line)
    if len(escape(words, quote=False)) > _CARD_LIMIT:
        raise ValueError("too long for a card")
    return words


class Letter(Parameters):
    """To whom, by the name in the target's list; `reference` is the run, which the Message-ID tells."""

    to: str = Field(pattern=f"^{NAME}$")
    subject: Annotated[str, Field(min_length=1, max_length=150), AfterValidator(_is_visible)]
    message: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_are_visible)]
    reference: str = Field("", pattern=r"^([A-Z]{1,5}-\d{1,9})?$")


async def _preview(address: Address, wanted: Letter) -> Preview:
    state = _state(address, wanted)
    await Session(address).greet(_GREETING_LIMIT)
    return Preview(
        lines=(
            Line(say("from"), "", address.sender),
            Line(say("to"), "", address.shown(wanted.to)),
            Line(say("subject"), "", wanted.subject),
            Line(say("message"), "", wanted.message),
        ),
        state=state,
        arguments={"to": wanted.to, "subject": wanted.subject, "message": wanted.message},
        warnings=(say("A mail that was sent is not taken back."),),
    )


async def _execute(address: Address, wanted: Letter, preview: Preview, progress: Progress) -> Text:
    if _state(address, wanted) != dict(preview.state):
        raise TargetError("{name} no longer stands for the address that was shown; nothing was sent.", name=wanted.to)
    id = f"<{wanted.reference or 'mail'}.{preview.fingerprint}.plantao@{address.domain}>"
    await progress(say("handing over {id}", id=id))
    mail = Mail(id, address.recipients[wanted.to], _written(address, wanted, id))
    answer = await Session(address).hand_over(mail, _HAND_OVER_LIMIT)
    return say(
        "{host} took the mail to {name}: “{answer}”, {id}", host=address.host, name=wanted.to, answer=answer, id=id
    )


def _state(address: Address, wanted: Letter) -> dict[str, str]:
    if wanted.to not in address.recipients:
        raise TargetError("Nobody called {name} is in the list of recipients.", name=wanted.to)
    return {"sender": address.sender, "recipient": address.fingerprint(wanted.to)}


def _written(address: Address, wanted: Letter, id: str) -> bytes:
    mail = EmailMessage(SMTP)
    mail["From"] = address.sender
    mail["To"] = address.recipients[wanted.to]
    mail["Subject"] = wanted.subject
    mail["Date"] = format_datetime(datetime.now(UTC))
    mail["Message-ID"] = id
    mail.set_content(wanted.message, cte="quoted-printable")
    return mail.as_bytes()


SEND = Change("email.send", Address, Letter, _LIMIT, _preview, _execute)
