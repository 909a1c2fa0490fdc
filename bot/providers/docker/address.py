"""How to reach a Docker engine."""

from typing import Final, Self
from urllib.parse import urlsplit

from pydantic import ConfigDict, Field, model_validator

from bot.core.operation import Parameters

NAME: Final = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$"
LABEL: Final = r"^[a-zA-Z0-9][a-zA-Z0-9_./-]{0,127}(=[a-zA-Z0-9_./:@+ -]{0,128})?$"
DEFAULT_SOCKET: Final = "/var/run/docker.sock"


class Address(Parameters):
    """A unix socket (as a rule that of a proxy which lets only the needed requests through), or `url` with TLS files.

    `http://` is for such a proxy in the same private network; an engine itself is reached by socket or TLS only.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    socket: str = Field("", pattern=r"^(/[\w./@+-]{1,200})?$")
    url: str = ""
    ca: str = ""
    certificate: str = ""
    key: str = ""

    @model_validator(mode="after")
    def _is_one_way_in(self) -> Self:
        if self.socket and self.url:
            raise ValueError("give socket or url, not both")
        if not self.url:
            return self
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.path.strip("/"):
            raise ValueError("url is not an address such as https://docker.example.com:2376")
        if parts.scheme == "https" and not (self.ca and self.certificate and self.key):
            raise ValueError("https needs ca, certificate and key: without client certificates it is open to all")
        return self

    @property
    def where(self) -> str:
        """The place for messages."""
        return self.url or self.socket or DEFAULT_SOCKET


class Followed(Parameters):
    """How many seconds a container without a health check has to run before it is called up."""

    steady_s: int = Field(5, ge=0, le=60)


class Named(Parameters):
    """One container by its exact name."""

    name: str = Field(pattern=NAME)
