"""Filters, updates and sorting of documents: the simple part of MongoDB's query language."""

import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any, Final

from sandbox.world.mongodb.refusals import BAD_VALUE, Refusal
from sandbox.world.mongodb.wire import Document

_ABSENT: Final = object()


def matches(document: Document, wanted: Document) -> bool:
    """Whether a document satisfies a filter."""
    return all(_satisfies(document, name, condition) for name, condition in wanted.items())


def value_at(document: Any, path: str) -> Any:
    """The value at a dotted path, None when there is none."""
    found = _value(document, path)
    return None if found is _ABSENT else found


def ordered(documents: Iterable[Document], keys: Document) -> list[Document]:
    """Sorted by several keys, 1 or -1 each; absent values come first, as with MongoDB."""
    found = list(documents)
    for name, direction in reversed(list(keys.items())):
        found.sort(key=lambda one: _sort_key(value_at(one, name)), reverse=direction < 0)
    return found


def projected(document: Document, projection: Document) -> Document:
    """Only the named fields (`1`), or all but the named (`0`)."""
    if not projection:
        return deepcopy(document)
    included = [name for name, wanted in projection.items() if wanted and name != "_id"]
    if included:
        kept = included if projection.get("_id", 1) == 0 else ["_id", *included]
        found = {name: _value(document, name) for name in kept}
        return {name: deepcopy(value) for name, value in found.items() if value is not _ABSENT}
    dropped = {name for name, wanted in projection.items() if not wanted}
    return {name: deepcopy(value) for name, value in document.items() if name not in dropped}


def update(document: Document, change: Document) -> None:
    """Apply `$set`, `$unset` and `$inc`, or replace the whole document."""
    if not any(name.startswith("$") for name in change):
        kept = document.get("_id")
        document.clear()
        document.update({"_id": kept, **change})
        return
    for verb, fields in change.items():
        for name, value in fields.items():
            if verb == "$set":
                document[name] = value
            elif verb == "$unset":
                document.pop(name, None)
            elif verb == "$inc":
                document[name] = document.get(name, 0) + value
            else:
                raise Refusal(BAD_VALUE, f"Unknown modifier: {verb}")


def _satisfies(document: Document, name: str, condition: Any) -> bool:
    if name == "$and":
        return all(matches(document, one) for one in condition)
    if name == "$or":
        return any(matches(document, one) for one in condition)
    value = _value(document, name)
    if isinstance(condition, dict) and any(key.startswith("$") for key in condition):
        return all(_operator(key)(value, operand) for key, operand in condition.items())
    return _equals(value, condition)


def _operator(name: str) -> Callable[[Any, Any], bool]:
    try:
        return _OPERATORS[name]
    except KeyError:
        raise Refusal(BAD_VALUE, f"unknown operator: {name}") from None


def _value(document: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(document, dict) or step not in document:
            return _ABSENT
        document = document[step]
    return document


def _equals(value: Any, wanted: Any) -> bool:
    if value is _ABSENT:
        return wanted is None
    return bool(value == wanted) or (isinstance(value, list) and wanted in value)


def _compares(value: Any, wanted: Any, is_so: Callable[[Any, Any], bool]) -> bool:
    """Only like with like: MongoDB's type bracketing."""
    try:
        return value is not _ABSENT and value is not None and is_so(value, wanted)
    except TypeError:
        return False


def _sort_key(value: Any) -> tuple[int, str, Any]:
    if value is None:
        return (0, "", 0)
    if isinstance(value, int | float):
        return (1, "", value)
    return (2, type(value).__name__, value)


_OPERATORS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "$eq": _equals,
    "$ne": lambda value, wanted: not _equals(value, wanted),
    "$gt": lambda value, wanted: _compares(value, wanted, lambda a, b: bool(a > b)),
    "$gte": lambda value, wanted: _compares(value, wanted, lambda a, b: bool(a >= b)),
    "$lt": lambda value, wanted: _compares(value, wanted, lambda a, b: bool(a < b)),
    "$lte": lambda value, wanted: _compares(value, wanted, lambda a, b: bool(a <= b)),
    "$in": lambda value, wanted: any(_equals(value, one) for one in wanted),
    "$nin": lambda value, wanted: not any(_equals(value, one) for one in wanted),
    "$exists": lambda value, wanted: (value is not _ABSENT) == bool(wanted),
    "$not": lambda value, wanted: not all(_operator(key)(value, operand) for key, operand in wanted.items()),
    "$regex": lambda value, wanted: isinstance(value, str) and re.search(str(wanted), value) is not None,
}
