"""Reading logs: pick the lines that matter, count what repeats, measure; every line leaves masked."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters
from bot.core.redaction import mask
from bot.core.text import Text, say

LINE_LIMIT: Final = 300
FILE_LIMIT: Final = 512 * 1024
Grouping: TypeAlias = Literal["message", "source", "address", "agent", "none"]


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line; `source` is the pod, container, service or file that wrote it."""

    source: str
    text: str
    at: datetime | None = None


class LogQuery(Parameters):
    """Which lines are wanted: any of the words in `contains`, all of those in `also`, none of those in `without`.

    Upper and lower case are alike. `lines` is how many of the newest to look at per source; `number_after` names the
    words in front of a figure worth measuring (`LLM latency`). Without grouping, `around` shows so many lines of the
    same source before and after each one. `file` also brings all of them, as a text to be attached.
    """

    contains: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    lines: int = Field(200, ge=1, le=5000)
    minutes: int | None = Field(None, ge=1, le=7 * 24 * 60)
    group: Grouping = "none"
    top: int = Field(10, ge=1, le=50)
    number_after: str = ""
    around: int = Field(0, ge=0, le=5)
    file: bool = False


def read_lines(lines: Sequence[LogLine], wanted: LogQuery, now: datetime) -> Reading:
    """What the lines say about the query.

    Measurements: `lines` looked at, `matched`, `share_percent`, `sources` that have a match, `busiest_percent` (share
    of the source with most matches), `distinct` messages, `most_repeated`, `newest_age_s` where lines carry their
    time, and `number_p50`, `number_max` for `number_after`.
    """
    matched = [line for line in lines if _is_wanted(line, wanted)]
    groups = Counter(_key(line, wanted.group) for line in matched)
    groups.pop("", None)
    messages = Counter(normalised(line.text) for line in matched)
    by_source = Counter(line.source for line in matched)
    measurements = (
        Measurement("lines", len(lines)),
        Measurement("matched", len(matched)),
        _share("share_percent", len(matched), len(lines)),
        Measurement("sources", len(by_source)),
        _share("busiest_percent", max(by_source.values(), default=0), len(matched)),
        Measurement("distinct", len(messages)),
        Measurement("most_repeated", max(messages.values(), default=0)),
        *_age(lines, now),
        *_numbers(matched, wanted.number_after),
    )
    evidence = _ranked(groups, wanted) if wanted.group != "none" else _newest(lines, matched, wanted)
    reading = Reading(_summary(len(lines), matched, messages, wanted), measurements, tuple(evidence))
    return _with_file(reading, matched) if wanted.file else reading


def _with_file(reading: Reading, matched: Sequence[LogLine]) -> Reading:
    """The newest lines that a file holds, oldest first; its first line says how many are missing."""
    rows, size = list[bytes](), 0
    for line in reversed(matched):
        row = f"{f'{line.at:%Y-%m-%d %H:%M:%S} ' if line.at else ''}{_shown(line)}\n".encode()
        size += len(row)
        if size > FILE_LIMIT:
            break
        rows.append(row)
    left_out = len(matched) - len(rows)
    if left_out:
        rows.append(f"({left_out} older lines are left out: the file holds {FILE_LIMIT // 1024} KiB)\n".encode())
    more = (Measurement("in_file", len(matched) - left_out), Measurement("left_out", left_out))
    return replace(reading, measurements=reading.measurements + more, document=b"".join(reversed(rows)))


def addresses_in(lines: Sequence[LogLine], wanted: LogQuery) -> tuple[str, ...]:
    """The addresses in the lines that are wanted, most frequent first: unmasked, for the restricted channel alone."""
    found = (_ADDRESS.search(line.text) for line in lines if _is_wanted(line, wanted))
    return tuple(_ranked(Counter(address[0] for address in found if address), wanted))


def normalised(message: str) -> str:
    """The message without what makes each line unique: times, numbers, identifiers, quoted values."""
    message = mask(message)  # first: without its digits half of a token would pass for prose
    for pattern, replacement in _VARYING:
        message = pattern.sub(replacement, message)
    return " ".join(message.split())[:LINE_LIMIT]


def _is_wanted(line: LogLine, wanted: LogQuery) -> bool:
    text = line.text.lower()
    has_one = not wanted.contains or any(word.lower() in text for word in wanted.contains)
    has_all = all(word.lower() in text for word in wanted.also)
    return has_one and has_all and not any(word.lower() in text for word in wanted.without)


