"""Judging measurements."""

import pytest

from bot.core.findings import Finding, Level, Measurement, Reading, Threshold, conclude, judge, ranked, worst
from bot.core.text import plain

OVER = Threshold(warn=80, crit=90)
UNDER = Threshold(warn=60, crit=20, below=True)


@pytest.mark.parametrize(
    ("value", "threshold", "level"),
    [
        (80, OVER, Level.OK),
        (80.1, OVER, Level.WARN),
        (90, OVER, Level.WARN),
        (91, OVER, Level.CRIT),
        (60, UNDER, Level.OK),
        (59, UNDER, Level.WARN),
        (19, UNDER, Level.CRIT),
        (0, UNDER, Level.CRIT),
        (None, OVER, Level.UNKNOWN),
        ("many", OVER, Level.UNKNOWN),
        (200, Threshold(expect=200), Level.OK),
        (503, Threshold(expect=200), Level.CRIT),
        ("degraded", Threshold(expect="healthy", otherwise=Level.WARN), Level.WARN),
        (None, Threshold(expect=True), Level.UNKNOWN),
        (10_000, None, Level.OK),
    ],
)
def test_a_limit_is_broken_by_passing_it(value: float | str | None, threshold: Threshold | None, level: Level) -> None:
    assert judge(Measurement("m", value), threshold).level is level


def test_a_threshold_whose_measurement_is_missing_makes_the_finding_unknown() -> None:
    reading = Reading(plain("all well"), (Measurement("there", 1),))
    assert conclude("c", plain("c"), reading, {"there": OVER, "absent": OVER}).level is Level.UNKNOWN
    assert conclude("c", plain("c"), reading, {"there": OVER}).level is Level.OK


def test_the_worst_comes_first_and_nothing_is_ok() -> None:
    assert worst([]) is Level.OK
    assert worst([Level.OK, Level.UNKNOWN]) is Level.UNKNOWN
    assert worst([Level.UNKNOWN, Level.WARN, Level.OK]) is Level.WARN
    findings = [Finding(str(level), plain(""), level, plain("")) for level in (Level.OK, Level.CRIT, Level.WARN)]
    assert [finding.level for finding in ranked(findings)] == [Level.CRIT, Level.WARN, Level.OK]
