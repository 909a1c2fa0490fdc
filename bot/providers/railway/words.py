"""Parameters that a previewed run carries as words: lists of names, and names with values."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

_NAME: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,99}$"
_PAIR: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(\S*)")


def _split(raw: object) -> object:
    return tuple(raw.replace(",", " ").split()) if isinstance(raw, str) else raw


def _pairs(raw: object) -> object:
    """JSON, or `NAME=value` with spaces between, as people type it."""
    if not isinstance(raw, str):
        return raw
    if raw.lstrip().startswith("{"):
        return json.loads(raw)
    found = [_PAIR.fullmatch(word) for word in raw.split()]
    if None in found:
        raise ValueError("write the changes as NAME=value, with spaces between")
    return {pair[1]: pair[2] for pair in found if pair}


def packed(changes: Mapping[str, str]) -> str:
    """The changes as one word of a preview."""
    return json.dumps(dict(changes), sort_keys=True, ensure_ascii=False)


Name = Annotated[str, Field(pattern=_NAME)]
Names = Annotated[tuple[Name, ...], BeforeValidator(_split), Field(max_length=50)]
Changes = Annotated[
    dict[Name, Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x1f]*$")]],
    BeforeValidator(_pairs),
    Field(min_length=1, max_length=20),
]
