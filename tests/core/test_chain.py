"""The audit trail shows tampering: a changed, removed, swapped, added or forged event breaks the chain where it is."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.core.chain import broken_link, last_hash, seal, unseal
from bot.core.events import Author, Recorded
from bot.core.incident import Acknowledged, Declared, Resolved, Updated
from bot.core.policy import Severity

NOON = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)
ANA = Author("U0ANA", "command")
FACTS = (
    Declared(Severity.P1, "Checkout answers 500"),
    Acknowledged(),
    Updated("cache is cold — não há memória"),
    Updated("rolling back"),
    Resolved("rolled back"),
)


def link(fact: object, at: datetime = NOON, by: Author = ANA, previous: str = "") -> str:
    return seal(fact, id="one", at=at, by=by, previous=previous).json


@pytest.fixture
def whole() -> list[str]:
    """The stored events of one incident, oldest first."""
    raws: list[str] = []
    previous = ""
    for minute, fact in enumerate(FACTS):
        sealed = seal(fact, id=f"event-{minute}", at=NOON + timedelta(minutes=minute), by=ANA, previous=previous)
        raws.append(sealed.json)
        previous = sealed.hash
    return raws


def edited(raw: str, **changes: str) -> str:
    """The envelope with some of its parts replaced, written as the store writes it."""
    envelope = json.loads(raw)
    envelope["is"] |= changes
    return json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def body(raw: str) -> str:
    return str(json.loads(raw)["is"]["body"])


def test_an_untouched_chain_is_whole(whole: list[str]) -> None:
    assert broken_link("INC-1", whole) is None
    assert broken_link("INC-1", [raw.encode() for raw in whole]) is None


def test_an_empty_stream_has_no_broken_link() -> None:
    assert broken_link("INC-1", []) is None


def test_an_event_is_read_back_with_everything_that_was_sealed(whole: list[str]) -> None:
    event = unseal("INC-1", 2, whole[1])
    first = unseal("INC-1", 1, whole[0])
    assert event == Recorded(
        "INC-1", 2, "event-1", NOON + timedelta(minutes=1), ANA, Acknowledged(), first.hash, event.hash
    )
    assert (first.previous, len(first.hash)) == ("", 64)


def test_the_last_hash_is_that_of_the_newest_event(whole: list[str]) -> None:
    events = [unseal("INC-1", version, raw) for version, raw in enumerate(whole, start=1)]
    assert last_hash(events) == events[-1].hash
    assert last_hash([]) == ""


def test_the_same_fact_sealed_again_has_the_same_hash() -> None:
    assert link(Updated("x")) == link(Updated("x"))


def test_every_part_of_an_event_is_under_its_hash() -> None:
    def hash_of(fact: object = Updated("x"), id: str = "one", at: datetime = NOON, by: Author = ANA) -> str:
        return seal(fact, id=id, at=at, by=by, previous="").hash

    variants = {
        hash_of(),
        hash_of(fact=Updated("y")),
        hash_of(fact=Resolved("x")),
        hash_of(id="two"),
        hash_of(at=NOON + timedelta(microseconds=1)),
        hash_of(by=Author("U0BRUNO", "command")),
        hash_of(by=Author("U0ANA", "button")),
        seal(Updated("x"), id="one", at=NOON, by=ANA, previous="0" * 64).hash,
    }
    assert len(variants) == 8


@pytest.mark.parametrize("version", range(1, 6))
@pytest.mark.parametrize(
    ("true", "false"), [("U0ANA", "U0EVE"), ("12:0", "13:0"), ("command", "button"), ("event-", "x")]
)
def test_a_changed_body_is_found_at_its_version(whole: list[str], version: int, true: str, false: str) -> None:
    raw = whole[version - 1]
    whole[version - 1] = edited(raw, body=body(raw).replace(true, false))
    assert whole[version - 1] != raw
    assert broken_link("INC-1", whole) == version


@pytest.mark.parametrize("version", range(1, 5))
def test_a_body_changed_together_with_its_hash_is_found_at_the_next_event(whole: list[str], version: int) -> None:
    previous = json.loads(whole[version - 1])["is"]["previous"]
    whole[version - 1] = link(Updated("all is well"), previous=previous)
    assert broken_link("INC-1", whole) == version + 1


@pytest.mark.parametrize("version", range(1, 5))
def test_a_removed_event_is_found_where_it_is_missing(whole: list[str], version: int) -> None:
    del whole[version - 1]
    assert broken_link("INC-1", whole) == version


@pytest.mark.parametrize("version", range(1, 5))
def test_two_swapped_events_are_found_at_the_first_of_them(whole: list[str], version: int) -> None:
    whole[version - 1], whole[version] = whole[version], whole[version - 1]
    assert broken_link("INC-1", whole) == version


@pytest.mark.parametrize("version", range(1, 6))
def test_a_repeated_event_is_found_at_its_second_appearance(whole: list[str], version: int) -> None:
    whole.insert(version, whole[version - 1])
    assert broken_link("INC-1", whole) == version + 1


@pytest.mark.parametrize("version", range(1, 6))
def test_an_event_of_another_stream_put_in_is_found(whole: list[str], version: int) -> None:
    whole.insert(version, link(Updated("all is well")))
    assert broken_link("INC-1", whole) == version + 1


@pytest.mark.parametrize("part", ["previous", "hash"])
@pytest.mark.parametrize("version", range(1, 6))
def test_a_changed_hash_is_found_at_its_version(whole: list[str], version: int, part: str) -> None:
    whole[version - 1] = edited(whole[version - 1], **{part: "0" * 64})
    assert broken_link("INC-1", whole) == version


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: "",
        lambda raw: raw[:-9],
        lambda raw: "[]",
        lambda raw: "7",
        lambda raw: '{"_":"map","is":{}}',
        lambda raw: '{"_":"incident.exploded"}',
        lambda raw: raw.replace('"hash"', '"hush"'),
        lambda raw: edited(raw, body="\ud800"),
    ],
)
def test_an_event_that_cannot_even_be_read_is_found_at_its_version(
    whole: list[str], spoil: Callable[[str], str]
) -> None:
    whole[2] = spoil(whole[2])
    assert broken_link("INC-1", whole) == 3
