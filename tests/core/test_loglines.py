"""Logs are counted by what they say, not by what makes each line unique, and nothing leaves them unmasked."""

from datetime import UTC, datetime, timedelta

from bot.core.findings import Reading
from bot.core.loglines import FILE_LIMIT, LogLine, LogQuery, normalised, read_lines

NOW = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
LINES = (
    LogLine("api-1", "2026-03-14T02:58:01Z ERROR timeout after 31 ms for order 81234", NOW - timedelta(seconds=90)),
    LogLine("api-1", "2026-03-14T02:58:02Z INFO ok", NOW - timedelta(seconds=80)),
    LogLine("api-2", "2026-03-14T02:58:03Z ERROR timeout after 44 ms for order 99", NOW - timedelta(seconds=70)),
    LogLine(
        "api-2", "ERROR login failed for ana@example.com token=sk-live-4242424242424242", NOW - timedelta(seconds=60)
    ),
)


def values(reading: Reading) -> dict[str, object]:
    return {measurement.name: measurement.value for measurement in reading.measurements}


def test_lines_that_differ_in_figures_only_are_one_message() -> None:
    found = read_lines(LINES, LogQuery(contains=("error",), group="message"), NOW)
    assert values(found) | {"lines": 4, "matched": 3, "distinct": 2, "most_repeated": 2, "sources": 2} == values(found)
    assert found.evidence[0] == "×2 ERROR timeout after N ms for order N"


def test_the_share_and_the_age_of_the_newest_line_are_measured() -> None:
    found = values(read_lines(LINES, LogQuery(contains=("error",)), NOW))
    assert found["share_percent"] == 75.0
    assert found["busiest_percent"] == 66.7
    assert found["newest_age_s"] == 60


def test_a_figure_behind_words_is_measured() -> None:
    found = values(read_lines(LINES, LogQuery(number_after="timeout after"), NOW))
    assert (found["number_p50"], found["number_max"]) == (31.0, 44.0)


def test_words_to_leave_out_are_left_out() -> None:
    assert values(read_lines(LINES, LogQuery(contains=("error",), without=("login",)), NOW))["matched"] == 2


def test_a_file_holds_every_wanted_line_masked_and_oldest_first() -> None:
    found = read_lines(LINES, LogQuery(contains=("error",), top=1, file=True), NOW)
    rows = found.document.decode().splitlines()
    assert rows[0] == "2026-03-14 02:58:30 api-1: 2026-03-14T02:58:01Z ERROR timeout after 31 ms for order 81234"
    assert rows[2] == "2026-03-14 02:59:00 api-2: ERROR login failed for ***@example.com token=***"
    assert values(found) | {"in_file": 3, "left_out": 0} == values(found)


def test_a_file_that_would_be_too_big_leaves_older_lines_out_and_says_so() -> None:
    many = [LogLine("api", f"{number:05} {'x' * 280}") for number in range(3000)]
    found = read_lines(many, LogQuery(file=True), NOW)
    rows = found.document.decode().splitlines()
    assert FILE_LIMIT - 1024 < len(found.document) < FILE_LIMIT + 1024
    assert rows[-1].startswith("api: 02999 ")
    assert rows[0] == f"({3001 - len(rows)} older lines are left out: the file holds 512 KiB)"
    assert values(found)["left_out"] == 3001 - len(rows)


def test_without_being_asked_for_there_is_no_file() -> None:
    assert read_lines(LINES, LogQuery(), NOW).document == b""


def test_several_words_can_be_wanted_in_one_line() -> None:
    found = read_lines(LINES, LogQuery(contains=("login", "order"), also=("error", "31")), NOW)
    assert values(found)["matched"] == 1
    assert found.summary.values["words"] == "login | order + error + 31"


def test_a_line_is_shown_among_its_neighbours_of_the_same_source() -> None:
    log = [LogLine(source, f"{source} says {number}") for number in range(6) for source in ("a", "b")]
    found = read_lines(log, LogQuery(contains=("a says 0", "a says 3", "b says 5"), around=1), NOW)
    assert found.evidence == (
        "> a: a says 0",
        "  a: a says 1",
        "  a: a says 2",
        "> a: a says 3",
        "  a: a says 4",
        "  b: b says 4",
        "> b: b says 5",
    )


def test_no_lines_are_no_share() -> None:
    found = read_lines((), LogQuery(contains=("error",)), NOW)
    share = next(one for one in found.measurements if one.name == "share_percent")
    assert share.value is None
    assert share.missing is not None


def test_neither_evidence_nor_groups_nor_the_summary_carry_what_must_be_masked() -> None:
    for query in (LogQuery(contains=("login",)), LogQuery(contains=("login",), group="message")):
        found = read_lines(LINES, query, NOW)
        said = " ".join([*found.evidence, str(found.summary.values)])
        assert "ana@" not in said
        assert "4242" not in said
        assert "sk-live" not in said


def test_a_token_is_masked_before_its_digits_are_taken_out() -> None:
    assert "sk-" not in normalised("refused sk-abcdefgh12345678abcdefgh")
