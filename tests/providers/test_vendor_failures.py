"""What every vendor's check says when its vendor is dead, hung, odd or hostile; and that no credential ever leaks."""

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

import pytest
from aiohttp import web
from pydantic import ValidationError
from readings import read
from redis_server import self_signed
from vendor_addresses import CHECKS, address_of, moved
from vendor_changes import said

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Reading
from bot.providers import names, operation
from sandbox.world.vendors import Vendors, open_vendors
from tests.ports import NOBODY

MEASURES_STATUS = {"crm.probe", "llm.probe", "llm.reach", "supabase.auth_health", "supabase.rest"}
"""For these a refusal is an answer: they tell whose fault it is."""
OTHERS = sorted(set(CHECKS) - MEASURES_STATUS)
SECRETS = (
    "AAEmulated",
    "sk-emulated",
    "sk-admin",
    "sk_emulated",
    "sntrys_",
    "github_pat_",
    "sbp_",
    "sb_publish",
    "00D-",
)


@pytest.fixture
async def vendors() -> AsyncIterator[Vendors]:
    async with open_vendors() as vendors:
        yield vendors


@asynccontextmanager
async def answering(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
        yield f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def outcome(vendors: Vendors, name: str, url: str) -> Reading | TargetError:
    try:
        return await read(name, moved(address_of(vendors, name.partition(".")[0]), url), **CHECKS[name])
    except TargetError as error:
        return error


async def outcomes(vendors: Vendors, url: str, checks: list[str]) -> list[Reading | TargetError]:
    found = await asyncio.gather(*(outcome(vendors, name, url) for name in checks))
    for one in found:
        words = said(one.text) if isinstance(one, TargetError) else repr(one)
        assert not [secret for secret in SECRETS if secret in words], words
    return found


def test_every_check_of_the_vendors_is_tried_here() -> None:
    families = {name.partition(".")[0] for name in CHECKS}
    changes = {"app_api.ask", "app_api.revoke_key", "app_api.update_company", "pipeline.run"}
    changes |= {"telegram.delete_webhook", "telegram.notice", "telegram.send_test"}
    assert {name for name in names() if name.partition(".")[0] in families} == set(CHECKS) | changes


async def test_a_dead_vendor_is_unreachable_for_every_check(vendors: Vendors) -> None:
    found = await outcomes(vendors, f"http://127.0.0.1:{NOBODY}", sorted(CHECKS))
    assert [type(one) for one in found] == [Unreachable] * len(CHECKS)
    assert {said(one.text) for one in found if isinstance(one, TargetError)} == {
        "Nothing answers at 127.0.0.1: the connection was refused or has no route."
    }


async def test_a_hung_or_dripping_vendor_times_out_every_check_within_its_limit(vendors: Vendors) -> None:
    async def hang(_: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.1)

    begun = monotonic()
    async with answering(hang) as hung, answering(drip) as dripping:
        both = await asyncio.gather(*(outcomes(vendors, url, sorted(CHECKS)) for url in (hung, dripping)))
    assert [type(one) for found in both for one in found] == [TimedOut] * 2 * len(CHECKS)
    assert monotonic() - begun < 3 * max(operation(name).limit for name in CHECKS)


async def test_an_endless_answer_is_cut_off(vendors: Vendors) -> None:
    async def flood(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" " * 100_000)

    async with answering(flood) as url:
        found = await outcomes(vendors, url, sorted(CHECKS))
    assert {said(one.text) for one in found if isinstance(one, TargetError)} == {
        "127.0.0.1 sent more than 2 MB, which is no answer to this."
    }
    assert len([one for one in found if isinstance(one, TargetError)]) == len(CHECKS)


@pytest.mark.parametrize(
    "body",
    [b"<html>login</html>", b"[" * 100_000, b"", b"null", b'"words"', b"[1, 2]", b"9" * 6000, b'{"a": "\\ud800"}'],
    ids=["html", "deep", "empty", "null", "text", "list", "huge number", "half a sign"],
)
async def test_an_answer_of_another_kind_is_never_an_exception_of_another_kind(vendors: Vendors, body: bytes) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, content_type="application/json")

    async with answering(answer) as url:
        for one in await outcomes(vendors, url, sorted(CHECKS)):
            assert not isinstance(one, Unreachable)


async def test_a_stranger_that_answers_well_never_passes_for_a_healthy_vendor(vendors: Vendors) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "items": {}})

    wanting = sorted(set(OTHERS) - {"app_api.company", "app_api.figures"})
    async with answering(answer) as url:
        found = dict(zip(wanting, await outcomes(vendors, url, wanting), strict=True))
    for name, one in found.items():
        assert isinstance(one, TargetError), name
        assert "its language" in said(one.text) or "its `kind` may be another one" in said(one.text)


