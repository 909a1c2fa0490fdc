"""Label and field selectors, as `labelSelector=` and `fieldSelector=` write them."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sandbox.world.kubernetes.refusals import bad_request
from sandbox.world.kubernetes.resources import Document, Resource

Labels = Mapping[str, str]
Test = Callable[[Labels], bool]

_SET = re.compile(r"^\s*(?P<key>[\w./-]+)\s+(?P<op>in|notin)\s*\((?P<values>[^()]*)\)\s*$")
_EQUALITY = re.compile(r"^\s*(?P<key>[\w./-]+)\s*(?P<op>!=|==|=)\s*(?P<values>[\w.-]*)\s*$")
_PRESENCE = re.compile(r"^\s*(?P<op>!?)\s*(?P<key>[\w./-]+)\s*$")
_COMMA_OUTSIDE_PARENTHESES = re.compile(r",(?![^(]*\))")
_ALWAYS_SELECTABLE = {"metadata.name", "metadata.namespace"}


def select(documents: list[Document], resource: Resource, query: Mapping[str, str]) -> list[Document]:
    """The documents that a request's label and field selectors both accept."""
    tests = _label_tests(query.get("labelSelector", ""))
    fields = _field_tests(resource, query.get("fieldSelector", ""))
    return [
        document
        for document in documents
        if matches(labels_of(document), tests) and all(_has_field(document, *field) for field in fields)
    ]


def labels_of(document: Document) -> Labels:
    labels: Labels = document["metadata"].get("labels") or {}
    return labels


def matches(labels: Labels, tests: list[Test]) -> bool:
    return all(test(labels) for test in tests)


def match_labels(selector: Document) -> list[Test]:
    """The tests of an object's own `selector.matchLabels`."""
    return [partial(_is_in, key, {value}) for key, value in selector.get("matchLabels", {}).items()]


def _label_tests(selector: str) -> list[Test]:
    return [_requirement(part, selector) for part in _COMMA_OUTSIDE_PARENTHESES.split(selector) if part.strip()]


def _requirement(part: str, selector: str) -> Test:
    found = _SET.match(part) or _EQUALITY.match(part) or _PRESENCE.match(part)
    if found is None:
        raise bad_request(f'unable to parse requirement: found "{part}" in labelSelector "{selector}"')
    key, operator = found["key"], found["op"]
    if "values" not in found.groupdict():
        return partial(_is_absent if operator == "!" else _is_present, key)
    values = {value.strip() for value in found["values"].split(",")}
    return partial(_is_not_in if operator in {"!=", "notin"} else _is_in, key, values)


def _is_in(key: str, values: set[str], labels: Labels) -> bool:
    return labels.get(key) in values


def _is_not_in(key: str, values: set[str], labels: Labels) -> bool:
    return labels.get(key) not in values


def _is_present(key: str, labels: Labels) -> bool:
    return key in labels


def _is_absent(key: str, labels: Labels) -> bool:
    return key not in labels


def _field_tests(resource: Resource, selector: str) -> list[tuple[str, str, bool]]:
    tests = []
    for part in filter(None, selector.split(",")):
        found = _EQUALITY.match(part)
        if found is None:
            raise bad_request(f"invalid selector: '{selector}'; can't understand '{part}'")
        if found["key"] not in _ALWAYS_SELECTABLE | resource.fields:
            raise bad_request(f"field label not supported: {found['key']}")
        tests.append((found["key"], found["values"], found["op"] != "!="))
    return tests


def _has_field(document: Document, path: str, value: str, wanted: bool) -> bool:
    held: Any = document
    for step in path.split("."):
        held = held.get(step, "") if isinstance(held, dict) else ""
    return (str(held) == value) is wanted
