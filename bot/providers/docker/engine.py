"""Bounded requests to the Engine API, and what its refusals mean."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeAlias

import httpx

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.docker.address import DEFAULT_SOCKET, Address

Document: TypeAlias = dict[str, Any]

LIMIT: Final = 8.0
REQUEST_LIMIT: Final = 3.0
_BODY_LIMIT: Final = 8 * 1024 * 1024
_MESSAGE_LIMIT: Final = 200
_WORDS_LIMIT: Final = 4096
_TRANSFER_LIMIT: Final = 120.0  # never reached: each request has a shorter one


class Missing(TargetError):
    """The engine knows no container or image of this name."""


class Engine:
    """One engine; every request has a limit of its own and none is repeated.

    Paths carry no version: engines answer with their newest, and recent ones refuse the old numbers.
    """

    def __init__(self, client: httpx.AsyncClient, where: str) -> None:
        self._client = client
        self._where = where
        self.now = datetime.now(UTC)  # the engine's clock, from its last answer: ours may differ

    async def get(self, path: str, query: Mapping[str, str] | None = None) -> Any:
        """A JSON answer."""
        return await self._exchange("GET", path, query or {}, None, REQUEST_LIMIT)

    async def send(
        self, path: str, query: Mapping[str, str] | None = None, body: Document | None = None, limit: float = 10.0
    ) -> Any:
        """A change by POST, sent once."""
        return await self._exchange("POST", path, query or {}, body, limit)

    async def delete(self, path: str, query: Mapping[str, str]) -> None:
        """A removal, sent once."""
        await self._exchange("DELETE", path, query, None, 20.0)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str], body: Document | None = None, limit: float = REQUEST_LIMIT
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The raw bytes of an answer of unknown length, within one limit; to a POST where there is a body."""
        verb = "GET" if body is None else "POST"
        async with self._guarded(limit), self._client.stream(verb, path, params=query, json=body) as answer:
            await self._require_success(answer, f"{verb} {path}")
            yield answer.aiter_bytes()

    async def _exchange(
        self, verb: str, path: str, query: Mapping[str, str], body: Document | None, limit: float
    ) -> Any:
        async with self._guarded(limit), self._client.stream(verb, path, params=query, json=body) as answer:
            await self._require_success(answer, f"{verb} {path}")
            content = await _bounded(answer, _BODY_LIMIT)
        if not content.strip():
            return None
        try:
            return json.loads(content)
        except ValueError as error:
            raise TargetError("What answers at {where} is not a Docker engine.", where=self._where) from error

    @asynccontextmanager
    async def _guarded(self, limit: float) -> AsyncIterator[None]:
        """Vendor errors leave this block as ours; the limit counts the whole answer, not the pauses in it."""
        try:
            async with asyncio.timeout(limit):
                yield
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOut(
                "Docker at {where} did not answer within {seconds} s.", where=self._where, seconds=f"{limit:g}"
            ) from error
        except (httpx.HTTPError, OSError) as error:
            # With TLS 1.3 a refused client certificate shows only at the first read, as a bare ssl.SSLError.
            raise _broken(error, self._where) from error

    async def _require_success(self, answer: httpx.Response, what: str) -> None:
        if date := answer.headers.get("date"):
            self.now = _moment(date, self.now)
        if answer.status_code < 300 or answer.status_code == 304:
            return
        words = _message(await _bounded(answer, _WORDS_LIMIT))
        raise _refused(answer.status_code, words, what, self._where)


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Engine]:
    """The engine behind an address."""
    try:
        verify: ssl.SSLContext | bool = _certificates(address) if address.url.startswith("https") else True
    except OSError as error:  # ssl.SSLError is one
        raise TargetError(
            "The TLS files for Docker at {where} cannot be read or do not fit together.", where=address.where
        ) from error
    path = None if address.url else address.socket or DEFAULT_SOCKET
    transport = httpx.AsyncHTTPTransport(uds=path, verify=verify, retries=0, trust_env=False)
    # A connection per request: a kept one that the engine closes meanwhile would lose the answer to a change.
    headers = {"Connection": "close"}
    async with httpx.AsyncClient(
        transport=transport,
        base_url=address.url or "http://docker",
        headers=headers,
        timeout=_TRANSFER_LIMIT,
        trust_env=False,
        follow_redirects=False,
    ) as client:
        yield Engine(client, address.where)


def _certificates(address: Address) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=address.ca)
    context.load_cert_chain(address.certificate, address.key)
    return context


async def _bounded(answer: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > limit:
            raise TargetError("Docker's answer is larger than {limit} MB.", limit=round(limit / 1024 / 1024, 1))
    return bytes(content)


def _message(content: bytes) -> str:
    text = content.decode(errors="replace")
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    words = document.get("message") if isinstance(document, dict) else None
    return mask(" ".join(str(words or text).split()))[:_MESSAGE_LIMIT]


def _refused(status: int, words: str, what: str, where: str) -> TargetError:
    if status in (401, 403, 405):
        return Denied(
            "Docker at {where} does not allow `{request}`. Let the proxy in front of it pass this request.",
            where=where,
            request=what,
        )
    if status == 404:
        return Missing("Docker at {where} does not know it: {words}", where=where, words=words)
    if status in (502, 504):
        # Of a proxy in front; behind it a change may have been made or not.
        return Unreachable("Docker at {where} answered {status}: {words}", where=where, status=status, words=words)
    if "does not support reading" in words:
        return TargetError("The logs of this container go elsewhere: its log driver cannot be read through Docker.")
    return TargetError("Docker at {where} answered {status}: {words}", where=where, status=status, words=words)


def _broken(error: Exception, where: str) -> TargetError:
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(cause)
    if any(isinstance(cause, PermissionError) for cause in causes):
        return Denied(
            "The bot may not open {where}. Give its user the socket of a Docker proxy, or the group of this one.",
            where=where,
        )
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Unreachable("Docker at {where} could not agree on TLS; check the three certificate files.", where=where)
    if isinstance(error, httpx.ConnectError):
        return Unreachable("Docker at {where} cannot be reached: nothing listens there.", where=where)
    return Unreachable("Docker at {where} broke the connection.", where=where)


def _moment(date: str, otherwise: datetime) -> datetime:
    try:
        return parsedate_to_datetime(date)
    except ValueError:
        return otherwise
