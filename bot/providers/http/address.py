"""Where a web address is, and what it wants to see before it answers."""

import ssl
from functools import cache
from typing import Annotated, Final

import httpx
from pydantic import AfterValidator, ConfigDict, Field, SecretStr

from bot.core.errors import TargetError
from bot.core.operation import Parameters

AGENT: Final = {"User-Agent": "plantao", "Accept-Encoding": "identity"}


def _web_address(url: SecretStr) -> SecretStr:
    try:
        parsed = httpx.URL(url.get_secret_value())
    except httpx.InvalidURL:
        raise ValueError("not a web address") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host:
        raise ValueError("not a web address such as https://api.example.com")
    return url


def _header_value(secret: SecretStr) -> SecretStr:
    if any(not " " <= sign <= "~" for sign in secret.get_secret_value()):
        raise ValueError("has a line break or another sign that no header may carry")
    return secret


WebAddress = Annotated[SecretStr, AfterValidator(_web_address)]
HeaderSecret = Annotated[SecretStr, AfterValidator(_header_value)]


class ApiAddress(Parameters):
    """The base of an API; the URL may carry user and password, so it is a secret. `token` is sent as bearer token.

    `ca_file` names a PEM file of the only authorities to trust, for servers with a private one.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    url: WebAddress
    token: HeaderSecret = SecretStr("")
    ca_file: str = ""


class Address(ApiAddress):
    """A web address; with `header` the token is sent in that header, as it is, instead of as bearer token.

    `user` and `password` are for the body of a synthetic login, never for a header.
    """

    header: str = Field("", pattern=r"^[A-Za-z0-9-]*$")
    user: SecretStr = SecretStr("")
    password: SecretStr = SecretStr("")

    def credentials(self) -> dict[str, str]:
        """The header that identifies us, if there is a token."""
        token = self.token.get_secret_value()
        if not token:
            return {}
        return {self.header: token} if self.header else {"Authorization": f"Bearer {token}"}


def client(ca_file: str, headers: dict[str, str]) -> httpx.AsyncClient:
    """A client whose proxies, .netrc and redirects are not the environment's; time limits are the caller's."""
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=False,
        headers={**AGENT, **headers},
        timeout=None,  # noqa: S113 - the whole exchange is bounded, which is more than httpx can do
        verify=trust(ca_file),
    )


def trust(ca_file: str) -> ssl.SSLContext:
    """Whom to believe: the public authorities, or those of a file; raises TargetError when it cannot be used."""
    if not ca_file:
        return _public_trust()
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        raise TargetError("not configured: the file `ca_file` cannot be read as PEM certificates") from error


@cache
def _public_trust() -> ssl.SSLContext:
    """Read once: parsing the authorities takes a twentieth of a second each time."""
    return httpx.create_ssl_context(trust_env=False)


def host_of(url: httpx.URL) -> str:
    """Host and port for messages; never user or password."""
    return f"{url.host}:{url.port}" if url.port else url.host


def base_of(url: SecretStr) -> str:
    """The address without a slash at its end."""
    return url.get_secret_value().rstrip("/")
