"""The aggregation stages that the product uses."""

from collections.abc import Callable, Iterable
from typing import Any, Final

from sandbox.world.mongodb.matching import matches, ordered, projected, value_at
from sandbox.world.mongodb.refusals import BAD_VALUE, Refusal
from sandbox.world.mongodb.wire import Document


def aggregate(documents: list[Document], stages: Iterable[Document]) -> list[Document]:
    """The documents after all stages."""
    for stage in stages:
        ((name, argument),) = stage.items()
        if name not in _STAGES:
            raise Refusal(40324, f"Unrecognized pipeline stage name: '{name}'")
        documents = _STAGES[name](documents, argument)
    return documents


def _group(documents: list[Document], wanted: Document) -> list[Document]:
    groups: dict[str, tuple[Any, list[Document]]] = {}
    for document in documents:
        key = _evaluated(document, wanted["_id"])
        groups.setdefault(repr(key), (key, []))[1].append(document)
    return [
        {"_id": key, **{name: _accumulated(members, how) for name, how in wanted.items() if name != "_id"}}
        for key, members in groups.values()
    ]


def _accumulated(members: list[Document], how: Document) -> Any:
    ((name, expression),) = how.items()
    values = [value for member in members if (value := _evaluated(member, expression)) is not None]
    if name not in _ACCUMULATORS:
        raise Refusal(15952, f"unknown group operator '{name}'")
    return _ACCUMULATORS[name](values)


def _evaluated(document: Document, expression: Any) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        return value_at(document, expression[1:])
    if isinstance(expression, dict):
        raise Refusal(BAD_VALUE, "this emulator evaluates only field paths and constants")
    return expression


_ACCUMULATORS: Final[dict[str, Callable[[list[Any]], Any]]] = {
    "$sum": sum,
    "$max": lambda values: max(values, default=None),
    "$min": lambda values: min(values, default=None),
    "$avg": lambda values: sum(values) / len(values) if values else None,
    "$first": lambda values: next(iter(values), None),
}
_STAGES: Final[dict[str, Callable[[list[Document], Any], list[Document]]]] = {
    "$match": lambda documents, wanted: [one for one in documents if matches(one, wanted)],
    "$sort": ordered,
    "$limit": lambda documents, count: documents[:count],
    "$skip": lambda documents, count: documents[count:],
    "$project": lambda documents, wanted: [projected(one, wanted) for one in documents],
    "$group": _group,
    "$count": lambda documents, name: [{name: len(documents)}] if documents else [],
}
