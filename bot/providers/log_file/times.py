"""When a line of a log was written, in the spellings that applications use."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from zoneinfo import ZoneInfo

from bot.core.loglines import LogLine

_FIELDS: Final = ("timestamp", "@timestamp", "time", "ts", "asctime", "datetime", "date")
_ISO: Final = re.compile(
    r"(?P<day>\d{4}[-/]\d\d[-/]\d\d)[T ](?P<time>\d\d:\d\d:\d\d)(?:[.,](?P<part>\d{1,9}))?"
    r"\s?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_ACCESS: Final = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
_HEAD: Final = 120
_YEAR_2001: Final = 1_000_000_000


def dated(texts: Sequence[str], source: str, zone: str) -> list[LogLine]:
    """The lines with their times; one without a time of its own has that of the line before, as in a traceback."""
    found: list[LogLine] = []
    at: datetime | None = None
    local = ZoneInfo(zone)
    for text in texts:
        at = _moment(text, local) or at
        found.append(LogLine(source, text, at))
    return found


def fields_of(text: str) -> Mapping[str, Any] | None:
    """The line as a JSON object, if it is one."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None


def _moment(text: str, local: tzinfo) -> datetime | None:
    fields = fields_of(text)
    if fields is not None:
        value = next((fields[name] for name in _FIELDS if fields.get(name)), "")
        return _from_number(value) if isinstance(value, int | float) else _from_words(str(value), local)
    return _from_words(text[:_HEAD], local)


def _from_words(words: str, local: tzinfo) -> datetime | None:
    try:
        if access := _ACCESS.search(words):
            return datetime.strptime(access[1], "%d/%b/%Y:%H:%M:%S %z")
        if iso := _ISO.search(words):
            stamp = f"{iso['day'].replace('/', '-')}T{iso['time']}.{(iso['part'] or '0')[:6]:0<6}"
            moment = datetime.fromisoformat(stamp + (iso["zone"] or "").replace("Z", "+00:00"))
            return moment if moment.tzinfo else moment.replace(tzinfo=local)
    except ValueError:
        return None  # digits in the right places that are no date
    return None


def _from_number(value: float) -> datetime | None:
    """Seconds since 1970, or milliseconds where that would be far beyond our time."""
    for unit in (1, 1000):
        if _YEAR_2001 * unit < value < 10 * _YEAR_2001 * unit:  # no division before: numbers in a log have any size
            return datetime.fromtimestamp(value / unit, UTC)
    return None
