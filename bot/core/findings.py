"""What a check says: measurements judged against thresholds."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from bot.core.text import Text, say

Quantity: TypeAlias = float | int | str | bool | None


class Level(StrEnum):
    """The four answers of a check; `unknown` is an honest one."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    CRIT = "crit"


WORST_FIRST = (Level.CRIT, Level.WARN, Level.UNKNOWN, Level.OK)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One measured value; None means that the target did not tell, with the reason in `missing`."""

    name: str
    value: Quantity
    unit: str = ""
    missing: Text | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """Where more is to be seen: an https address without credentials."""

    title: Text
    url: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What a READ operation brings home: a one-line summary, measurements, and masked evidence lines.

    `trend` is a series worth drawing, oldest first; `picture` is a PNG, `document` masked text for a file of its own.
    """

    summary: Text
    measurements: tuple[Measurement, ...] = ()
    evidence: tuple[str, ...] = ()
    trend: tuple[float, ...] = ()
    links: tuple[Link, ...] = ()
    picture: bytes = b""
    document: bytes = b""


@dataclass(frozen=True, slots=True)
class Threshold:
    """Limits for one measurement. As in the runbooks, passing a limit counts and touching it does not.

    `below` turns the direction round; `expect` wants one exact value, which a person may have written as text.
    """

    warn: float | None = None
    crit: float | None = None
    below: bool = False
    expect: Quantity = None
    otherwise: Level = Level.CRIT


@dataclass(frozen=True, slots=True)
class Judgement:
    """One measurement with the level and the limit that made it so."""

    measurement: Measurement
    level: Level
    limit: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """The answer of one check."""

    check: str
    title: Text
    level: Level
    summary: Text
    judgements: tuple[Judgement, ...] = ()
    evidence: tuple[str, ...] = ()
    took: float = 0.0
    at: datetime | None = None
    target: str = field(default="")
    trend: tuple[float, ...] = ()
    links: tuple[Link, ...] = ()
    picture: bytes = b""
    document: bytes = b""


def judge(measurement: Measurement, threshold: Threshold | None) -> Judgement:
    """Compare one measurement with its limits; without limits it is only reported."""
    if threshold is None:
        return Judgement(measurement, Level.OK)
    if measurement.value is None:
        return Judgement(measurement, Level.UNKNOWN)
    if threshold.expect is not None:
        is_so = threshold.expect in (measurement.value, str(measurement.value))
        level = Level.OK if is_so else threshold.otherwise
        return Judgement(measurement, level, f"= {threshold.expect}")
    return _judge_number(measurement, threshold)


def _judge_number(measurement: Measurement, threshold: Threshold) -> Judgement:
    value = measurement.value
    if isinstance(value, str) or value is None:
        return Judgement(measurement, Level.UNKNOWN)
    sign = "<" if threshold.below else ">"
    for level, limit in ((Level.CRIT, threshold.crit), (Level.WARN, threshold.warn)):
        if limit is not None and (value < limit if threshold.below else value > limit):
            return Judgement(measurement, level, f"{sign} {limit:g}")
    nearest = threshold.warn if threshold.warn is not None else threshold.crit
    return Judgement(measurement, Level.OK, "" if nearest is None else f"{sign} {nearest:g}")


def conclude(check: str, title: Text, reading: Reading, thresholds: Mapping[str, Threshold]) -> Finding:
    """Judge a reading; a threshold whose measurement is missing makes the finding unknown, never ok."""
    judged = tuple(judge(measurement, thresholds.get(measurement.name)) for measurement in reading.measurements)
    named = {measurement.name for measurement in reading.measurements}
    absent = tuple(
        Judgement(Measurement(name, None, missing=say("not reported")), Level.UNKNOWN)
        for name in thresholds
        if name not in named
    )
    judgements = judged + absent
    level = worst(judgement.level for judgement in judgements)
    return Finding(
        check,
        title,
        level,
        reading.summary,
        judgements,
        reading.evidence,
        trend=reading.trend,
        links=reading.links,
        picture=reading.picture,
        document=reading.document,
    )


def worst(levels: Iterable[Level]) -> Level:
    """The level that a person must read first; nothing at all is ok."""
    found = set(levels)
    return next((level for level in WORST_FIRST if level in found), Level.OK)


def ranked(findings: Iterable[Finding]) -> list[Finding]:
    """Worst first, otherwise in the order given."""
    return sorted(findings, key=lambda finding: WORST_FIRST.index(finding.level))


def timed(finding: Finding, took: float, at: datetime) -> Finding:
    """The same finding with its duration in seconds and its moment."""
    return replace(finding, took=took, at=at)
