"""A message before it is stored."""

from dataclasses import dataclass, field
from typing import Any

from .conversations import Blocks


@dataclass(frozen=True)
class Draft:
    """What a message will say, and where in the channel."""

    text: str
    blocks: Blocks = field(default_factory=list)
    thread_ts: str | None = None
    is_broadcast: bool = False
    names_are_linked: bool = False
    metadata: dict[str, Any] | None = None
    files: list[dict[str, Any]] = field(default_factory=list)
