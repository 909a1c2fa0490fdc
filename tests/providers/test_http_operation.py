"""`http.get` against a real web server on loopback: what it measures, and what it says of a sick one."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web
from pydantic import ValidationError
from readings import measured, missing, read, refusal, spoken, summary
from redis_server import self_signed

from bot.core.errors import TargetError, TimedOut, Unreachable
from tests.ports import NOBODY, free_port

DOCUMENT = {
    "status": "healthy",
    "version": "2.4.0",
    "ready": True,
    "pool": {"in_use": 17},
    "checks": [{"name": "db", "ms": 3.5}],
    "owner": "maria@example.com",
    "nothing": None,
    "queue": [],
}


class Patient:
    """A web server that counts its visitors and can be slow, broken or talkative."""

    def __init__(self) -> None:
        self.visits = 0
        self.url = ""

    async def health(self, request: web.Request) -> web.Response:
        self.visits += 1
        return web.json_response(DOCUMENT)

    async def flaky(self, _: web.Request) -> web.Response:
        self.visits += 1
        return web.Response(status=503 if self.visits == 2 else 200, text=f"visit {self.visits}")

    async def moved(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/health")

    async def round_and_round(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/round")

    async def chatty(self, _: web.Request) -> web.Response:
        return web.Response(text="db_password=hunter2 user maria@example.com\n" + "x" * 600)

    async def endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b'{"status": "' + b"y" * 10_000)

    async def dripping(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b".")
            await asyncio.sleep(0.05)

    async def hanging_up(self, request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()


@asynccontextmanager
async def serving(patient: Patient, tls: ssl.SSLContext | None = None) -> AsyncIterator[Patient]:
    app = web.Application()
    app.add_routes(
        [
            web.get("/health", patient.health),
            web.get("/flaky", patient.flaky),
            web.get("/moved", patient.moved),
            web.get("/round", patient.round_and_round),
            web.get("/chatty", patient.chatty),
            web.get("/endless", patient.endless),
            web.get("/dripping", patient.dripping),
            web.get("/hanging-up", patient.hanging_up),
        ]
    )
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    patient.url = f"http{'s' if tls else ''}://127.0.0.1:{port}"
    try:
        yield patient
    finally:
        await runner.cleanup()


@pytest.fixture
async def patient() -> AsyncIterator[Patient]:
    async with serving(Patient()) as patient:
        yield patient


async def test_a_healthy_answer_gives_status_latency_and_size(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/health")
    values = measured(reading)
    assert set(values) == {"status", "latency_ms", "bytes"}
    assert values["status"] == 200
    assert isinstance(values["latency_ms"], float)
    assert 0 < values["latency_ms"] < 2000
    assert summary(reading) == f"answers 200 in {values['latency_ms']} ms"
    assert patient.visits == 1


async def test_fields_of_a_json_answer_become_measurements(patient: Patient) -> None:
    fields = ["status", "version", "ready", "pool.in_use", "checks.0.ms", "owner"]
    values = measured(await read("http.get", {"url": patient.url}, path="/health", fields=fields))
    assert {name: values[f"json.{name}"] for name in fields} == {
        "status": "healthy",
        "version": "2.4.0",
        "ready": True,
        "pool.in_use": 17,
        "checks.0.ms": 3.5,
        "owner": "***@example.com",
    }


async def test_a_field_that_is_not_there_is_missing_with_a_reason(patient: Patient) -> None:
    fields = ["pool", "pool.size", "checks.7.ms", "nothing"]
    reading = await read("http.get", {"url": patient.url}, path="/health", fields=fields)
    assert missing(reading, "json.pool.size") == "the answer has no field `pool.size`"
    assert missing(reading, "json.checks.7.ms") == "the answer has no field `checks.7.ms`"
    assert missing(reading, "json.pool") == "the field `pool` is empty or holds more than one value"
    assert missing(reading, "json.nothing") == "the field `nothing` is empty or holds more than one value"


async def test_the_items_of_a_list_are_counted_and_an_empty_one_has_none(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/health", counts=["checks", "queue", "pool", "gone"])
    values = measured(reading)
    assert (values["count.checks"], values["count.queue"]) == (1, 0)
    assert missing(reading, "count.pool") == "the answer has no list `pool`"
    assert missing(reading, "count.gone") == "the answer has no list `gone`"
    posted = await read("http.post", {"url": patient.url}, path="/health", counts=["checks"])
    assert missing(posted, "count.checks") == "the answer has no list `checks`"


async def test_several_tries_give_the_median_and_the_slowest_twentieth(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/health", tries=5)
    values = measured(reading)
    assert patient.visits == 5
    assert isinstance(values["latency_ms"], float)
    assert isinstance(values["latency_p95_ms"], float)
    assert values["latency_p95_ms"] >= values["latency_ms"]
    assert summary(reading).endswith("(median of 5)")


async def test_one_bad_answer_among_several_is_the_one_that_is_told(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/flaky", tries=3)
    assert measured(reading)["status"] == 503
    assert summary(reading).startswith("answers 503 instead of 200, in ")
    assert reading.evidence == ("visit 2",)


async def test_a_redirect_is_reported_and_followed_only_on_request(patient: Patient) -> None:
    assert measured(await read("http.get", {"url": patient.url}, path="/moved"))["status"] == 302
    assert patient.visits == 0
    assert measured(await read("http.get", {"url": patient.url}, path="/moved", follow=True))["status"] == 200
    assert patient.visits == 1


async def test_a_redirect_that_never_ends_is_told(patient: Patient) -> None:
    assert "redirects without end" in spoken(
        await refusal("http.get", {"url": patient.url}, path="/round", follow=True)
    )


async def test_evidence_is_masked_and_short(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/chatty")
    assert reading.evidence[0] == "db_password=*** user ***@example.com"
    assert len("\n".join(reading.evidence)) == 500


async def test_an_endless_answer_is_cut_and_its_fields_say_so(patient: Patient) -> None:
    reading = await read("http.get", {"url": patient.url}, path="/endless", fields=["status"])
    assert measured(reading)["bytes"] == 65536
    assert missing(reading, "json.status") == "the answer is larger than 64 kB"


async def test_a_dripping_answer_times_out_at_its_limit(patient: Patient) -> None:
    begun = monotonic()
    error = await refusal("http.get", {"url": patient.url}, path="/dripping", timeout_ms=300)
    assert isinstance(error, TimedOut)
    assert "no whole answer within 300 ms" in spoken(error)
    assert monotonic() - begun < 10


async def test_a_broken_connection_is_told(patient: Patient) -> None:
    error = await refusal("http.get", {"url": patient.url}, path="/hanging-up")
    assert isinstance(error, Unreachable)
    assert "broke the connection" in spoken(error)


async def test_nothing_listening_is_told_without_the_password() -> None:
    error = await refusal("http.get", {"url": f"http://ana:s3same@127.0.0.1:{NOBODY}"})
    assert isinstance(error, Unreachable)
    assert "Nothing answers at 127.0.0.1" in spoken(error)


async def test_an_unknown_host_is_told_as_a_dns_problem() -> None:
    error = await refusal("http.get", {"url": "http://no-such-host.invalid"}, timeout_ms=5000)
    assert isinstance(error, TargetError)
    assert "no-such-host.invalid" in spoken(error)


async def test_a_certificate_nobody_trusts_is_told_clearly(tmp_path: Path) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*self_signed(tmp_path))
    async with serving(Patient(), tls) as patient:
        error = await refusal("http.get", {"url": patient.url}, path="/health")
    assert isinstance(error, Unreachable)
    assert "certificate of 127.0.0.1" in spoken(error)
    assert "self-signed certificate" in spoken(error)


async def test_tls_spoken_to_a_plain_server_is_told_clearly(patient: Patient) -> None:
    error = await refusal("http.get", {"url": patient.url.replace("http", "https")}, path="/health")
    assert "could not agree on TLS" in spoken(error)


@pytest.mark.parametrize("settings", [{"url": "ftp://ana:s3same@host"}, {"url": "ana:s3same"}])
async def test_an_unusable_address_is_refused_without_repeating_it(settings: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="not a web address") as caught:
        await read("http.get", settings)
    assert "s3same" not in str(caught.value)


async def test_a_path_cannot_lead_to_another_host(patient: Patient) -> None:
    with pytest.raises(ValidationError):
        await read("http.get", {"url": patient.url}, path="@example.com/")


async def test_proxies_of_the_environment_are_not_used(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{NOBODY}")
    assert measured(await read("http.get", {"url": patient.url}, path="/health"))["status"] == 200
