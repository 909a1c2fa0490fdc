"""A vendor's answer, and reading the JSON in it without trusting its shape."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_MESSAGE_FIELDS: Final = ("message", "description", "detail", "error_description", "error", "msg")


@dataclass(frozen=True, slots=True)
class Answer:
    """One whole answer; header names are in lower case, and the body is never printed."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    took_ms: float

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    def document(self) -> Any:
        """The body as JSON; None where it is empty or something else."""
        try:
            return json.loads(self.body, parse_constant=lambda _: None)
        except (ValueError, RecursionError):
            return None

    @property
    def retry_after(self) -> int | None:
        """Seconds to wait before the next request, where the vendor says so."""
        told = self.headers.get("retry-after", "")
        return min(int(told), 86_400) if told.isdecimal() and len(told) < 7 else None

    @property
    def sentence(self) -> str:
        """The vendor's own words in a bad answer, unmasked; empty where there are none."""
        return _sentence(self.document())


def number_of(value: object) -> float | None:
    """A finite number, also when it comes as text; None for anything else."""
    try:
        found = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    if not math.isfinite(found):
        return None
    return int(found) if found.is_integer() and abs(found) < 2**53 else found


def dug(document: object, path: str) -> Any:
    """What lies at a dotted path (`checks.0.status`); None where there is nothing. An empty path is the document."""
    for step in filter(None, path.split(".")):
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and int(step) < len(document):
            document = document[int(step)]
        else:
            return None
    return document


def records(document: object) -> list[dict[str, Any]]:
    """The objects in a list; anything else is no record."""
    return [one for one in document if isinstance(one, dict)] if isinstance(document, list) else []


def _sentence(document: object) -> str:
    if isinstance(document, list) and document:
        document = document[0]
    if not isinstance(document, dict):
        return ""
    found = next((document[name] for name in _MESSAGE_FIELDS if document.get(name)), "")
    return _sentence(found) if isinstance(found, dict) else str(found)
