"""Which alerts are meant, as `alertname=HighErrorRate, severity=critical`: equality only, never everything."""

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final, TypeAlias

from pydantic import BeforeValidator

Matcher: TypeAlias = tuple[str, str]
_PAIR: Final = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*(?:"([^"\\\n]{1,200})"|([^",=~!\\\s][^",\\\n]{0,199}))\s*(?:,|$)')
_MOST: Final = 10


def parsed(words: str) -> tuple[Matcher, ...]:
    """The pairs, sorted by name; raises ValueError on anything but equalities with a value."""
    pairs: list[Matcher] = []
    position = 0
    while position < len(words):
        found = _PAIR.match(words, position)
        if found is None:
            raise ValueError("matchers are written as name=value, separated by commas; patterns are not allowed")
        pairs.append((found[1], (found[2] or found[3]).strip()))
        position = found.end()
    if len(pairs) > _MOST or len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("each label may be named once, and ten at most")
    return tuple(sorted(pairs))


def written(matchers: Iterable[Matcher]) -> str:
    """The pairs in the form that is parsed again."""
    return ", ".join(f'{name}="{value}"' if "," in value else f"{name}={value}" for name, value in matchers)


def is_expressible(matchers: tuple[Matcher, ...]) -> bool:
    """Whether they can be written down and read again; quotes and empty values cannot."""
    try:
        return parsed(written(matchers)) == matchers
    except ValueError:
        return False


def _normal(raw: object) -> object:
    """A mapping from a YAML file is as good as the written form."""
    if isinstance(raw, Mapping):
        raw = written((str(name), str(value)) for name, value in raw.items())
    return written(parsed(raw)) if isinstance(raw, str) else raw


Matchers = Annotated[str, BeforeValidator(_normal)]