def _key(line: LogLine, group: Grouping) -> str:
    return _KEYS[group](line)


def _address(line: LogLine) -> str:
    found = _ADDRESS.search(line.text)
    return mask(found[0]) if found else ""


def _agent(line: LogLine) -> str:
    found = _AGENT.search(line.text)
    return mask(next(part for part in found.groups() if part))[:80] if found else ""


def _share(name: str, part: int, whole: int) -> Measurement:
    if not whole:
        return Measurement(name, None, "%", say("there are no lines to compare with"))
    return Measurement(name, round(100 * part / whole, 1), "%")


def _age(lines: Sequence[LogLine], now: datetime) -> tuple[Measurement, ...]:
    times = [line.at for line in lines if line.at]
    return (Measurement("newest_age_s", round((now - max(times)).total_seconds()), "s"),) if times else ()


def _numbers(matched: Sequence[LogLine], words: str) -> tuple[Measurement, ...]:
    if not words:
        return ()
    pattern = re.compile(re.escape(words) + r"\D{0,20}?(\d{1,12}(?:\.\d{1,9})?)", re.IGNORECASE)
    figures = sorted(float(found[1]) for line in matched if (found := pattern.search(line.text)))
    if not figures:
        missing = say("no line has a figure after “{words}”", words=words)
        return tuple(Measurement(name, None, missing=missing) for name in ("number_p50", "number_max"))
    return (
        Measurement("number_p50", figures[(len(figures) - 1) // 2]),
        Measurement("number_max", figures[-1]),
    )


def _summary(looked_at: int, matched: Sequence[LogLine], messages: Mapping[str, int], wanted: LogQuery) -> Text:
    if not looked_at:
        return say("no log lines there")
    if not (wanted.contains or wanted.also or wanted.without):
        return say("{count} lines read", count=looked_at)
    if not matched:
        return say("none of {count} lines matches {words}", count=looked_at, words=_words(wanted))
    message, times = max(messages.items(), key=lambda pair: pair[1])
    return say(
        "{matched} of {count} lines match {words}, most often (×{times}): {message}",
        matched=len(matched),
        count=looked_at,
        words=_words(wanted),
        times=times,
        message=message[:120],
    )


def _words(wanted: LogQuery) -> str:
    return " + ".join(filter(None, (" | ".join(wanted.contains), *wanted.also))) or "—"


def _ranked(groups: Mapping[str, int], wanted: LogQuery) -> Iterator[str]:
    """What repeats, most frequent first."""
    ranked = sorted(groups.items(), key=lambda pair: (-pair[1], pair[0]))
    yield from (f"×{times} {key}" for key, times in ranked[: wanted.top])


def _newest(lines: Sequence[LogLine], matched: Sequence[LogLine], wanted: LogQuery) -> Iterator[str]:
    """The newest lines; with `around` each among its neighbours, source by source, and marked."""
    newest = matched[-wanted.top :]
    if not wanted.around:
        yield from map(_shown, newest)
        return
    meant = set(map(id, newest))
    for source in dict.fromkeys(line.source for line in newest):
        log = [line for line in lines if line.source == source]
        places = [place for place, line in enumerate(log) if id(line) in meant]
        near = {other for place in places for other in range(place - wanted.around, place + wanted.around + 1)}
        for place in sorted(near & set(range(len(log)))):
            yield f"{'>' if place in places else ' '} {_shown(log[place])}"


def _shown(line: LogLine) -> str:
    text = mask(line.text)[:LINE_LIMIT]
    return f"{line.source}: {text}" if line.source else text


_ADDRESS: Final = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_AGENT: Final = re.compile(r"(?i)user[-_]agent[\"']?\s{0,3}[:=]\s{0,3}(?:\"([^\"]{1,200})|(\S{1,200}))")
_KEYS: Final[Mapping[Grouping, Callable[[LogLine], str]]] = {
    "message": lambda line: normalised(line.text),
    "source": lambda line: line.source,
    "address": _address,
    "agent": _agent,
    "none": lambda line: "",
}
_VARYING: Final = (
    (re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}[\d.,]*(?:Z|[+-]\d{2}:?\d{2})?"), ""),
    (re.compile(r"\b[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}\b"), "<id>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{12,}\b"), "<id>"),
    (re.compile(r"\d+(?:\.\d+)*"), "N"),
)
