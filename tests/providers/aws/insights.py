"""Logs Insights over the events that moto keeps: `fields`, `filter`, `stats`, `sort` and `limit`. An emulator."""

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Record = dict[str, Any]
_COMMAND = re.compile(r"""\s*((?:/(?:\\.|[^/])*/|"[^"]*"|[^|/"])+)(?:\||$)""")
_BIN = re.compile(r"bin\((\d+)m\)")
_AGGREGATE = re.compile(r"(count|avg|max|min|sum)\(([\w@.*]+)\)(?: as (\w+))?$")
_CONDITION = re.compile(
    r"""ispresent\((?P<present>[\w@.]+)\)|(?P<name>[\w@.]+) (?:like /(?P<like>.*)/|(?P<sign>!=|=) "(?P<value>[^"]*)")"""
)


class Malformed(Exception):
    """Insights does not understand the query."""


def parsed(text: str) -> list[tuple[str, str]]:
    """Commands with their words."""
    commands = [found[1].strip().partition(" ") for found in _COMMAND.finditer(text) if found[1].strip()]
    for verb, _, _ in commands:
        if verb not in {"fields", "filter", "stats", "sort", "limit"}:
            raise Malformed(f"unexpected symbol found {verb}")
    return [(verb, words) for verb, _, words in commands]


def answered(commands: list[tuple[str, str]], records: list[Record]) -> tuple[list[Record], int]:
    """The rows, and how many records matched the filters."""
    shown, has_stats = ["@timestamp", "@message"], False
    matched = len(records)
    for verb, words in commands:
        if verb == "fields":
            shown = [name.strip() for name in words.split(",")]
        elif verb == "filter":
            records = [one for one in records if _matches(words, one)]
            matched = len(records)
        elif verb == "stats":
            records, has_stats = _stats(words, records), True
        elif verb == "sort":
            name, _, order = words.partition(" ")
            records = sorted(records, key=lambda one, by=name: one.get(by, 0), reverse=order == "desc")
        else:
            records = records[: int(words)]
    if has_stats:
        return records, matched
    return [{name: one[name] for name in shown if name in one} | {"@ptr": "x"} for one in records], matched


def record(stamp: int, message: str) -> Record:
    """A line with the fields that Insights discovers in JSON."""
    try:
        found = json.loads(message)
    except ValueError:
        found = {}
    return {**(found if isinstance(found, dict) else {}), "@timestamp": _moment(stamp), "@message": message, "_": stamp}


def _matches(words: str, one: Record) -> bool:
    return all(_holds(condition.strip(), one) for condition in words.split(" and "))


def _holds(words: str, one: Record) -> bool:
    found = _CONDITION.fullmatch(words)
    if found is None:
        raise Malformed(words)
    if found["present"]:
        return found["present"] in one
    value = str(one.get(found["name"], ""))
    if found["like"] is not None:
        return re.search(found["like"], value) is not None
    return (value == found["value"]) == (found["sign"] == "=")


def _stats(words: str, records: list[Record]) -> list[Record]:
    wanted, _, by = words.partition(" by ")
    groups: dict[str, list[Record]] = {}
    for one in records:
        key = _binned(by, one) if _BIN.match(by) else str(one.get(by, ""))
        groups.setdefault(key, []).append(one)
    aggregates = [_aggregate(part.strip()) for part in wanted.split(",")]
    return [{by: key} | {name: count(group) for name, count in aggregates} for key, group in groups.items()]


def _binned(by: str, one: Record) -> str:
    width = int(_BIN.match(by)[1]) * 60_000  # type: ignore[index]
    return _moment(one["_"] // width * width)


def _aggregate(words: str) -> tuple[str, Callable[[list[Record]], float]]:
    found = _AGGREGATE.match(words)
    if found is None:
        raise Malformed(words)
    kind, field = found[1], found[2]

    def count(group: list[Record]) -> float:
        values = [float(one[field]) for one in group if field in one]
        return {
            "count": lambda: float(len(group)),
            "avg": lambda: sum(values) / len(values),
            "max": lambda: max(values),
            "min": lambda: min(values),
            "sum": lambda: sum(values),
        }[kind]()

    return found[3] or words, count


def _moment(stamp: int) -> str:
    return f"{datetime.fromtimestamp(stamp / 1000, UTC):%Y-%m-%d %H:%M:%S}.{stamp % 1000:03d}"
