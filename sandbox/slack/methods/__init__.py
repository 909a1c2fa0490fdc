"""The Web API methods this emulator knows, one literal row each: arguments, scopes, tier, errors it may answer."""

from . import apps, channels, documents, messages, people, screens
from .row import COMMON_ERRORS, Method

__all__ = ["COMMON_ERRORS", "METHODS", "Method"]

_ROWS = (*apps.ROWS, *channels.ROWS, *documents.ROWS, *messages.ROWS, *people.ROWS, *screens.ROWS)

METHODS = {row.name: row for row in _ROWS}
