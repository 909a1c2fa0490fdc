"""Eight digits that say whether two secrets are the same, and nothing about what they are.

Keyed (HMAC-SHA256): without the installation's salt nobody can try values until the digits match. Other providers
that hold secrets (Kubernetes, Railway) use the same, so that their digits can be compared with these.
"""

import hmac
from typing import Final

DIGITS: Final = 8
SALT_LIMIT: Final = 16
"""A shorter salt could be tried out."""


def fingerprint(value: str | bytes, salt: str) -> str | None:
    """The digits of a value, whitespace around it aside; None without a salt that deserves the name."""
    if len(salt) < SALT_LIMIT:
        return None
    content = value.encode() if isinstance(value, str) else value
    return hmac.digest(salt.encode(), content.strip(), "sha256").hex()[:DIGITS]
