"""What a rotation after a breach sets: values made up here or taken from the store by reference, never shown."""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Final
from urllib.parse import unquote

from pydantic import Field, SecretStr, field_validator

from bot.core.errors import TargetError
from bot.providers.postgres import own_password
from bot.providers.postgres.address import Address as Database
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.generate_secret import OWN
from bot.providers.railway.graph import seen
from bot.providers.railway.variables import Values
from bot.providers.railway.words import Names
from bot.providers.secrets.secrecy import TELLING
from bot.providers.secrets.stored import Sendable

_BYTES: Final = 32


class RotationAddress(Address):
    """Railway, the database as the application's own role (its password is taken from Railway), and the new key of a
    vendor, which a person has put into the secret store; without it that key stays."""

    may_be_unset: ClassVar[frozenset[str]] = frozenset({"vendor_key"})

    database: SecretStr
    vendor_key: Sendable = SecretStr("")

    @field_validator("database")
    @classmethod
    def _is_database(cls, url: SecretStr) -> SecretStr:
        own_password.at(url)
        return url

    @property
    def role(self) -> Database:
        return own_password.at(self.database)


class Rotation(OfService):
    """`made` are secrets that the service makes up for itself, `password` is that of its role in the database, and
    `given` the key that only its vendor can make."""

    made: Names = Field(("JWT_SECRET",), min_length=1)
    password: str = Field("DATABASE_PASSWORD", pattern=r"^([A-Z0-9]{1,20}_){0,4}PASSWORD$")
    given: str = Field("OPENAI_API_KEY", pattern=r"^([A-Z0-9]{1,20}_){1,5}KEY$")

    @field_validator("made")
    @classmethod
    def _are_own(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if any(not OWN.search(name) for name in names):
            raise ValueError("made may name only what the service makes up for itself, such as JWT_SECRET")
        return names


@dataclass(frozen=True, slots=True)
class Plan:
    """New and earlier values by name; never printed."""

    new: Mapping[str, str] = field(repr=False)
    earlier: Mapping[str, str] = field(repr=False)
    role: Database
    password: str

    @property
    def names(self) -> str:
        return ", ".join(sorted(self.new))

    @property
    def added(self) -> str:
        """Those that were not there before."""
        return ", ".join(sorted(self.new.keys() - self.earlier.keys()))


def plan(address: RotationAddress, wanted: Rotation, now: Values) -> Plan:
    """Made up anew each time it is called."""
    new = {name: b64encode(secrets.token_bytes(_BYTES)).decode() for name in wanted.made}
    # Without signs that would have to be encoded in the URL of a database.
    new[wanted.password] = secrets.token_urlsafe(_BYTES)
    if is_new(address, wanted, now):
        new[wanted.given] = address.vendor_key.get_secret_value()
    earlier = {name: now.written[name] for name in new if name in now.written}
    return Plan(new, earlier, address.role, wanted.password)


def require_own(address: RotationAddress, wanted: Rotation, now: Values) -> None:
    """Refuse where one of them lives elsewhere, so that changing it here would be an outage or would leave it valid."""
    for name in (*wanted.made, *((wanted.given,) if is_new(address, wanted, now) else ())):
        now.own(name)
    _require_own_password(wanted, now)


def is_new(address: RotationAddress, wanted: Rotation, now: Values) -> bool:
    """Whether the store holds a key of the vendor that the service does not have yet."""
    return address.vendor_key.get_secret_value() not in ("", now.rendered.get(wanted.given))


def _require_own_password(wanted: Rotation, now: Values) -> None:
    name = wanted.password
    value = now.written.get(name, "")
    if not value or value != now.rendered.get(name):
        raise TargetError(
            "{name} of this service is missing or refers to another service's variable; its password cannot be "
            "changed here in one step. A person changes role and variable together.",
            name=name,
        )
    holding = [other for other, text in now.written.items() if other != name and _holds(text, value)]
    if holding:
        raise TargetError(
            "The password stands in {others} as well. Let that refer to {name} first, or the service comes back "
            "without its database.",
            others=seen(", ".join(sorted(holding)), 300),
            name=name,
        )


def _holds(text: str, value: str) -> bool:
    """Whether a value stands in a text, as it is or as a URL has it."""
    return len(value) >= TELLING and (value in text or value in unquote(text))
