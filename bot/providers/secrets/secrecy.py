"""Which variables are secrets, and how a value is recognised again without being shown."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic import SecretStr

from bot.core.redaction import MASKED

_SECRET_WORDS: Final = re.compile(
    r"(?:^|_)(?:SECRETS?|TOKEN|PASSWORD|PASSWD|PASSPHRASE|PASS|PWD|SENHA|KEYS?|APIKEY|CREDENTIALS?|PRIVATE|DSN|SALT"
    r"|CERT|CERTIFICATE|PEM|SIGNATURE|COOKIE)(?:_|$)|(?:PASSWORD|SECRET|TOKEN|APIKEY)(?:_|$)"
)
_STORE: Final = re.compile(
    r"(?:^|_)(?:DATABASE|DB|POSTGRES|POSTGRESQL|PG|MYSQL|MONGO|MONGODB|REDIS|AMQP|RABBITMQ|SMTP)_(?:\w+_)?UR[LI]$"
)
_OF_THE_PLATFORM: Final = "RAILWAY_"
TELLING: Final = 6
"""Shorter values stand in others by chance."""


def looks_secret(name: str) -> bool:
    """Whether a variable of this name holds a secret: `JWT_SECRET` and `DATABASE_URL` do, `MAX_TOKENS` does not."""
    return any(pattern.search(name.upper()) for pattern in (_SECRET_WORDS, _STORE))


def is_given_by_platform(name: str) -> bool:
    """Railway's own variables differ in every deployment and say nothing."""
    return name.startswith(_OF_THE_PLATFORM) and not looks_secret(name)


def fingerprint(value: str, key: SecretStr) -> str:
    """Eight digits that change with the value; without the key nobody can try values against them."""
    return hmac.new(key.get_secret_value().encode(), value.encode(), hashlib.sha256).hexdigest()[:8]


def fingerprints(variables: Mapping[str, str], key: SecretStr) -> str:
    """Names with fingerprints, for the state of a preview."""
    return " ".join(f"{name}:{fingerprint(variables[name], key)}" for name in sorted(variables))


def without(values: Iterable[str], words: str) -> str:
    """Foreign words without any of the values, should the other side have quoted one; to be asked before they are cut:
    nobody recognises half a value."""
    for value in values:
        if len(value) >= TELLING:
            words = words.replace(value, MASKED)
    return words
