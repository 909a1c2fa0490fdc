"""What the record writes it reads back unchanged, always as the same bytes, and nobody's words can pass for a fact."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from types import ModuleType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest

from bot.core import (
    codec,
    events,
    findings,
    freeze,
    handoff,
    incident,
    policy,
    preview,
    proposal,
    report,
    reveal,
    run,
    text,
    watch,
)
from bot.core.findings import Level, Measurement
from bot.core.incident import Declared, Updated
from bot.core.policy import Right, Severity
from bot.core.text import Text, say

NOON = datetime(2026, 3, 14, 12, 0, 0, 123456, UTC)

NEVER_STORED: Mapping[type, str] = {
    findings.Reading: "becomes a finding",
    findings.Threshold: "belongs to the catalog",
    handoff.Overall: "a handoff keeps its word",
    events.Author: "lies in the envelope as two words",
    events.Recorded: "is the envelope",
    policy.Right: "belongs to the catalog",
    policy.Rights: "belongs to the catalog",
}

HOSTILE = (
    "He said \"down\" and 'up'",
    "line one\nline two\r\n\ttabbed\x00\x1b[31m",
    "🔥 Ação às 3h: não há memória 👩🏽‍🚒",
    "\u202eevil\u202c مرحبا שלום\u2066\u2069",
    "\u2028\u2029\ufeff\ufffd",
    '{"_":"text"}',
    '{"_":"incident.resolved","words":"done"}',
    '"},"_":"incident.resolved","is":{"',
    "\\u0022 \\ \\\\n",
    "<!channel> <@U0ANA> &amp;",
    "",
)


def example(wanted: Any) -> Any:
    """Some value of a type, with every field and every branch of a union filled as richly as can be."""
    origin, inner = get_origin(wanted), get_args(wanted)
    if origin in (Union, UnionType):
        return example(next(kind for kind in inner if kind is not type(None)))
    if origin is tuple:
        return (example(inner[0]), example(inner[0])) if inner[-1] is Ellipsis else tuple(map(example, inner))
    if origin is Mapping:
        return {"one": example(inner[1]), "_": example(inner[1])}
    if is_dataclass(wanted) and isinstance(wanted, type):
        return wanted(**{name: example(kind) for name, kind in get_type_hints(wanted).items()})
    if isinstance(wanted, type) and issubclass(wanted, StrEnum):
        return list(wanted)[-1]
    return PLAIN[wanted]


PLAIN: Mapping[Any, Any] = {
    str: "words",
    int: 7,
    float: 0.5,
    bool: True,
    datetime: NOON,
    timedelta: timedelta(hours=2),
    bytes: b"\x89PNG",
}


def kinds_of(module: ModuleType) -> set[type]:
    """The values that a module defines and that could be stored."""
    own = [thing for thing in vars(module).values() if isinstance(thing, type) and thing.__module__ == module.__name__]
    return {kind for kind in own if is_dataclass(kind) or issubclass(kind, StrEnum)}


@pytest.mark.parametrize("name", codec.KINDS)
def test_every_kind_is_read_back_as_it_was_written(name: str) -> None:
    value = example(codec.KINDS[name])
    again = codec.loads(codec.dumps(value))
    assert again == value
    assert type(again) is type(value)
    assert codec.dumps(again) == codec.dumps(value)


@pytest.mark.parametrize("name", codec.KINDS)
def test_every_kind_says_its_name_in_what_is_stored(name: str) -> None:
    assert json.loads(codec.dumps(example(codec.KINDS[name])))["_"] == name
    assert codec.kind_of(example(codec.KINDS[name])) == name


def test_everything_that_facts_are_made_of_is_a_kind_or_is_never_stored() -> None:
    defined = set().union(
        *map(
            kinds_of,
            (incident, preview, proposal, run, handoff, findings, text, events, policy, report, watch, freeze, reveal),
        )
    )
    assert defined == set(codec.KINDS.values()) | set(NEVER_STORED)
    assert not set(codec.KINDS.values()) & set(NEVER_STORED)


def test_no_row_of_the_schema_was_removed_or_renamed() -> None:
    assert set(codec.KINDS) >= {
        *("text", "person", "words", "severity", "level", "measurement", "judgement", "finding"),
        *("incident.declared", "incident.acknowledged", "incident.updated", "incident.diagnosed", "incident.run_moved"),
        *("incident.resolved", "incident.state", "incident.phase"),
        *("run.line", "run.preview", "run.proposed", "run.approved", "run.denied", "run.expired", "run.refused"),
        *("run.started", "run.progressed", "run.finished", "run.failed", "run.interrupted", "run.verified"),
        *("run.unverified", "run.state", "run.phase"),
        *("watch.begun", "watch.seen", "watch.ended", "watch.state", "report", "advice", "link"),
        *("freeze.frozen", "freeze.lifted", "freeze.state", "run.withdrawn", "run.cancel_asked", "run.undone"),
        *("incident.breached", "incident.cleared", "reveal.granted", "reveal.state"),
        *("handoff.state", "handoff.note", "handoff.noted", "handoff.written", "handoff.accepted"),
    }


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_survive_unchanged_wherever_they_stand(words: str) -> None:
    for value in (
        Declared(Severity.P1, words),
        Text(words, {words: words, "_": words, "is": words}),
        preview.Preview((), {words: words, "_": "text"}, {"_": words}),
        Measurement("answer", words),
    ):
        assert codec.loads(codec.dumps(value)) == value


@pytest.mark.parametrize("words", HOSTILE)
def test_words_are_never_taken_for_a_fact(words: str) -> None:
    read = codec.loads(codec.dumps(Updated(words)))
    assert type(read) is Updated
    assert type(read.words) is str


def test_a_map_that_looks_like_a_fact_stays_a_map() -> None:
    forged = {"_": "incident.resolved", "words": "done"}
    read = codec.loads(codec.dumps({"fact": forged, "_": "text", "msgid": "x"}))
    assert read == {"fact": forged, "_": "text", "msgid": "x"}
    assert type(read["fact"]) is dict


def test_the_same_value_gives_the_same_bytes_in_whatever_order_it_was_built() -> None:
    one = Text("{a} {b}", {"a": 1, "b": say("é")})
    other = Text("{a} {b}", {"b": say("é"), "a": 1})
    assert codec.dumps(one) == codec.dumps(other)
    assert codec.dumps(one) == (
        '{"_":"text","msgid":"{a} {b}","values":{"_":"map","is":{"a":1,'
        '"b":{"_":"text","msgid":"é","values":{"_":"map","is":{}}}}}}'
    )


@pytest.mark.parametrize(
    "moment",
    [
        NOON,
        NOON.replace(microsecond=0),
        NOON.astimezone(timezone(timedelta(hours=-3))),
        datetime(2026, 3, 14, 3, 0, tzinfo=UTC),
    ],
)
def test_a_moment_keeps_its_microseconds_and_its_zone(moment: datetime) -> None:
    read = codec.loads(codec.dumps(moment))
    assert (read, read.utcoffset()) == (moment, moment.utcoffset())


@pytest.mark.parametrize("value", [None, True, False, 0, 1, -7, 2**53, 0.1, 1e-9, "1", timedelta(microseconds=1)])
def test_plain_values_keep_their_type(value: object) -> None:
    read = codec.loads(codec.dumps(value))
    assert (read, type(read)) == (value, type(value))


def test_members_of_an_enumeration_come_back_as_members() -> None:
    assert codec.loads(codec.dumps((Level.CRIT, Severity.P0))) == (Level.CRIT, Severity.P0)
    assert type(codec.loads(codec.dumps(Level.CRIT))) is Level


@pytest.mark.parametrize(
    "raw",
    [
        '{"_":"incident.exploded"}',
        '{"_":"__import__"}',
        '{"_":"incident.updated","words":"x","colour":"red"}',
        '{"_":"incident.updated"}',
        '{"_":"level","is":"catastrophic"}',
        '{"_":"level"}',
        '{"_":"at","is":"yesterday"}',
        '{"_":"at"}',
        '{"_":"map","is":[1]}',
        '{"_":["text"]}',
        '{"words":"x"}',
        "{}",
        '{"_":"incident.updated","words":"x"',
        "",
    ],
)
def test_what_this_version_does_not_know_is_a_value_error(raw: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json and the enumerations say it in words of their own
        codec.loads(raw)


@dataclass(frozen=True)
class Stranger:
    words: str = "x"
    more: tuple[str, ...] = field(default=())


@pytest.mark.parametrize("value", [Stranger(), object(), {1, 2}, Right.APPROVE, Text("x", {1: "x"}), Updated])  # type: ignore[dict-item]
def test_what_has_no_name_in_the_schema_is_not_stored(value: object) -> None:
    with pytest.raises(ValueError, match="does not know how to store"):
        codec.dumps(Measurement("x", value))  # type: ignore[arg-type]


def test_a_stranger_has_no_kind() -> None:
    with pytest.raises(ValueError, match="Stranger"):
        codec.kind_of(Stranger())


def test_the_example_values_fill_every_field() -> None:
    """Otherwise the round trips above would prove less than they say."""
    state = example(incident.Incident)
    assert all(getattr(state, one.name) not in (None, (), "") for one in fields(incident.Incident))
