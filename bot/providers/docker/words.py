"""How a container is told of: its state in the reader's language, and what of it stays as it is."""

from collections.abc import Mapping
from typing import Final

from bot.core.preview import Line
from bot.core.text import Text, say
from bot.providers.docker.anatomy import Container

_WORDS: Final[Mapping[str, Text]] = {
    "created": say("not started yet"),
    "running": say("running"),
    "restarting": say("restarting"),
    "exited": say("exited"),
    "paused": say("paused"),
    "healthy": say("healthy"),
    "unhealthy": say("unhealthy"),
    "starting": say("starting"),
}


def told(word: str) -> Text | str:
    """A state or a health; what is not known stays as it is."""
    return _WORDS.get(word, word)


def identity(container: Container) -> Line:
    """Which one a change is about."""
    return unchanged(say("container"), f"{container.name} ({container.id[:12]})")


def unchanged(label: Text, value: str) -> Line:
    """What stays as it is."""
    return Line(label, value, value)
