"""What is read from the end of a log file, on this machine and over SSH."""

import json
import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time

import pytest
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, reveal, spoken, summary
from ssh_server import SshServer, serving

from bot.core.errors import Denied, TargetError
from bot.providers import operation


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[SshServer]:
    async with serving(tmp_path / "machine") as server:
        yield server


@pytest.fixture(params=["here", "over SSH"])
def place(request: pytest.FixtureRequest, server: SshServer) -> Settings:
    """The two ways to a file."""
    return {} if request.param == "here" else server.address()


def written(folder: Path, *lines: str) -> str:
    file = folder / "app.log"
    file.write_text("\n".join(lines) + "\n")
    return str(file)


def ago(minutes: float) -> datetime:
    return datetime.now(UTC) - timedelta(minutes=minutes)


async def test_lines_are_counted_and_masked(place: Settings, tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "INFO request done",
        "ERROR OpenAI duration 812 ms for maria@example.com",
        "ERROR OpenAI API Error 429: Rate limit, key sk-abc123def456ghi789jkl",
        "INFO request done",
    )
    reading = await read("log_file.lines", {**place, "path": path}, contains=["openai"], number_after="duration")
    values = measured(reading)
    assert {"lines": 4, "matched": 2, "share_percent": 50.0, "number_max": 812.0}.items() <= values.items()
    assert values["file_age_s"] in range(300)
    assert reading.evidence == (
        "app.log: ERROR OpenAI duration 812 ms for ***@example.com",
        "app.log: ERROR OpenAI API Error 429: Rate limit, key ***",
    )


async def test_only_the_newest_lines_are_looked_at(place: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, *(f"line {number} ERROR" for number in range(100)))
    reading = await read("log_file.lines", {**place, "path": path}, lines=5, contains=["error"])
    assert measured(reading)["matched"] == 5
    assert reading.evidence[0] == "app.log: line 95 ERROR"


async def test_a_line_that_is_still_being_written_counts_as_the_newest(place: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, "one", "two")
    with open(path, "a") as file:  # noqa: ASYNC230 - a few bytes
        file.write("three, not ended yet")
    reading = await read("log_file.lines", {**place, "path": path}, lines=1)
    assert reading.evidence == ("app.log: three, not ended yet",)


async def test_a_file_of_very_long_lines_still_gives_its_newest(place: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, *(f"{number} {'x' * 5000}" for number in range(1500)), "the end")
    reading = await read("log_file.lines", {**place, "path": path}, lines=5000, contains=["end"])
    assert reading.evidence[-1] == "app.log: the end"
    lines = measured(reading)["lines"]
    assert isinstance(lines, int)
    assert 700 < lines < 900


@pytest.mark.parametrize(
    "stamped",
    [
        lambda minutes: f"{ago(minutes).isoformat()} ERROR auth_failure",
        lambda minutes: f"{ago(minutes):%Y-%m-%d %H:%M:%S,%f} ERROR auth_failure",
        lambda minutes: f"{ago(minutes):%Y/%m/%d %H:%M:%S} [error] auth_failure",
        lambda minutes: f'1.2.3.4 - - [{ago(minutes):%d/%b/%Y:%H:%M:%S +0000}] "POST auth_failure"',
        lambda minutes: json.dumps({"event": "auth_failure", "timestamp": ago(minutes).isoformat()}),
        lambda minutes: json.dumps({"event": "auth_failure", "ts": time() - 60 * minutes}),
        lambda minutes: json.dumps({"event": "auth_failure", "time": round(1000 * (time() - 60 * minutes))}),
    ],
    ids=["iso", "python", "nginx error", "nginx access", "json text", "json seconds", "json milliseconds"],
)
async def test_a_window_of_minutes_leaves_older_lines_out(stamped: object, tmp_path: Path) -> None:
    assert callable(stamped)
    path = written(tmp_path, stamped(90), stamped(30), "  of a traceback auth_failure", stamped(5))
    reading = await read("log_file.lines", {"path": path}, contains=["auth_failure"], minutes=60)
    assert measured(reading)["matched"] == 3
    assert measured(reading)["newest_age_s"] in range(298, 340)


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**20, 0.5, float("inf"), float("nan"), True])
async def test_a_number_that_is_no_time_does_not_cost_the_other_lines(number: float, tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps({"ts": number}), f"{ago(5).isoformat()} ERROR one")
    reading = await read("log_file.lines", {"path": path}, contains=["error"], minutes=60)
    assert measured(reading)["matched"] == 1


async def test_a_line_whose_beginning_is_out_of_reach_is_left_out(place: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, f"key {'s3same' * 700_000}", *["INFO"] * 3)
    reading = await read("log_file.lines", {**place, "path": path}, lines=10)
    assert measured(reading)["lines"] == 3
    assert "s3same" not in repr(reading)


