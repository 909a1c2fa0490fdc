"""Is a secret set, since when, and do two sides hold the same one."""

import asyncio
import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Final, Self

from pydantic import ConfigDict, Field, SecretStr, model_validator

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.secrets.fingerprint import SALT_LIMIT, fingerprint

_LIMIT: Final = 5.0
_FILE_LIMIT: Final = 64 * 1024


class Address(Parameters):
    """One secret (`value`, a reference such as `env:JWT_SECRET`, or `path`, the file that holds it), and another.

    `other` or `other_path` is what `value` or `path` is compared with. `salt`, of at least 16 signs, is the
    installation's own secret behind all fingerprints.
    """

    # Without it pydantic quotes the value in its error.
    model_config = ConfigDict(hide_input_in_errors=True)
    # A variable that is not set is what these checks are to find, not a mistake in the address.
    may_be_unset: ClassVar[frozenset[str]] = frozenset({"value", "other", "salt"})

    value: SecretStr | None = None
    path: str = Field("", pattern=r"^(/.+)?$")
    other: SecretStr | None = None
    other_path: str = Field("", pattern=r"^(/.+)?$")
    salt: SecretStr = SecretStr("")

    @model_validator(mode="after")
    def _one_source_each(self) -> Self:
        if (self.value is None) == (not self.path):
            raise ValueError("a secret is either a value by reference or the path of a file")
        if self.other is not None and self.other_path:
            raise ValueError("the other secret is either a value by reference or the path of a file")
        return self


class Named(Parameters):
    """What people call the secret."""

    name: str = Field(pattern=r"^[A-Za-z0-9_./-]+$", max_length=100)


@dataclass(frozen=True, slots=True)
class _Secret:
    """`value`, without the newline that files end with, is never shown; `changed` is None where nobody keeps it."""

    value: bytes = field(repr=False)
    changed: datetime | None

    @property
    def is_set(self) -> bool:
        return bool(self.value)

    def age(self, name: str) -> Measurement:
        """Days since it was last changed, where that is known."""
        if self.changed is None:
            return Measurement(name, None, "d", _ageless(self))
        return Measurement(name, round((datetime.now(UTC) - self.changed).total_seconds() / 86_400, 1), "d")


async def _presence(address: Address, wanted: Named) -> Reading:
    secret = await _secret(address.value, address.path)
    digits = fingerprint(secret.value, address.salt.get_secret_value()) if secret.is_set else None
    age = secret.age("age_days")
    return Reading(
        _summary(wanted.name, secret, age, digits),
        (
            Measurement("set", secret.is_set),
            age,
            Measurement("fingerprint", digits, missing=None if digits else _unmarked(secret)),
        ),
        (f"{wanted.name}: {digits}",) if digits else (),
    )


async def _compare(address: Address, wanted: Named) -> Reading:
    if address.other is None and not address.other_path:
        raise TargetError(
            "{name} has nothing to compare with; give the target `other` or `other_path`.", name=wanted.name
        )
    one, other = await _secret(address.value, address.path), await _secret(address.other, address.other_path)
    salt = address.salt.get_secret_value()
    shown = [fingerprint(secret.value, salt) if secret.is_set else None for secret in (one, other)]
    if not one.is_set and not other.is_set:
        neither = say("{name} is set on neither side", name=wanted.name)
        return Reading(neither, (Measurement("equal", None, missing=neither), Measurement("set", 0)))
    is_equal = hmac.compare_digest(one.value, other.value)
    return Reading(
        _verdict(wanted.name, one, other, is_equal),
        (
            Measurement("equal", is_equal),
            Measurement("set", one.is_set + other.is_set),
            one.age("age_days"),
            other.age("other_age_days"),
        ),
        tuple(f"{wanted.name} ({side}): {digits}" for side, digits in zip((1, 2), shown, strict=True) if digits),
    )


async def _secret(value: SecretStr | None, path: str) -> _Secret:
    if value is not None:
        return _Secret(value.get_secret_value().strip().encode(), None)
    return await asyncio.to_thread(_from_file, Path(path))


def _from_file(path: Path) -> _Secret:
    """What the file holds and when it was last written; an absent file is a secret that is not set."""
    try:
        with path.open("rb") as file:
            content = file.read(_FILE_LIMIT + 1)
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except (FileNotFoundError, NotADirectoryError):
        return _Secret(b"", None)
    except PermissionError as error:
        raise Denied("The bot may not read {path}. Let its user read it.", path=str(path)) from error
    except OSError as error:
        raise TargetError("{path} cannot be read.", path=str(path)) from error
    if len(content) > _FILE_LIMIT:
        raise TargetError("{path} is too big for a secret.", path=str(path))
    return _Secret(content.strip(), changed)


def _summary(name: str, secret: _Secret, age: Measurement, digits: str | None) -> Text:
    if not secret.is_set:
        return say("{name} is not set", name=name)
    if isinstance(age.value, float):
        return say("{name} is set, changed {days} days ago", name=name, days=age.value)
    if digits:
        return say("{name} is set (fingerprint {digits})", name=name, digits=digits)
    return say("{name} is set", name=name)


def _ageless(secret: _Secret) -> Text:
    if not secret.is_set:
        return say("it is not set")
    return say("a variable does not tell since when it is set")


def _unmarked(secret: _Secret) -> Text:
    if not secret.is_set:
        return say("it is not set")
    return say("give the target a `salt` of at least {count} signs, by reference", count=SALT_LIMIT)


def _verdict(name: str, one: _Secret, other: _Secret, is_equal: bool) -> Text:
    if not one.is_set:
        return say("{name} is not set on the first side", name=name)
    if not other.is_set:
        return say("{name} is not set on the second side", name=name)
    return (
        say("{name} is the same on both sides", name=name)
        if is_equal
        else say("{name} differs between the sides", name=name)
    )


PRESENCE = Read("secrets.presence", Address, Named, _LIMIT, _presence)
COMPARE = Read("secrets.compare", Address, Named, _LIMIT, _compare)
