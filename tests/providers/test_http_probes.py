"""`http.post` and `http.tls`, and credentials, headers and redirects of `http.get`, against real local servers."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError
from readings import Settings, measured, missing, read, refusal, spoken, summary
from redis_server import self_signed
from web_gate import hanging

from bot.core.errors import TargetError, TimedOut, Unreachable
from tests.ports import NOBODY, free_port

TOKEN = "s3same-token-0001"


class Shop:
    """An application with a login, a protected page and redirects; it remembers what it was sent."""

    def __init__(self) -> None:
        self.url = ""
        self.other_url = ""
        self.logins: list[dict[str, Any]] = []
        self.generated = 0
        self.seen: list[dict[str, str]] = []

    async def login(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.logins.append(body)
        if body.get("senha") != "s3same-password":
            return web.json_response({"error": f"bad password {body.get('senha')}"}, status=401)
        return web.json_response({"data": {"access_token": "eyJhbGciOi.s3same.sig"}, "user": body["email"]})

    async def generate(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.Response(status=401)
        self.generated += 1
        return web.json_response({"text": "s3same generated"}, status=201)

    async def show(self, request: web.Request) -> web.Response:
        self.seen.append(dict(request.headers))
        headers = {"X-Version": "2.4.1", "X-Debug": "token=abcd1234efgh5678", "Set-Cookie": "sid=s3same; HttpOnly"}
        return web.Response(text="<title>Painel</title>", headers=headers)

    async def home(self, _: web.Request) -> web.Response:
        raise web.HTTPFound("/show")

    async def away(self, _: web.Request) -> web.Response:
        raise web.HTTPFound(f"{self.other_url}/show")

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/api/auth/login", self.login),
                web.post("/api/sections/synthetic/generate", self.generate),
                web.get("/show", self.show),
                web.get("/home", self.home),
                web.get("/away", self.away),
            ]
        )
        return app


@asynccontextmanager
async def serving(app: web.Application, tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    try:
        yield f"http{'s' if tls else ''}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    shop = Shop()
    async with serving(shop.application()) as shop.url, serving(shop.application()) as shop.other_url:
        yield shop


def account(shop: Shop, **other: object) -> Settings:
    return {"url": shop.url, "user": "synthetic@example.com", "password": "s3same-password", **other}


LOGIN = {
    "path": "/api/auth/login",
    "user_field": "email",
    "password_field": "senha",
    "token_field": "data.access_token",
}


async def test_a_synthetic_login_tells_only_whether_a_token_came(shop: Shop) -> None:
    reading = await read("http.post", account(shop), **LOGIN, body={"remember": False})
    values = measured(reading)
    assert (values["status"], values["has_token"]) == (200, True)
    assert summary(reading) == f"the synthetic request is answered 200 in {values['latency_ms']} ms"
    assert reading.evidence == ()
    assert "s3same" not in repr(reading)
    assert shop.logins == [{"remember": False, "email": "synthetic@example.com", "senha": "s3same-password"}]


async def test_a_refused_login_has_no_token_and_shows_no_password(shop: Shop) -> None:
    reading = await read("http.post", account(shop, password="s3same-wrong"), **LOGIN)
    assert (measured(reading)["status"], measured(reading)["has_token"]) == (401, False)
    assert summary(reading).startswith("answers 401 instead of 200, in ")
    assert "s3same" not in repr(reading)


async def test_credentials_that_are_not_configured_are_told_before_anything_is_sent(shop: Shop) -> None:
    error = await refusal("http.post", {"url": shop.url}, **LOGIN)
    assert spoken(error) == "not configured: the target needs `user` for the field `email`"
    assert shop.logins == []


async def test_a_synthetic_generation_is_sent_once_with_its_token(shop: Shop) -> None:
    path = "/api/sections/synthetic/generate"
    reading = await read("http.post", {"url": shop.url, "token": TOKEN}, path=path, expect_status=201)
    assert measured(reading)["status"] == 201
    assert shop.generated == 1
    denied = await read("http.post", {"url": shop.url, "token": "s3same-no"}, path=path, expect_status=201)
    assert measured(denied)["status"] == 401
    assert shop.generated == 1


async def test_a_probe_of_a_dead_or_hanging_server_is_told() -> None:
    error = await refusal("http.post", {"url": f"http://127.0.0.1:{NOBODY}"}, path="/x")
    assert isinstance(error, Unreachable)
    async with hanging() as url:
        error = await refusal("http.post", {"url": url}, path="/x", timeout_ms=200)
    assert isinstance(error, TimedOut)


async def test_the_token_is_sent_as_bearer_or_in_the_header_named(shop: Shop) -> None:
    await read("http.get", {"url": shop.url, "token": TOKEN}, path="/show")
    await read("http.get", {"url": shop.url, "token": TOKEN, "header": "X-API-Key"}, path="/show")
    await read("http.get", {"url": shop.url.replace("://", "://ana:pw@"), "token": TOKEN}, path="/show")
    bearer, keyed, both = shop.seen
    assert bearer["Authorization"] == both["Authorization"] == f"Bearer {TOKEN}"
    assert keyed["X-API-Key"] == TOKEN
    assert "Authorization" not in keyed


@pytest.mark.parametrize("header", ["", "X-API-Key"])
async def test_a_redirect_to_another_host_does_not_carry_the_token(shop: Shop, header: str) -> None:
    address = {"url": shop.url, "token": TOKEN, "header": header}
    away = await read("http.get", address, path="/away", follow=True)
    assert (measured(away)["status"], measured(away)["redirects"]) == (200, 1)
    assert TOKEN not in repr(shop.seen[0])
    await read("http.get", address, path="/home", follow=True)
    assert TOKEN in repr(shop.seen[1])


async def test_headers_asked_for_become_measurements_masked(shop: Shop) -> None:
    names = ["x-version", "X-Debug", "Set-Cookie", "X-None"]
    reading = await read("http.get", {"url": shop.url}, path="/show", headers=names)
    values = measured(reading)
    assert (values["header.x-version"], values["header.X-Debug"]) == ("2.4.1", "token=***")
    assert values["header.Set-Cookie"] == "***"
    assert missing(reading, "header.X-None") == "the answer has no header `X-None`"


async def test_a_page_without_its_words_is_not_the_page(shop: Shop) -> None:
    for words, found in (("Painel", True), ("Bem-vindo", False)):
        reading = await read("http.get", {"url": shop.url}, path="/show", body_contains=words)
        assert measured(reading)["contains"] is found


async def test_head_asks_for_the_status_only(shop: Shop) -> None:
    reading = await read("http.get", {"url": shop.url}, path="/show", method="HEAD")
    assert (measured(reading)["status"], measured(reading)["bytes"]) == (200, 0)
    assert reading.evidence == ()


async def test_a_token_with_a_line_break_is_refused_without_repeating_it(shop: Shop) -> None:
    with pytest.raises(ValidationError, match="no header may carry") as caught:
        await read("http.get", {"url": shop.url, "token": "s3same\r\nX-Admin: 1"}, path="/show")
    assert "s3same" not in str(caught.value)


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for one day that signs itself, and a server that shows it."""
    files = self_signed(tmp_path)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(*files)
    return files[0], tls