@pytest.mark.parametrize("status", [401, 403])
async def test_a_refused_credential_is_denied_and_says_what_to_do(vendors: Vendors, status: int) -> None:
    async def refuse(request: web.Request) -> web.Response:
        return web.json_response({"detail": f"bad {dict(request.headers)} at {request.path}"}, status=status)

    async with answering(refuse) as url:
        found = dict(zip(OTHERS, await outcomes(vendors, url, OTHERS), strict=True))
        await outcomes(vendors, url, sorted(MEASURES_STATUS))
    if status == 401:
        assert isinstance(found.pop("telegram.me"), Reading)
    for name, one in found.items():
        assert isinstance(one, Denied), name
        assert len(said(one.text)) > 40


async def test_a_vendor_that_limits_us_is_not_called_broken(vendors: Vendors) -> None:
    async def limit(_: web.Request) -> web.Response:
        return web.json_response({}, status=429, headers={"Retry-After": "37"})

    async with answering(limit) as url:
        for one in await outcomes(vendors, url, OTHERS):
            assert isinstance(one, TargetError)
            assert not isinstance(one, Unreachable | Denied)
            assert "try again in 37 s" in said(one.text)


@pytest.mark.parametrize(("status", "words"), [(503, "is in trouble, it answered 503"), (302, "another address (302)")])
async def test_other_bad_answers_are_put_into_words(vendors: Vendors, status: int, words: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "http://127.0.0.1:1/"})

    async with answering(answer) as url:
        for one in await outcomes(vendors, url, OTHERS):
            assert isinstance(one, TargetError)
            assert isinstance(one, Unreachable) == (status >= 500)
            assert words in said(one.text)


async def test_a_broken_connection_and_a_compressed_answer_are_told_apart(vendors: Vendors) -> None:
    async def hang_up(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def compress(_: web.Request) -> web.Response:
        return web.Response(body=b"\x1f\x8b\x08", headers={"Content-Encoding": "gzip"})

    async with answering(hang_up) as url:
        broken = await outcome(vendors, "sentry.issues", url)
    async with answering(compress) as url:
        odd = await outcome(vendors, "sentry.issues", url)
    assert isinstance(broken, Unreachable)
    assert "broke the connection" in said(broken.text)
    assert isinstance(odd, TargetError)
    assert not isinstance(odd, Unreachable)


async def test_a_certificate_nobody_knows_and_a_name_nobody_knows_are_said(vendors: Vendors, tmp_path: Path) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response([])

    certificate, key = self_signed(tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    async with answering(answer, tls) as url:
        untrusted = await outcome(vendors, "telegram.me", url)
    nowhere = await outcome(vendors, "telegram.me", "https://vendor.invalid")
    assert isinstance(untrusted, Unreachable)
    assert said(untrusted.text).startswith("The certificate of 127.0.0.1 is not valid:")
    assert isinstance(nowhere, Unreachable)
    assert "not known to DNS" in said(nowhere.text)


async def test_no_log_at_any_level_holds_a_credential(vendors: Vendors, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    vendors.supabase.migrations = [{"version": "20261118090000", "name": "create_orders"}]
    for name in sorted(CHECKS):
        address = address_of(vendors, name.partition(".")[0])
        await read(name, address, **CHECKS[name]) if name != "pipeline.workflow" else None
    logging.getLogger("canary").debug("the logs are captured")
    assert "the logs are captured" in caplog.text
    assert not [secret for secret in SECRETS if secret in caplog.text]


async def test_a_credential_that_an_error_echoes_is_blacked_out(vendors: Vendors) -> None:
    vendors.telegram.token = "12:short"
    vendors.telegram.webhook = "https://x.example.com/12:short/hook"
    vendors.telegram.last_error = (
        1_700_000_000,
        "Wrong response https://x.example.com/12:short/hook, 12:short",
    )
    reading = await read("telegram.webhook", {"url": vendors.telegram.url, "token": "12:short"})
    assert "x.example.com" in repr(reading.evidence)
    assert "short" not in repr(reading)


@pytest.mark.parametrize("family", sorted({name.partition(".")[0] for name in CHECKS}))
async def test_an_address_that_is_none_is_refused_without_quoting_it(vendors: Vendors, family: str) -> None:
    check = next(name for name in CHECKS if name.startswith(family + "."))
    for url in ("ftp://s3same", "https://u:s3same@host", "https://host/?key=s3same", "s3same"):
        with pytest.raises(ValidationError) as caught:
            operation(check).address.model_validate({**address_of(vendors, family), "url": url})
        assert "s3same" not in str(caught.value)


@pytest.mark.parametrize("family", sorted({name.partition(".")[0] for name in CHECKS} - {"statuspage"}))
async def test_a_credential_with_a_line_break_is_refused_without_quoting_it(vendors: Vendors, family: str) -> None:
    check = next(name for name in CHECKS if name.startswith(family + "."))
    field = "key" if family in {"llm", "supabase"} else "token"
    for value in ("s3same\nHost: evil", "sénha s3same", ""):
        with pytest.raises(ValidationError) as caught:
            operation(check).address.model_validate({**address_of(vendors, family), field: value})
        assert "s3same" not in str(caught.value)
