"""The small rules that Block Kit's tables are written in; each tells the problems of one value.

A problem reads as Slack writes it: "must be less than 3001 characters [json-pointer:/blocks/0/text/text]".
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

Rule = Callable[[Any, str], Iterator[str]]


def problem(text: str, pointer: str) -> str:
    return f"{text} [json-pointer:{pointer}]"


def string(longest: int = 0, shortest: int = 1) -> Rule:
    """A string of so many characters; 0 stands for no upper limit."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield problem("must be a string", pointer)
        elif len(value) < shortest:
            yield problem(f"must be more than {shortest - 1} characters", pointer)
        elif longest and len(value) > longest:
            yield problem(f"must be less than {longest + 1} characters", pointer)

    return check


def one_of(*allowed: str) -> Rule:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield problem(f"must be a valid enum value: {', '.join(allowed)}", pointer)

    return check


def flag(value: Any, pointer: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield problem("must be a boolean", pointer)


def whole(least: int, most: int) -> Rule:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield problem("must be an integer", pointer)
        elif value < least:
            yield problem(f"must be greater than or equal to {least}", pointer)
        elif value > most:
            yield problem(f"must be less than or equal to {most}", pointer)

    return check


def anything(value: Any, pointer: str) -> Iterator[str]:
    yield from ()


def items(each: Rule, least: int = 1, most: int = 0) -> Rule:
    """An array of so many items, each by the rule; 0 stands for no upper limit."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield problem("must be an array", pointer)
            return
        if len(value) < least:
            yield problem(f"no fewer than {least} items allowed", pointer)
        if most and len(value) > most:
            yield problem(f"no more than {most} items allowed", pointer)
        for index, item in enumerate(value):
            yield from each(item, f"{pointer}/{index}")

    return check


def shape(required: Mapping[str, Rule], optional: Mapping[str, Rule] | None = None) -> Rule:
    """An object with these fields and, besides `type`, no others."""
    fields = {**required, **(optional or {})}

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", pointer)
            return
        for name in required:
            if name not in value:
                yield problem(f"missing required field: {name}", pointer)
        for name, part in value.items():
            if name in fields:
                yield from fields[name](part, f"{pointer}/{name}")
            elif name != "type":
                yield problem(f"invalid additional property: {name}", pointer)

    return check


def by_type(table: Mapping[str, Rule], allowed: Collection[str] | None = None) -> Rule:
    """An object whose `type` chooses the rule; types outside `allowed` are refused in this place."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield problem("must provide an object", pointer)
            return
        kind = value.get("type")
        if kind is None:
            yield problem("missing required field: type", pointer)
        elif not isinstance(kind, str) or kind not in table or (allowed is not None and kind not in allowed):
            yield problem(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            yield from table[kind](value, pointer)

    return check


def together(*rules: Rule) -> Rule:
    """Every rule applies."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        for rule in rules:
            yield from rule(value, pointer)

    return check


def exactly_one(*names: str) -> Rule:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if isinstance(value, dict) and sum(name in value for name in names) != 1:
            yield problem(f"must define exactly one of {', '.join(names)}", pointer)

    return check


def at_least_one(*names: str) -> Rule:
    def check(value: Any, pointer: str) -> Iterator[str]:
        if isinstance(value, dict) and not any(name in value for name in names):
            yield problem(f"must define at least one of {', '.join(names)}", pointer)

    return check


def or_null(rule: Rule) -> Rule:
    """The rule, unless the value is null."""

    def check(value: Any, pointer: str) -> Iterator[str]:
        if value is not None:
            yield from rule(value, pointer)

    return check
