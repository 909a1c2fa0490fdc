"""One conversation with a mail server, in a thread: it is reached, and if wished handed one mail, once."""

import asyncio
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, TypeVar

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.email.address import Address

T = TypeVar("T")
STEP_LIMIT: Final = 6.0
_ANSWER_LIMIT: Final = 45.0
_GOODBYE_LIMIT: Final = 1.0
_ANSWER_SHOWN: Final = 160


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it goes over the line; `id` is its Message-ID."""

    id: str
    recipient: str
    content: bytes


class Session:
    """Bounded as a whole: who gives up, or is cancelled, cuts the line, so that no thread goes on and sends later."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._guard = threading.Lock()
        self._smtp: smtplib.SMTP | None = None
        self._is_over = False
        self._has_begun = False

    async def greet(self, limit: float) -> None:
        """Get as far as where a mail could be handed over; raises TargetError."""
        await self._bounded(self._greet, limit, "")

    async def hand_over(self, mail: Mail, limit: float) -> str:
        """Hand over one mail; the server's answer. A lost answer is told as such: the mail may have been taken."""
        return await self._bounded(lambda: self._hand_over(mail), limit, mail.id)

    async def _bounded(self, work: Callable[[], T], limit: float, id: str) -> T:
        try:
            async with asyncio.timeout(limit):
                return await asyncio.to_thread(work)
        except (OSError, ValueError) as error:  # all of smtplib's are OSErrors; a line cut under TLS is a ValueError
            self._cut()
            raise self._meaning(error, id) from error
        finally:
            self._cut()

    def _greet(self) -> None:
        with self._connected() as smtp:
            _leave(smtp)

    def _hand_over(self, mail: Mail) -> str:
        with self._connected() as smtp:
            _require(smtp.mail(self._address.sender))
            _require(smtp.rcpt(mail.recipient))
            self._begin()
            if smtp.sock is not None:
                smtp.sock.settimeout(_ANSWER_LIMIT)  # servers look at a mail before they take it
            code, said = smtp.data(mail.content)
            _require((code, said))
            _leave(smtp)
        return _shown(code, said)

    @contextmanager
    def _connected(self) -> Iterator[smtplib.SMTP]:
        """Connected, encrypted and logged in."""
        where = self._address
        smtp = _reached(where, context := _trusting(where.ca))
        try:
            with self._guard:
                self._smtp = smtp
            if where.scheme == "smtp":
                smtp.starttls(context=context)
            smtp.ehlo_or_helo_if_needed()
            if all(where.login):
                _log_in(smtp, *where.login)
            yield smtp
        finally:
            smtp.close()

    def _begin(self) -> None:
        """From here on the mail may be taken, unless the line was cut before."""
        with self._guard:
            if self._is_over:
                raise ConnectionAbortedError
            self._has_begun = True

    def _cut(self) -> None:
        with self._guard:
            self._is_over = True
            sock = self._smtp.sock if self._smtp is not None else None
        if sock is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _meaning(self, error: Exception, id: str) -> TargetError:
        """What a failure means; after the mail has begun to go out nobody knows whether it was taken."""
        host = self._address.host
        if self._has_begun and not _is_refusal(error):
            return _lost(host, id)
        match error:
            case smtplib.SMTPAuthenticationError():
                return Denied(
                    "{host} refused the login ({answer}); nothing was sent. Put the right password behind the target.",
                    host=host,
                    answer=_answer_of(error),
                )
            case smtplib.SMTPNotSupportedError():
                return TargetError("{host} offers no STARTTLS, or no login; nothing was sent.", host=host)
            case smtplib.SMTPResponseException():
                return TargetError("{host} refused: {answer}. Nothing was sent.", host=host, answer=_answer_of(error))
            case ssl.SSLCertVerificationError():
                return TargetError(
                    "The certificate of {host} is not trusted ({reason}); nothing was sent.",
                    host=host,
                    reason=error.verify_message,
                )
            case _ if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                return TimedOut("{host} does not answer; nothing was sent.", host=host)
            case _:
                return Unreachable(
                    "Nothing answers at {host} as a mail server does, or it hung up; nothing was sent.", host=host
                )


def _reached(where: Address, context: ssl.SSLContext) -> smtplib.SMTP:
    if where.scheme == "smtps":
        return smtplib.SMTP_SSL(where.host, where.port, where.domain, timeout=STEP_LIMIT, context=context)
    return smtplib.SMTP(where.host, where.port, where.domain, timeout=STEP_LIMIT)


def _log_in(smtp: smtplib.SMTP, user: str, password: str) -> None:
    """One attempt: smtplib's own `login` tries a wrong password once for each way, and servers count and delay."""
    offered = smtp.esmtp_features.get("auth", "").split()
    smtp.user, smtp.password = user, password
    if "PLAIN" in offered:
        smtp.auth("PLAIN", smtp.auth_plain)
    elif "LOGIN" in offered:
        smtp.auth("LOGIN", smtp.auth_login)
    else:
        raise smtplib.SMTPNotSupportedError


def _trusting(ca: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca or None)
    except OSError as error:
        raise TargetError("not configured: no certificate can be read from {path}", path=ca) from error


def _lost(host: str, id: str) -> TargetError:
    return Unreachable(
        "{host} was handed the mail, but its answer was lost: whether it goes out is not known. It is not sent again; "
        "look for {id} there, or ask who should have it.",
        host=host,
        id=id,
    )


def _require(answer: tuple[int, bytes]) -> None:
    code, said = answer
    if not 200 <= code < 300:
        raise smtplib.SMTPResponseException(code, said)


def _is_refusal(error: Exception) -> bool:
    """Whether the server said no; smtplib has -1 for an answer that is none."""
    return isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0


def _leave(smtp: smtplib.SMTP) -> None:
    """Say good-bye; nobody cares whether it was heard."""
    with suppress(OSError):
        if smtp.sock is not None:
            smtp.sock.settimeout(_GOODBYE_LIMIT)
        smtp.quit()


def _answer_of(error: smtplib.SMTPResponseException) -> str:
    return _shown(error.smtp_code, error.smtp_error)


def _shown(code: int, said: bytes | str) -> str:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    return mask(" ".join(f"{code} {words}".split()))[:_ANSWER_SHOWN]
