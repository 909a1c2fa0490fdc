"""Parameters that a catalog writes as a list and the record keeps as one string."""

from typing import Annotated

from pydantic import BeforeValidator


def _words(raw: object) -> object:
    return tuple(raw.split()) if isinstance(raw, str) else raw


def _pairs(raw: object) -> object:
    if not isinstance(raw, str):
        return raw
    rows = [row.partition("=") for row in raw.split()]
    if any(not equals for _, equals, _ in rows):
        raise ValueError("write name=value, several with a space between them")
    return {name: value for name, _, value in rows}


Words = Annotated[tuple[str, ...], BeforeValidator(_words)]
Pairs = Annotated[dict[str, str], BeforeValidator(_pairs)]


def joined(pairs: dict[str, str]) -> str:
    """The pairs as the one string that they are read from again."""
    return " ".join(f"{name}={value}" for name, value in sorted(pairs.items()))
