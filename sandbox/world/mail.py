"""EMULATOR of a mail server that keeps what it takes: submission with STARTTLS or TLS and a login, one mail a time.

Nothing leaves it; what it took can be read as it arrived.
"""

import asyncio
import base64
import secrets
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from typing import Final
from urllib.parse import quote

_PATIENCE: Final = 60.0


@dataclass(frozen=True)
class Delivered:
    """A mail as it arrived: by whom, to whom, headers and text."""

    sender: str
    recipients: tuple[str, ...]
    headers: dict[str, str]
    text: str


@dataclass
class Envelope:
    """What has been said so far in one conversation."""

    greeted: bool = False
    encrypted: bool = False
    known: bool = False
    sender: str = ""
    recipients: list[str] = field(default_factory=list)


class Mailbox:
    """`user` may write as `sender` only. What may go wrong: `refused` recipients, a full box, lost answers, silence,
    and `garbled` words in place of the last answer."""

    def __init__(self, context: ssl.SSLContext | None = None, *, implicit: bool = False) -> None:
        self.user = "plantao"
        self.password = secrets.token_hex(12)
        self.sender = "plantao@demo.example"
        self.host, self.port = "127.0.0.1", 0
        self.mails: list[Delivered] = []
        self.refused: set[str] = set()
        self.is_full = False
        self.lose_answers = 0
        self.garbled = ""
        self.answering = asyncio.Event()
        self.answering.set()
        self.said: list[str] = []
        self.context = context
        self.implicit = implicit

    @property
    def url(self) -> str:
        """With the login; without TLS where the server has none."""
        scheme = "smtp+plain" if self.context is None else "smtps" if self.implicit else "smtp"
        return f"{scheme}://{quote(self.user)}:{quote(self.password)}@{self.host}:{self.port}"

    def recover(self) -> None:
        """Empty and well again."""
        self.mails.clear()
        self.refused.clear()
        self.is_full, self.lose_answers, self.garbled = False, 0, ""
        self.answering.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        envelope = Envelope(encrypted=self.implicit)
        try:
            await self._say(writer, "220 mail.demo.example ESMTP emulated")
            while line := await asyncio.wait_for(reader.readline(), _PATIENCE):
                words = line.decode("ascii", "replace").rstrip("\r\n")
                self.said.append(words)
                verb, _, rest = words.partition(" ")
                if verb.upper() == "QUIT":
                    await self._say(writer, "221 bye")
                    return
                if verb.upper() == "DATA":
                    if not await self._data(reader, writer, envelope):
                        return
                    continue
                await self._say(writer, self._answer(verb.upper(), rest, envelope))
                if verb.upper() == "STARTTLS" and self.context is not None and not envelope.encrypted:
                    await writer.start_tls(self.context)
                    envelope.encrypted, envelope.greeted = True, False
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            return  # whoever it was has hung up
        finally:
            writer.close()

    async def _say(self, writer: asyncio.StreamWriter, words: str) -> None:
        await self.answering.wait()
        writer.write(f"{words}\r\n".encode())
        await writer.drain()

    def _answer(self, verb: str, rest: str, envelope: Envelope) -> str:
        match verb:
            case "EHLO":
                envelope.greeted = True
                return "\r\n".join(self._offered(envelope))
            case "STARTTLS":
                return "220 go ahead" if self.context is not None and not envelope.encrypted else "502 not here"
            case "AUTH":
                return self._login(rest, envelope)
            case "MAIL":
                return self._from(_mailbox(rest), envelope)
            case "RCPT":
                return self._to(_mailbox(rest), envelope)
            case "NOOP" | "RSET":
                return "250 2.0.0 ok"
            case _:
                return "502 5.5.2 not understood"

    def _offered(self, envelope: Envelope) -> list[str]:
        may_log_in = envelope.encrypted or self.context is None
        offered = ["250-mail.demo.example"]
        offered += ["250-STARTTLS"] if self.context is not None and not envelope.encrypted else []
        offered += ["250-AUTH PLAIN"] if may_log_in else []
        return [*offered, "250 SIZE 1000000"]

    def _login(self, rest: str, envelope: Envelope) -> str:
        kind, _, said = rest.partition(" ")
        if kind != "PLAIN" or not (envelope.encrypted or self.context is None):
            return "504 5.5.4 not that way"
        self.said[-1] = "AUTH PLAIN"
        envelope.known = base64.b64decode(said).split(b"\0")[1:] == [self.user.encode(), self.password.encode()]
        return "235 2.7.0 welcome" if envelope.known else "535 5.7.8 bad credentials"

    def _from(self, sender: str, envelope: Envelope) -> str:
        if not envelope.known:
            return "530 5.7.0 log in first"
        if sender != self.sender:
            return f"553 5.7.1 {sender} is not yours"
        envelope.sender, envelope.recipients = sender, []
        return "250 2.1.0 ok"

    def _to(self, recipient: str, envelope: Envelope) -> str:
        if not envelope.sender:
            return "503 5.5.1 from whom?"
        if recipient in self.refused:
            return f"550 5.1.1 {recipient} is unknown here"
        envelope.recipients.append(recipient)
        return "250 2.1.5 ok"

    async def _data(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, envelope: Envelope) -> bool:
        """Take one mail; False when the line is cut instead of an answer."""
        if not envelope.recipients:
            await self._say(writer, "503 5.5.1 to whom?")
            return True
        await self._say(writer, "354 go on")
        lines: list[bytes] = []
        while (line := await asyncio.wait_for(reader.readline(), _PATIENCE)) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        if self.is_full:
            await self._say(writer, "452 4.3.1 the box is full")
            return True
        self.mails.append(_read(envelope, b"".join(lines)))
        if self.lose_answers:
            self.lose_answers -= 1
            return False
        await self._say(writer, self.garbled or f"250 2.0.0 Ok: queued as {len(self.mails):06X}")
        return True


def _mailbox(rest: str) -> str:
    return rest.partition("<")[2].partition(">")[0]


def _read(envelope: Envelope, content: bytes) -> Delivered:
    mail = message_from_bytes(content, policy=default)
    headers = {name: str(value) for name, value in mail.items()}
    text = mail.get_content() if not mail.is_multipart() else ""
    return Delivered(envelope.sender, tuple(envelope.recipients), headers, text.replace("\r\n", "\n").rstrip("\n"))


@asynccontextmanager
async def open_mailbox(mailbox: Mailbox | None = None) -> AsyncIterator[Mailbox]:
    """The server on a free port of the loopback interface."""
    box = mailbox or Mailbox()
    server = await asyncio.start_server(
        box.serve, box.host, 0, ssl=box.context if box.implicit else None, limit=64 * 1024
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()
        await server.wait_closed()
