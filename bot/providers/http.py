"""A web address as a patient: status, latency and single fields of a JSON answer."""

import asyncio
import json
import math
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any, Final

import httpx
from pydantic import ConfigDict, Field, SecretStr, field_validator

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say

_BODY_LIMIT: Final = 64 * 1024
_EVIDENCE_LIMIT: Final = 500
_FIELD_LIMIT: Final = 200
_HEADERS: Final = {"User-Agent": "plantao", "Accept-Encoding": "identity"}


class Address(Parameters):
    """The base address; it may carry user and password, so it is a secret."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = httpx.URL(url.get_secret_value())
        except httpx.InvalidURL:
            raise ValueError("not a web address") from None
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ValueError("not a web address such as https://api.example.com")
        return url


class Get(Parameters):
    """What to ask for; `fields` are dotted paths into a JSON answer (`checks.0.status`)."""

    path: str = Field("", pattern=r"^(/\S*)?$")
    expect_status: int | None = 200
    tries: int = Field(1, ge=1, le=20)
    fields: tuple[str, ...] = ()
    timeout_ms: int = Field(2000, ge=50, le=10_000)
    follow: bool = False


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    is_whole: bool
    took_ms: float

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


async def _read(address: Address, wanted: Get) -> Reading:
    base = address.url.get_secret_value()
    url = httpx.URL(base.rstrip("/") + wanted.path if wanted.path else base)
    async with _client(wanted) as client:
        answers = [await _ask(client, url, wanted.timeout_ms) for _ in range(wanted.tries)]
    return _reading(answers, wanted)


def _client(wanted: Get) -> httpx.AsyncClient:
    """Proxies and .netrc of the environment are the bot's, not the patient's."""
    return httpx.AsyncClient(
        trust_env=False,
        follow_redirects=wanted.follow,
        max_redirects=5,
        headers=_HEADERS,
        timeout=wanted.timeout_ms / 1000,
    )


async def _ask(client: httpx.AsyncClient, url: httpx.URL, limit_ms: int) -> _Answer:
    try:
        # The client's own limit counts anew with each packet, so a dripping server never exceeds it.
        async with asyncio.timeout(limit_ms / 1000):
            return await _exchange(client, url)
    except (TimeoutError, httpx.TimeoutException) as error:
        raise TimedOut("{host} gave no whole answer within {limit} ms.", host=_host(url), limit=limit_ms) from error
    except httpx.HTTPError as error:
        raise _translated(error, _host(url)) from error


async def _exchange(client: httpx.AsyncClient, url: httpx.URL) -> _Answer:
    begun = perf_counter()
    body = bytearray()
    async with client.stream("GET", url) as response:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                break
    took = (perf_counter() - begun) * 1000
    return _Answer(response.status_code, bytes(body[:_BODY_LIMIT]), len(body) <= _BODY_LIMIT, took)


def _reading(answers: list[_Answer], wanted: Get) -> Reading:
    """All tries give the latency; the first answer with an unexpected status gives everything else."""
    told = next((one for one in answers if one.status != wanted.expect_status), answers[-1])
    latencies = sorted(answer.took_ms for answer in answers)
    latency = round(median(latencies), 1)
    measurements = [Measurement("status", told.status), Measurement("latency_ms", latency, "ms")]
    if wanted.tries > 1:
        rank = math.ceil(0.95 * len(latencies)) - 1
        measurements.append(Measurement("latency_p95_ms", round(latencies[rank], 1), "ms"))
    measurements.append(Measurement("bytes", len(told.body), "B"))
    measurements += _fields(told, wanted.fields)
    return Reading(_summary(told.status, latency, wanted), tuple(measurements), _evidence(told))


def _summary(status: int, latency: float, wanted: Get) -> Text:
    expected = wanted.expect_status
    if expected is not None and status != expected:
        return say(
            "answers {status} instead of {expected}, in {latency} ms", status=status, expected=expected, latency=latency
        )
    if wanted.tries > 1:
        return say(
            "answers {status} in {latency} ms (median of {tries})", status=status, latency=latency, tries=wanted.tries
        )
    return say("answers {status} in {latency} ms", status=status, latency=latency)


def _fields(answer: _Answer, paths: tuple[str, ...]) -> Iterator[Measurement]:
    if not paths:
        return
    try:
        document = json.loads(answer.text, parse_constant=lambda _: None)
    except ValueError:
        reason = say("the answer is not JSON") if answer.is_whole else say("the answer is larger than 64 kB")
        yield from (Measurement(f"json.{path}", None, missing=reason) for path in paths)
        return
    yield from (_field(document, path) for path in paths)


def _field(document: Any, path: str) -> Measurement:
    name = f"json.{path}"
    value = document
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return Measurement(name, None, missing=say("the answer has no field `{path}`", path=path))
    if isinstance(value, str):
        return Measurement(name, mask(value)[:_FIELD_LIMIT])
    if isinstance(value, int | float):
        return Measurement(name, value)
    return Measurement(name, None, missing=say("the field `{path}` is empty or holds more than one value", path=path))


def _evidence(answer: _Answer) -> tuple[str, ...]:
    beginning = "".join(sign for sign in answer.text[: 4 * _EVIDENCE_LIMIT] if sign.isprintable() or sign in "\n\t")
    return tuple(line for line in mask(beginning)[:_EVIDENCE_LIMIT].splitlines() if line.strip())


def _translated(error: httpx.HTTPError, host: str) -> TargetError:
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                "The certificate of {host} is not valid: {reason}.", host=host, reason=cause.verify_message
            )
        if isinstance(cause, ssl.SSLError):
            return Unreachable("{host} could not agree on TLS ({reason}).", host=host, reason=cause.reason or "TLS")
        if isinstance(cause, socket.gaierror):
            return Unreachable("The name {host} is not known to DNS.", host=host)
    match error:
        case httpx.ConnectError():
            return Unreachable("Nothing answers at {host}: the connection was refused or has no route.", host=host)
        case httpx.TransportError():
            return Unreachable("{host} broke the connection before its answer was complete.", host=host)
        case _:
            return TargetError("{host} redirects without end or its answer cannot be read.", host=host)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _host(url: httpx.URL) -> str:
    return f"{url.host}:{url.port}" if url.port else url.host


GET = Read("http.get", Address, Get, 15.0, _read)
