"""Queries as they may be shown: their shape, without the values that people typed."""

import re
from typing import Final

from bot.core.redaction import MASKED, mask, mask_but_addresses

# One alternative per kind of token that may hold a quote; each consumes its token, so the scan is linear.
_TOKENS: Final = re.compile(
    r"""
    (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<name>"[^"]*(?:"|\Z))
    | (?P<literal>
        (?<![A-Za-z0-9_])[eE]'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)
        | '(?:[^']|'')*(?:'|\Z)
        | (?<![A-Za-z0-9_$])\$(?P<tag>[A-Za-z_]\w*)\$.*?(?:\$(?P=tag)\$|\Z)
        | (?<![A-Za-z0-9_$])\$\$.*?(?:\$\$|\Z)
      )
    """,
    re.DOTALL | re.VERBOSE,
)

_SECRETIVE: Final = re.compile(
    r"(?i)passw|senha|pwd|secret|segredo|token|credential|hash|salt|cookie|session|api_?key|private_?key|crypt|\botp\b|auth"
)


def shape(query: str, limit: int = 200) -> str:
    """A query on one line without literals and comments, masked, at most `limit` characters."""
    return mask(" ".join(_TOKENS.sub(_replaced, query).split()))[:limit]


def typed(query: str, limit: int = 500) -> str:
    """A query on one line as it was typed, for the restricted channel: without values if it touches a secret.

    A password between quotes looks like any other word, so the names around it decide.
    """
    if _SECRETIVE.search(query):
        return shape(query, limit)
    return mask_but_addresses(" ".join(query.split()))[:limit]


def _replaced(found: re.Match[str]) -> str:
    if found["literal"] is not None:
        return f"'{MASKED}'"
    return " " if found["comment"] is not None else found[0]


def duration(seconds: float) -> str:
    """`42 s`, `12 min`, `3 h`: as short as a phone wants it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
