"""A web address as a patient: status, latency, headers and single fields of a JSON answer."""

import math
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Final, Literal

import httpx
from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.http.address import Address, base_of, client, host_of
from bot.providers.http.exchange import Answer, ask
from bot.providers.http.fields import counted_fields, evidence_of, measured_fields

_MAX_REDIRECTS: Final = 5
_HEADER_LIMIT: Final = 200


class Get(Parameters):
    """What to ask for; `fields` are dotted paths into a JSON answer (`checks.0.status`), `headers` names of headers.

    `counts` are dotted paths to lists, whose items are counted.

    `body_contains` is words that a healthy page shows. `follow` follows up to five redirects, and takes the token
    along only while the host stays the same.
    """

    path: str = Field("", pattern=r"^(/\S*)?$")
    method: Literal["GET", "HEAD"] = "GET"
    expect_status: int | None = 200
    tries: int = Field(1, ge=1, le=20)
    fields: tuple[str, ...] = ()
    counts: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    body_contains: str = ""
    timeout_ms: int = Field(2000, ge=50, le=10_000)
    follow: bool = False


async def _read(address: Address, wanted: Get) -> Reading:
    base = address.url.get_secret_value()
    url = httpx.URL(base_of(address.url) + wanted.path if wanted.path else base)
    async with client(address.ca_file, address.credentials()) as web:
        answers = [await _visit(web, url, address, wanted) for _ in range(wanted.tries)]
    return _reading(answers, wanted)


async def _visit(web: httpx.AsyncClient, url: httpx.URL, address: Address, wanted: Get) -> Answer:
    answer = await ask(web, web.build_request(wanted.method, url), wanted.timeout_ms)
    while wanted.follow and answer.onward is not None:
        onward = answer.onward
        if answer.redirects == _MAX_REDIRECTS:
            raise TargetError("{host} redirects without end or its answer cannot be read.", host=host_of(onward.url))
        if address.header and _origin(onward.url) != _origin(url):
            onward.headers.pop(address.header, None)  # httpx drops Authorization itself, but knows no other header
        step = await ask(web, onward, wanted.timeout_ms)
        answer = replace(step, took_ms=answer.took_ms + step.took_ms, redirects=answer.redirects + 1)
    return answer


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _reading(answers: list[Answer], wanted: Get) -> Reading:
    """All tries give the latency; the first answer with an unexpected status gives everything else."""
    told = next((one for one in answers if one.status != wanted.expect_status), answers[-1])
    latencies = sorted(answer.took_ms for answer in answers)
    latency = round(median(latencies), 1)
    measurements = [Measurement("status", told.status), Measurement("latency_ms", latency, "ms")]
    if wanted.tries > 1:
        rank = math.ceil(0.95 * len(latencies)) - 1
        measurements.append(Measurement("latency_p95_ms", round(latencies[rank], 1), "ms"))
    measurements.append(Measurement("bytes", len(told.body), "B"))
    measurements += _extras(told, wanted)
    measurements += [*measured_fields(told, wanted.fields), *counted_fields(told, wanted.counts)]
    return Reading(_summary(told.status, latency, wanted), tuple(measurements), evidence_of(told))


def _extras(answer: Answer, wanted: Get) -> Iterator[Measurement]:
    """What was asked for beyond the usual: redirects, words in the body, headers."""
    if wanted.follow:
        yield Measurement("redirects", answer.redirects)
    if wanted.body_contains:
        yield _contains(answer, wanted.body_contains)
    for name in wanted.headers:
        value = answer.headers.get(name)
        absent = say("the answer has no header `{name}`", name=name) if value is None else None
        shown = None if value is None else mask(f"{name}: {value}").removeprefix(f"{name}: ")[:_HEADER_LIMIT]
        yield Measurement(f"header.{name}", shown, missing=absent)


def _contains(answer: Answer, words: str) -> Measurement:
    if words in answer.text:
        return Measurement("contains", True)
    if answer.is_whole:
        return Measurement("contains", False)
    return Measurement("contains", None, missing=say("the answer is larger than 64 kB"))


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


GET = Read("http.get", Address, Get, 15.0, _read)
