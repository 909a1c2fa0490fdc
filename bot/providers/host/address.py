"""How to reach a machine, and which words may become part of a command there."""

from typing import Annotated, Final, Self

from pydantic import AfterValidator, ConfigDict, Field, SecretStr, model_validator

from bot.core.operation import Parameters

_HOST: Final = r"^[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?$"
UNIT: Final = r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,100}$"
FILE_PATTERN: Final = r"^[A-Za-z0-9_.*?=,@+-]{1,100}$"
FINGERPRINT: Final = r"^(SHA256:[A-Za-z0-9+/]{43})?$"


def _is_plain(path: str) -> str:
    if path != "/" and any(step in {"", ".", ".."} for step in path.split("/")[1:]):
        raise ValueError("give the path without `..`, `.` or a slash at the end")
    return path


Path = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_@+=.,/-]{1,250}$"), AfterValidator(_is_plain)]
Place = Annotated[str, Field(pattern=r"^/[A-Za-z0-9_@+=.,/-]{0,250}$"), AfterValidator(_is_plain)]


class Address(Parameters):
    """A machine, the user and key to log in with, and the machine's own key: `known_hosts` lines or a fingerprint.

    With `sudo` the changes that need it (units, declared scripts) go through `sudo -n`.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    host: str = Field(pattern=_HOST)
    port: int = Field(22, ge=1, le=65535)
    user: str = Field("plantao", pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")
    key: SecretStr = SecretStr("")
    known_hosts: str = ""
    fingerprint: str = Field("", pattern=FINGERPRINT)
    sudo: bool = False

    @model_validator(mode="after")
    def _is_pinned(self) -> Self:
        if not self.host:
            return self
        if not self.key.get_secret_value():
            raise ValueError("key is missing: a private key in OpenSSH format, by reference (file:...)")
        if bool(self.known_hosts) == bool(self.fingerprint):
            raise ValueError("give known_hosts (lines of ssh-keyscan) or fingerprint (SHA256:... of its ed25519 key)")
        return self

    @property
    def where(self) -> str:
        """The place for messages."""
        return self.host if self.port == 22 else f"{self.host}:{self.port}"
