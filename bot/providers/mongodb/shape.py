"""What a command looks like without the values in it: those are customers' data."""

from typing import Any, Final

from bot.core.redaction import mask
from bot.providers.mongodb.connection import Document

_TELLING: Final = ("filter", "query", "q", "sort", "pipeline", "updates", "deletes", "indexes", "key", "hint")
_KEYS: Final = 8
_DEPTH: Final = 4
_LIMIT: Final = 200


def shape(command: Document) -> str:
    """The command's name and the fields it asks by: `find {status: ?} sort {created_at: ?}`."""
    name = next(iter(command), "")
    parts = [name, *(f"{key} {_of(command[key], 1)}" for key in _TELLING if key in command)]
    return mask(" ".join(parts))[:_LIMIT]


def slow_line(one: Document) -> str:
    """One slow query as the profiler and the server's log tell it."""
    command = one.get("command")
    millis = one.get("millis", one.get("durationMillis", 0))
    parts = (
        f"{millis} ms",
        mask(str(one.get("ns", "")))[:80],
        mask(str(one.get("planSummary", "—")))[:80],
        f"{one.get('docsExamined', '?')} examined for {one.get('nreturned', '?')}",
        shape(command if isinstance(command, dict) else {}),
    )
    return "  ".join(parts)


def _of(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        if depth > _DEPTH:
            return "{…}"
        inner = ", ".join(f"{str(key)[:60]}: {_of(one, depth + 1)}" for key, one in list(value.items())[:_KEYS])
        return f"{{{inner}{', …' if len(value) > _KEYS else ''}}}"
    if isinstance(value, list):
        if not value or not isinstance(value[0], dict):
            return "[?]"
        return f"[{', '.join(_of(one, depth + 1) for one in value[:_KEYS])}]"
    return "?"
