"""`tracing.slow_spans` against an emulated Tempo."""

from collections.abc import AsyncIterator

import pytest
from data_changes import granted
from pydantic import ValidationError
from readings import measured, read, refusal, spoken, summary
from web_gate import TOKEN, gate

from sandbox.world.observability.tempo import Span, Tempo, Trace, open_tempo


@pytest.fixture
async def tempo() -> AsyncIterator[Tempo]:
    async with open_tempo() as tempo:
        tempo.traces = [
            Trace("agente-api", "GET /health", 12),
            Trace("agente-api", "POST /chat", 5400, [Span("agente-api", "openai.chat", 5100)]),
            Trace("gateway", "POST /leads", 900, [Span("agente-api", "SELECT leads", 800), Span("crm", "sync", 850)]),
            Trace("agente-api", "POST /chat", 9000, minutes_ago=120),
        ]
        yield tempo


async def test_slow_spans_of_the_service_are_told_worst_first(tempo: Tempo) -> None:
    reading = await read("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=500)
    assert measured(reading) == {"traces": 2, "worst_ms": 5400}
    assert summary(reading) == "slow traces: 2; the worst span took 5400 ms, below agente-api POST /chat"
    assert reading.evidence[0].startswith("5400 ms: agente-api POST /chat  ")
    assert reading.evidence[1].startswith("800 ms in SELECT leads: gateway POST /leads  ")
    assert tempo.traces[2].id in reading.evidence[1]


async def test_older_traces_count_only_in_a_wider_window(tempo: Tempo) -> None:
    wider = await read("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=500, minutes=180)
    assert measured(wider) == {"traces": 3, "worst_ms": 9000}


async def test_a_fast_service_has_no_slow_spans(tempo: Tempo) -> None:
    reading = await read("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=6000)
    assert measured(reading) == {"traces": 0, "worst_ms": 0}
    assert summary(reading) == "no span of agente-api took longer than 6000 ms"


async def test_very_many_slow_traces_are_counted_up_to_the_bound(tempo: Tempo) -> None:
    tempo.traces = [Trace("agente-api", "POST /chat", 700 + index) for index in range(60)]
    reading = await read("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=500)
    assert summary(reading).startswith("slow traces: 50 or more; the worst span took ")
    assert len(reading.evidence) == 12


async def test_names_from_outside_are_masked(tempo: Tempo) -> None:
    tempo.traces = [
        Trace("agente-api", "GET /users/maria@example.com", 700, [Span("agente-api", "password=hunter2", 900)])
    ]
    reading = await read("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=500)
    assert "900 ms in password=***: agente-api GET /users/***@example.com" in reading.evidence[0]
    assert "maria" not in repr(reading)
    assert "hunter2" not in repr(reading)


async def test_a_tenant_is_named_and_a_missing_one_is_told(tempo: Tempo) -> None:
    tempo.tenant = "ops"
    error = await refusal("tracing.slow_spans", {"url": tempo.url}, service="agente-api", min_ms=500)
    assert "Check the secret and the `tenant` of this target." in spoken(error)
    reading = await read("tracing.slow_spans", {"url": tempo.url, "tenant": "ops"}, service="agente-api", min_ms=500)
    assert measured(reading)["traces"] == 2


async def test_what_the_permissions_page_grants_is_enough(tempo: Tempo) -> None:
    async with gate(tempo.url, granted("http tempo").splitlines()) as opened:
        address = {"url": opened.url, "token": TOKEN}
        assert measured(await read("tracing.slow_spans", address, service="agente-api", min_ms=500))["traces"] == 2
    assert opened.seen == ["GET /api/search"]


async def test_a_service_name_cannot_carry_a_query(tempo: Tempo) -> None:
    with pytest.raises(ValidationError):
        await read("tracing.slow_spans", {"url": tempo.url}, service='x" || true || "', min_ms=1)
