"""What every observability operation says of a target that is dead, hangs, forbids it or is something else."""

import asyncio
from time import monotonic

import pytest
from readings import refusal, spoken
from web_gate import hanging, saying

from bot.core.errors import Denied, TimedOut, Unreachable
from tests.ports import NOBODY

READS: list[tuple[str, dict[str, object]]] = [
    ("prometheus.query", {"query": "up"}),
    ("prometheus.range", {"query": "up", "minutes": 5}),
    ("prometheus.scrape", {"metric": "up"}),
    ("prometheus.alerts", {}),
    ("prometheus.targets", {}),
    ("alertmanager.alerts", {}),
    ("grafana.dashboard", {"uid": "api-overview"}),
    ("tracing.slow_spans", {"service": "agente-api", "min_ms": 500}),
    ("pagerduty.incidents", {}),
    ("pagerduty.oncall", {"schedule": "PSCHED1"}),
]
each = pytest.mark.parametrize(("name", "parameters"), READS, ids=[name for name, _ in READS])


def at(url: str) -> dict[str, object]:
    return {"url": url, "token": "s3same-token"}


@each
async def test_nothing_listening_is_told_without_credentials(name: str, parameters: dict[str, object]) -> None:
    error = await refusal(name, at(f"http://ana:s3same@127.0.0.1:{NOBODY}"), **parameters)
    assert isinstance(error, Unreachable)
    assert "Nothing answers at 127.0.0.1" in spoken(error)


async def test_what_hangs_is_given_up_within_the_limit() -> None:
    async with hanging() as url:
        begun = monotonic()
        errors = await asyncio.gather(*(refusal(name, at(url), **parameters) for name, parameters in READS))
        took = monotonic() - begun
    assert {type(error) for error in errors} == {TimedOut}
    assert 3.5 < took < 30


@each
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_says_what_to_check_or_grant(name: str, parameters: dict[str, object], status: int) -> None:
    async with saying('{"message": "no"}', status) as url:
        error = await refusal(name, at(url), **parameters)
    assert isinstance(error, Denied)
    assert f"({status})" in spoken(error)


@each
async def test_an_error_of_the_server_is_told_masked(name: str, parameters: dict[str, object]) -> None:
    async with saying('{"error": "no disk, ask maria@example.com, password=s3same"}', 500) as url:
        error = await refusal(name, at(url), **parameters)
    assert "answers 500: no disk, ask ***@example.com, password=***" in spoken(error)


@each
async def test_an_error_page_is_told_by_its_status(name: str, parameters: dict[str, object]) -> None:
    async with saying("<html>Bad gateway s3same</html>", 502) as url:
        assert spoken(await refusal(name, at(url), **parameters)).endswith(" answers 502.")


@pytest.mark.parametrize("body", ["<html>It works!</html>", '{"status": "success"}', '{"data": {"result": 4}}', "7"])
@each
async def test_something_else_behind_the_address_is_told(name: str, parameters: dict[str, object], body: str) -> None:
    async with saying(body) as url:
        error = await refusal(name, at(url), **parameters)
    unlike = "holds no metrics" if name == "prometheus.scrape" else "does not look like"
    assert unlike in spoken(error)


@each
async def test_an_endless_answer_is_given_up(name: str, parameters: dict[str, object]) -> None:
    async with saying("[" + " " * 5_000_000 + "]") as url:
        assert "larger than 4 MB" in spoken(await refusal(name, at(url), **parameters))
