"""A place for evidence as an approver sees it."""

from dataclasses import dataclass

from bot.core.preview import Line
from bot.core.text import Text


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to know about it, and what is to be warned of."""

    lines: tuple[Line, ...]
    warnings: tuple[Text, ...] = ()
