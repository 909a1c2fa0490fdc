"""What an announcement may say: sentences of the catalog, with the answers to its questions in their places."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, TypeAlias

from pydantic import Field, field_validator, model_validator

from bot.catalog.shape import Entry, Title
from bot.core.places import places
from bot.core.text import Words

BY_MAIL: Final = "email.send"
RESERVED: Final = frozenset({"channel", "to", "subject", "message"})


class Sentence(Entry):
    """What is said in a channel, or as a mail with a `subject` to somebody whom the action's target lists.

    `{name}` stands for the answer to a question of the action, in `to` as well.
    """

    channel: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9_-]{0,79})?$")] = ""
    to: Annotated[str, Field(pattern=r"^(\{[a-z_]+\}|[a-z0-9][a-z0-9-]{0,40})?$")] = ""
    subject: Title | None = None
    says: Title

    @model_validator(mode="after")
    def _has_one_place(self) -> "Sentence":
        if bool(self.channel) is bool(self.to) or bool(self.to) is not (self.subject is not None):
            raise ValueError("a sentence has a channel, or else `to` and a subject")
        return self

    @field_validator("subject", "says")
    @classmethod
    def _can_be_filled(cls, title: Words | None) -> Words | None:
        for words in (title.en, title.pt) if title else ():
            places(words)
        return title

    @property
    def names(self) -> frozenset[str]:
        """The questions whose answers it needs."""
        titles = (self.says, self.subject) if self.subject else (self.says,)
        words = [self.to, *(words for title in titles for words in (title.en, title.pt))]
        return frozenset(name for part in words for name in places(part))


Sentences: TypeAlias = Mapping[str, Sentence]


def require_said(tells: Sentences, offered: tuple[str, ...], questions: Collection[str], target: str) -> None:
    """Raise ValueError unless exactly these sentences are offered and each needs only answers that are asked for."""
    if offered != tuple(tells):
        raise ValueError("tells: the question `what` has to offer exactly these sentences, in this order")
    if taken := sorted(RESERVED & set(questions)):
        raise ValueError(f"tells: a question cannot be called {', '.join(taken)}")
    if any(sentence.to for sentence in tells.values()) is not bool(target):
        raise ValueError("tells: a mail needs a target, and a target a mail")
    for name, sentence in tells.items():
        if unknown := sorted(sentence.names - (set(questions) - {"what"})):
            raise ValueError(f"tells.{name}: no question is called {', '.join(unknown)}")
