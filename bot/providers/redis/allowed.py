"""What may be deleted: only keys under a prefix that the catalog names."""

import re
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from bot.core.errors import TargetError
from bot.core.operation import Parameters
from bot.providers.redis.keys import shown

_GLOB: Final = re.compile(r"[*?\[\\]")


def _split(raw: object) -> object:
    """A previewed run carries the list as words with spaces between."""
    return tuple(raw.split()) if isinstance(raw, str) else raw


Prefix = Annotated[str, Field(pattern=r"^[^\s*?\[\]\\]{1,100}[:/._|-]$")]


class Guarded(Parameters):
    """`prefixes` is the catalog's list of what may be deleted; each ends with a separator (`ai:`)."""

    prefixes: Annotated[tuple[Prefix, ...], BeforeValidator(_split), Field(min_length=1, max_length=50)]


def require_pattern(pattern: str, prefixes: tuple[str, ...], needs_subject: bool) -> None:
    """Refuse a pattern whose fixed beginning does not lie under an allowed prefix."""
    beginning = _GLOB.split(pattern, maxsplit=1)[0]
    prefix = next((one for one in prefixes if beginning.startswith(one)), None)
    if prefix is None:
        raise TargetError(
            "Refused: {pattern} is not under a prefix that may be deleted ({prefixes}).",
            pattern=shown(pattern),
            prefixes=", ".join(prefixes),
        )
    if needs_subject and beginning == prefix:
        raise TargetError(
            "Refused: {pattern} would delete everything under {prefix}; name one subject after it.",
            pattern=shown(pattern),
            prefix=prefix,
        )


def require_key(key: str, prefixes: tuple[str, ...]) -> None:
    """Refuse a key outside the allowed prefixes, and one that is meant as a pattern: DEL knows none."""
    if _GLOB.search(key):
        raise TargetError("Refused: {key} looks like a pattern, and Redis deletes only exact names.", key=shown(key))
    if not any(key.startswith(prefix) and key != prefix for prefix in prefixes):
        raise TargetError(
            "Refused: {key} is not under a prefix that may be deleted ({prefixes}).",
            key=shown(key),
            prefixes=", ".join(prefixes),
        )
