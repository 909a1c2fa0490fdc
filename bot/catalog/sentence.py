"""What an announcement may say: sentences of the catalog, with the answers to its questions in their places."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, TypeAlias

from pydantic import Field

from bot.catalog.shape import Entry, Title


class Sentence(Entry):
    """What is said in a channel; `{name}` stands for the answer to a question of the action."""

    channel: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,79}$")]
    says: Title

    @property
    def names(self) -> frozenset[str]:
        """The questions whose answers it needs."""
        return frozenset(re.findall(r"\{(\w*)\}", f"{self.says.en} {self.says.pt}"))


Sentences: TypeAlias = Mapping[str, Sentence]


def require_said(tells: Sentences, offered: tuple[str, ...], questions: Collection[str]) -> None:
    """Raise ValueError unless exactly these sentences are offered and each needs only answers that are asked for."""
    if offered != tuple(tells):
        raise ValueError("tells: the question `what` has to offer exactly these sentences, in this order")
    for name, sentence in tells.items():
        if unknown := sorted(sentence.names - (set(questions) - {"what"})):
            raise ValueError(f"tells.{name}: no question is called {', '.join(unknown)}")
