"""One bounded exchange over HTTP, and what its failures mean."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final

import httpx

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.http.address import host_of

BODY_LIMIT: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, cut at the limit; `took_ms` includes redirects that were followed. The body is never printed."""

    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    is_whole: bool
    took_ms: float
    onward: httpx.Request | None = None
    redirects: int = 0

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")


async def ask(client: httpx.AsyncClient, request: httpx.Request, limit_ms: int, body_limit: int = BODY_LIMIT) -> Answer:
    """The answer within `limit_ms`; raises TimedOut, Unreachable or TargetError."""
    host = host_of(request.url)
    try:
        # Not the client's own limit: that counts anew with each packet, so a dripping server never exceeds it.
        async with asyncio.timeout(limit_ms / 1000):
            return await _exchange(client, request, body_limit)
    except TimeoutError as error:
        raise TimedOut("{host} gave no whole answer within {limit} ms.", host=host, limit=limit_ms) from error
    except httpx.HTTPError as error:
        raise _translated(error, host) from error


async def _exchange(client: httpx.AsyncClient, request: httpx.Request, body_limit: int) -> Answer:
    begun = perf_counter()
    body = bytearray()
    # Otherwise user and password of the URL would push our token out.
    auth = httpx.Auth() if "Authorization" in request.headers else httpx.USE_CLIENT_DEFAULT
    response = await client.send(request, stream=True, auth=auth)
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > body_limit:
                break
    finally:
        await response.aclose()
    took = (perf_counter() - begun) * 1000
    is_whole = len(body) <= body_limit
    return Answer(
        response.status_code, response.headers, bytes(body[:body_limit]), is_whole, took, response.next_request
    )


def _translated(error: httpx.HTTPError, host: str) -> TargetError:
    if (unreached := not_connected(error, host)) is not None:
        return unreached
    if isinstance(error, httpx.TransportError):
        return Unreachable("{host} broke the connection before its answer was complete.", host=host)
    return TargetError("{host} redirects without end or its answer cannot be read.", host=host)


def not_connected(error: Exception, host: str) -> Unreachable | None:
    """Why there was no connection, where this is what an error tells."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return untrusted(cause, host)
            case ssl.SSLError():
                return Unreachable("{host} could not agree on TLS ({reason}).", host=host, reason=cause.reason or "TLS")
            case socket.gaierror():
                return unknown_name(host)
    return nobody_there(host) if isinstance(error, httpx.ConnectError) else None


def untrusted(error: ssl.SSLCertVerificationError, host: str) -> Unreachable:
    """The certificate is expired, of another name, or of an authority that nobody told us to trust."""
    reason = error.verify_message.rstrip(".")
    return Unreachable("The certificate of {host} is not valid: {reason}.", host=host, reason=reason)


def unknown_name(host: str) -> Unreachable:
    return Unreachable("The name {host} is not known to DNS.", host=host)


def nobody_there(host: str) -> Unreachable:
    return Unreachable("Nothing answers at {host}: the connection was refused or has no route.", host=host)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
