"""Single fields of a JSON answer, and the beginning of any answer as evidence."""

import json
from collections.abc import Iterator
from typing import Any, Final

from bot.core.findings import Measurement
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.http.exchange import Answer

_EVIDENCE_LIMIT: Final = 500
_FIELD_LIMIT: Final = 200
ABSENT: Final = object()


def measured_fields(answer: Answer, paths: tuple[str, ...]) -> Iterator[Measurement]:
    """One measurement `json.<path>` per dotted path; numbers, booleans and masked strings count as values."""
    if not paths:
        return
    document = document_of(answer)
    if document is ABSENT:
        reason = say("the answer is not JSON") if answer.is_whole else say("the answer is larger than 64 kB")
        yield from (Measurement(f"json.{path}", None, missing=reason) for path in paths)
        return
    yield from (_field(document, path) for path in paths)


def counted_fields(answer: Answer, paths: tuple[str, ...]) -> Iterator[Measurement]:
    """One measurement `count.<path>` per dotted path that leads to a list: how many items it has."""
    document = document_of(answer) if paths else ABSENT
    for path in paths:
        found = None if document is ABSENT else found_in(document, path)
        count = len(found) if isinstance(found, list) else None
        absent = say("the answer has no list `{path}`", path=path) if count is None else None
        yield Measurement(f"count.{path}", count, missing=absent)


def document_of(answer: Answer) -> Any:
    """The body as JSON, without NaN and Infinity; ABSENT when it is none."""
    try:
        return json.loads(answer.text, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return ABSENT


def found_in(document: Any, path: str) -> Any:
    """What a dotted path (`checks.0.status`) leads to, or ABSENT."""
    value = document
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


def _field(document: Any, path: str) -> Measurement:
    name, value = f"json.{path}", found_in(document, path)
    if value is ABSENT:
        return Measurement(name, None, missing=say("the answer has no field `{path}`", path=path))
    if isinstance(value, str):
        return Measurement(name, mask(value)[:_FIELD_LIMIT])
    if isinstance(value, int | float):
        return Measurement(name, value)
    return Measurement(name, None, missing=say("the field `{path}` is empty or holds more than one value", path=path))


def evidence_of(answer: Answer) -> tuple[str, ...]:
    """The beginning of the body, printable and masked."""
    beginning = "".join(sign for sign in answer.text[: 4 * _EVIDENCE_LIMIT] if sign.isprintable() or sign in "\n\t")
    return tuple(line for line in mask(beginning)[:_EVIDENCE_LIMIT].splitlines() if line.strip())
