"""Where mail is handed over, in whose name, and to whom it may go: names that people choose, each with one address."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr

from bot.core.operation import Parameters
from bot.core.redaction import mask

PORTS: Final = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
NAME: Final = r"[a-z0-9][a-z0-9-]{0,40}"
_MAILBOX: Final = r"[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_server(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in PORTS or not re.fullmatch(r"[A-Za-z0-9.:-]+", parts.hostname or ""):
        raise ValueError("not an address such as smtp://user:password@mail.example.com, or smtps://…")
    if parts.scheme == "smtp+plain" and parts.hostname not in _LOOPBACK:
        raise ValueError("without TLS only a server on this machine is talked to")
    credentials = unquote(f"{parts.username}{parts.password}")
    if parts.port == 0 or not (credentials.isascii() and credentials.isprintable()):
        raise ValueError("its credentials or its port are odd")
    return url


def _listed(raw: object) -> object:
    """Read `finance=money@example.com`, one a line or between commas."""
    if not isinstance(raw, str):
        return raw
    found: dict[str, str] = {}
    for entry in filter(None, (part.strip() for part in re.split(r"[,\n]", raw))):
        name, _, mailbox = entry.partition("=")
        if name in found:
            raise ValueError("one name stands there twice")
        found[name] = mailbox
    return found


Mailbox = Annotated[str, Field(pattern=f"^{_MAILBOX}$")]
Recipients = Annotated[
    Mapping[Annotated[str, Field(pattern=f"^{NAME}$")], Mailbox], BeforeValidator(_listed), Field(min_length=1)
]


class Address(Parameters):
    """A server: `smtp://` insists on STARTTLS, `smtps://` is TLS from the start, `smtp+plain://` is for this machine.

    `recipients` are all whom it may write to; of `private` ones nobody is shown more than the domain. `ca` is a file
    with the certificate that signs the server's, where that is one of your own.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    url: Annotated[SecretStr, AfterValidator(_is_server)]
    sender: Mailbox
    recipients: Recipients = Field(repr=False)
    private: bool = False
    ca: str = ""

    @property
    def scheme(self) -> str:
        return urlsplit(self.url.get_secret_value()).scheme

    @property
    def host(self) -> str:
        return urlsplit(self.url.get_secret_value()).hostname or ""

    @property
    def port(self) -> int:
        return urlsplit(self.url.get_secret_value()).port or PORTS[self.scheme]

    @property
    def login(self) -> tuple[str, str]:
        """User and password; two empty words where there are none."""
        parts = urlsplit(self.url.get_secret_value())
        return unquote(parts.username or ""), unquote(parts.password or "")

    @property
    def domain(self) -> str:
        """Where the sender is at home."""
        return self.sender.rpartition("@")[2]

    def shown(self, name: str) -> str:
        """A recipient as people may see it."""
        mailbox = self.recipients[name]
        return f"{name} <{mask(mailbox) if self.private else mailbox}>"

    def fingerprint(self, name: str) -> str:
        """What changes when another address stands behind a name; keyed, so that nobody finds it by trying."""
        key = self.url.get_secret_value().encode()
        return hmac.new(key, self.recipients[name].encode(), hashlib.sha256).hexdigest()[:12]