async def test_a_certificate_is_told_by_its_days_and_issuer(certificate: tuple[Path, ssl.SSLContext]) -> None:
    file, tls = certificate
    async with serving(web.Application(), tls) as url:
        reading = await read("http.tls", {"url": url, "ca_file": str(file)})
        status = measured(await read("http.get", {"url": url, "ca_file": str(file)}, expect_status=404))["status"]
    assert status == 404
    assert measured(reading)["days_left"] in (0, 1)
    assert measured(reading)["issuer"] == "127.0.0.1"
    assert summary(reading).startswith("the certificate holds ")


async def test_a_certificate_nobody_trusts_is_told(certificate: tuple[Path, ssl.SSLContext]) -> None:
    async with serving(web.Application(), certificate[1]) as url:
        error = await refusal("http.tls", {"url": url})
    assert isinstance(error, Unreachable)
    assert "self-signed certificate" in spoken(error)


async def test_an_expired_certificate_is_told(tmp_path: Path) -> None:
    file, tls = _expired(tmp_path)
    async with serving(web.Application(), tls) as url:
        error = await refusal("http.tls", {"url": url, "ca_file": str(file)})
    assert isinstance(error, Unreachable)
    assert spoken(error).endswith("is not valid: certificate has expired.")


def _expired(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate that was good until yesterday."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=9)).not_valid_after(now - timedelta(days=1))
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    made = builder.add_extension(names, critical=False)
    file = folder / "expired.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM) + secret)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    return file, tls


async def test_a_server_without_tls_or_without_anything_has_no_certificate(shop: Shop) -> None:
    assert "addressed without TLS" in spoken(await refusal("http.tls", {"url": shop.url}))
    error = await refusal("http.tls", {"url": shop.url.replace("http", "https")})
    assert "could not agree on TLS" in spoken(error)
    error = await refusal("http.tls", {"url": f"https://127.0.0.1:{NOBODY}"})
    assert "Nothing answers at 127.0.0.1" in spoken(error)
    error = await refusal("http.tls", {"url": "https://no-such-host.invalid"})
    assert isinstance(error, TargetError)
    async with hanging() as url:
        error = await refusal("http.tls", {"url": url.replace("http", "https")}, timeout_ms=200)
    assert isinstance(error, TimedOut)


async def test_authorities_that_cannot_be_read_are_told() -> None:
    error = await refusal("http.tls", {"url": "https://127.0.0.1:1", "ca_file": "/no/such/file.pem"})
    assert spoken(error) == "not configured: the file `ca_file` cannot be read as PEM certificates"