async def test_times_without_an_offset_are_those_of_the_file_s_zone(tmp_path: Path) -> None:
    there = ago(3 * 60 + 5)
    path = written(tmp_path, f"{there:%Y-%m-%d %H:%M:%S} ERROR")
    address = {"path": path, "timezone": "America/Sao_Paulo"}
    assert measured(await read("log_file.lines", address, minutes=10))["lines"] == 1
    assert measured(await read("log_file.lines", {"path": path}, minutes=10))["lines"] == 0


async def test_a_window_over_lines_without_times_is_refused_instead_of_guessed(tmp_path: Path) -> None:
    path = written(tmp_path, "ERROR one", "ERROR 9999-99-99 99:99:99 two")
    assert "carry no time" in spoken(await refusal("log_file.lines", {"path": path}, minutes=10))


async def test_a_log_that_stopped_growing_shows_its_age(place: Settings, tmp_path: Path) -> None:
    path = written(tmp_path, "INFO")
    os.utime(path, (time() - 7200, time() - 7200))
    age = measured(await read("log_file.lines", {**place, "path": path}))["file_age_s"]
    assert age in range(7199, 7500)


async def test_values_of_a_field_are_counted_and_addresses_masked(place: Settings, tmp_path: Path) -> None:
    rows = [
        *[{"event": "rate_limit", "client": {"ip": "203.0.113.7"}}] * 5,
        *[{"event": "rate_limit", "client": {"ip": "198.51.100.20"}}] * 2,
        {"event": "rate_limit", "client": {}},
        {"event": "login", "client": {"ip": "192.0.2.1"}},
    ]
    path = written(tmp_path, *map(json.dumps, rows), "rate_limit in a line that is not JSON")
    reading = await read("log_file.json_field", {**place, "path": path}, field="client.ip", contains=["rate_limit"])
    values = measured(reading)
    assert {"lines": 10, "matched": 9, "with_field": 7, "distinct": 2, "top_count": 5}.items() <= values.items()
    assert values["top_share_percent"] == 71.4
    assert reading.evidence == ("×5 203.0.113.x", "×2 198.51.100.x")
    assert summary(reading) == "2 values of `client.ip` in 7 lines; the most frequent, 203.0.113.x, ×5"


async def test_the_restricted_channel_reads_the_addresses_in_full_and_no_more(place: Settings, tmp_path: Path) -> None:
    rows = [{"ip": "203.0.113.7", "user": "ana@example.com"}, {"ip": "2001:db8::7", "user": "sk-abc123def456ghi789jkl"}]
    path = written(tmp_path, *map(json.dumps, [*rows, rows[0]]))
    addresses = await reveal("log_file.json_field", {**place, "path": path}, field="ip")
    assert addresses == ("×2 203.0.113.7", "×1 2001:db8::7")
    people = await reveal("log_file.json_field", {**place, "path": path}, field="user")
    assert people == ("×2 ***@example.com", "×1 ***")


async def test_a_field_that_no_line_has_is_unknown(tmp_path: Path) -> None:
    path = written(tmp_path, "plain", "[1, 2]", '{"broken": ', "{" * 2000)
    reading = await read("log_file.json_field", {"path": path}, field="ip")
    assert measured(reading)["lines"] == 4
    assert "has the field `ip`" in missing(reading, "top_count")


async def test_a_missing_file_is_said_by_name(place: Settings, tmp_path: Path) -> None:
    error = await refusal("log_file.lines", {**place, "path": f"{tmp_path}/gone.log"})
    assert type(error) is TargetError
    assert f"{tmp_path}/gone.log" in spoken(error)
    folder = await refusal("log_file.lines", {**place, "path": str(tmp_path)})
    assert "is not a file" in spoken(folder)


async def test_a_file_closed_to_the_user_says_what_to_grant(server: SshServer, tmp_path: Path) -> None:
    path = written(tmp_path, "INFO")
    os.chmod(path, 0o600 if os.geteuid() == 0 else 0)
    server.is_nobody = True
    error = await refusal("log_file.lines", server.address(path=path))
    assert isinstance(error, Denied)
    assert f"`setfacl -m u:plantao:rX {path}`" in spoken(error)


@pytest.mark.parametrize(
    "address",
    [
        {"path": "logs/app.log"},
        {"path": "/var/log/../shadow"},
        {"path": "/var/log/app.log", "timezone": "Mars/Olympus"},
        {"path": "/var/log/app.log", "host": "db1"},
        {"path": "/var/log/app.log", "host": "db1", "key": "s3same"},
    ],
)
def test_a_wrong_address_is_refused_without_being_quoted(address: Settings) -> None:
    with pytest.raises(ValidationError) as caught:
        operation("log_file.lines").address.model_validate(address)
    assert "s3same" not in str(caught.value)
