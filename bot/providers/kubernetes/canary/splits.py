"""What holds a weight between two Services, and how it is set."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.text import Text
from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.resources import Resource


@dataclass(frozen=True, slots=True)
class Split:
    """An object with a weight: what share it gives the canary now, and the steps of a patch that give another."""

    resource: Resource
    document: Document
    share: float
    edits: Callable[[int], list[Document]]
    cautions: tuple[Text, ...] = ()
