"""The two questions to a log file: which lines, and which values of a JSON field."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.loglines import LogLine, LogQuery, read_lines
from bot.core.operation import Read
from bot.core.redaction import mask, mask_but_addresses
from bot.core.text import Text, say
from bot.providers.crunching import crunch
from bot.providers.log_file.address import Address
from bot.providers.log_file.tail import End, end_of
from bot.providers.log_file.times import dated, fields_of

_LIMIT: Final = 14.0
_VALUE_LIMIT: Final = 120


class JsonField(LogQuery):
    """The lines that fit the query, counted by one field, a dotted path (`request.ip`)."""

    field: str = Field(pattern=r"^[A-Za-z0-9_@-]{1,60}(\.[A-Za-z0-9_@-]{1,60}){0,5}$")


async def _read_lines(address: Address, wanted: LogQuery) -> Reading:
    return await crunch(_told, await end_of(address, wanted.lines), address, wanted)


def _told(end: End, address: Address, wanted: LogQuery) -> Reading:
    reading = read_lines(_recent(end, address, wanted), wanted, datetime.fromtimestamp(end.now, UTC))
    return replace(reading, measurements=(*reading.measurements, *_file(end)))


async def _read_field(address: Address, wanted: JsonField) -> Reading:
    return await crunch(_told_field, await end_of(address, wanted.lines), address, wanted)


def _told_field(end: End, address: Address, wanted: JsonField) -> Reading:
    lines = _recent(end, address, wanted)
    fitting = _fitting(lines, wanted)
    values = _counted(fitting, wanted)
    counted, ranked = values.total(), _ranked(values)
    none = None if counted else say("no line that fits has the field `{field}`", field=wanted.field)
    return Reading(
        none or _summary(wanted.field, ranked, counted),
        (
            Measurement("lines", len(lines)),
            Measurement("matched", len(fitting)),
            Measurement("with_field", counted),
            Measurement("distinct", len(values)),
            Measurement("top_count", ranked[0][1] if ranked else None, missing=none),
            Measurement("top_share_percent", _percent(ranked[0][1], counted) if ranked else None, "%", none),
            *_file(end),
        ),
        tuple(f"×{times} {mask(value)[:_VALUE_LIMIT]}" for value, times in ranked[: wanted.top]),
    )


async def _reveal_field(address: Address, wanted: JsonField) -> tuple[str, ...]:
    return await crunch(_revealed, await end_of(address, wanted.lines), address, wanted)


def _revealed(end: End, address: Address, wanted: JsonField) -> tuple[str, ...]:
    ranked = _ranked(_counted(_fitting(_recent(end, address, wanted), wanted), wanted))[: wanted.top]
    return tuple(f"×{times} {mask_but_addresses(value)[:_VALUE_LIMIT]}" for value, times in ranked)


def _fitting(lines: list[LogLine], wanted: JsonField) -> list[LogLine]:
    return [line for line in lines if _fits(line.text.lower(), wanted)]


def _counted(lines: list[LogLine], wanted: JsonField) -> Counter[str]:
    return Counter(value for line in lines if (value := _value(line.text, wanted.field)) is not None)


def _ranked(values: Counter[str]) -> list[tuple[str, int]]:
    return sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))


def _summary(field: str, ranked: list[tuple[str, int]], counted: int) -> Text:
    return say(
        "{distinct} values of `{field}` in {counted} lines; the most frequent, {value}, ×{times}",
        distinct=len(ranked),
        field=field,
        counted=counted,
        value=mask(ranked[0][0])[:_VALUE_LIMIT],
        times=ranked[0][1],
    )


def _recent(end: End, address: Address, wanted: LogQuery) -> list[LogLine]:
    lines = dated(end.lines, PurePosixPath(address.path).name, address.timezone)
    if wanted.minutes is None or not lines:
        return lines
    if not any(line.at for line in lines):
        raise TargetError(
            "The lines of {path} carry no time that can be read; ask for a number of lines instead of minutes.",
            path=address.path,
        )
    since = datetime.fromtimestamp(end.now, UTC) - timedelta(minutes=wanted.minutes)
    return [line for line in lines if line.at and line.at >= since]


def _fits(text: str, wanted: LogQuery) -> bool:
    has_one = not wanted.contains or any(word.lower() in text for word in wanted.contains)
    return has_one and not any(word.lower() in text for word in wanted.without)


def _value(text: str, path: str) -> str | None:
    found: Any = fields_of(text)
    for step in path.split("."):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    return None if found is None or isinstance(found, dict | list) else str(found)


def _file(end: End) -> tuple[Measurement, ...]:
    """Whether it is still written to: logs that stop growing are a symptom of their own."""
    return (
        Measurement("file_age_s", max(0, round(end.age_s)), "s"),
        Measurement("size_mb", round(end.size / 1024 / 1024, 1), "MB"),
    )


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 1)


LINES = Read("log_file.lines", Address, LogQuery, _LIMIT, _read_lines)
JSON_FIELD = Read("log_file.json_field", Address, JsonField, _LIMIT, _read_field, _reveal_field)
