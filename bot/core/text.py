"""Sentences that know neither their language nor their screen until somebody reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack, by user id."""

    id: str


@dataclass(frozen=True, slots=True)
class Place:
    """A channel in Slack, by its id; whoever is not in it learns nothing of its name."""

    id: str


Value: TypeAlias = "str | int | float | datetime | Person | Place | Text | Words"


@dataclass(frozen=True, slots=True)
class Text:
    """A message id in English and the values that belong into it.

    The id may carry Slack's mrkdwn; values never do: whoever renders them escapes them.
    """

    msgid: str
    values: Mapping[str, Value] = field(default_factory=dict)


def say(msgid: str, /, **values: Value) -> Text:
    """Build a Text; the catalogues of `bot/locale` are extracted from the calls of this function."""
    return Text(msgid, values)


def plain(text: str) -> Text:
    """Wrap words that came from outside or need no translation."""
    return Text("{words}", {"words": text})


@dataclass(frozen=True, slots=True)
class Words:
    """Words that a team wrote in its catalog, in both languages."""

    en: str
    pt: str

    def text(self) -> Text:
        """The same as a Text, which is rendered in the reader's language."""
        return Text("{words}", {"words": self})
