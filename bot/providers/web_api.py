"""Bounded calls of a vendor's JSON API over HTTPS, and what its refusals mean.

Requests go straight to the transport: the client above it logs whole addresses at INFO, and Telegram's hold its token.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Annotated, Any, Final, TypeAlias

import httpx
from pydantic import AfterValidator, SecretStr

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import MASKED, mask
from bot.core.text import Text
from bot.providers.http.address import WebAddress, trust
from bot.providers.http.exchange import not_connected
from bot.providers.web_answers import Answer

CALL_LIMIT: Final = 4.0
LINE_LIMIT: Final = 300
_BODY_LIMIT: Final = 2 * 1024 * 1024
_MESSAGE_LIMIT: Final = 200
_MASKED_LIMIT: Final = 10_000
_HEADERS: Final = {"User-Agent": "plantao", "Accept": "application/json", "Accept-Encoding": "identity"}
_UNSENDABLE: Final = (httpx.UnsupportedProtocol, httpx.LocalProtocolError)
_LOOKS, _PAUSE = 3, 0.5


def _is_bare(url: SecretStr) -> SecretStr:
    parsed = httpx.URL(url.get_secret_value())
    if parsed.userinfo or parsed.query or parsed.fragment:
        raise ValueError("a base address without user, password or query; credentials have fields of their own")
    return url


def _is_credential(value: SecretStr) -> SecretStr:
    signs = value.get_secret_value()
    if not signs or not signs.isascii() or any(sign <= " " or sign == "\x7f" for sign in signs):
        raise ValueError("empty, or has spaces, line breaks or signs beyond ASCII")
    return value


BaseUrl: TypeAlias = Annotated[WebAddress, AfterValidator(_is_bare)]
Credential: TypeAlias = Annotated[SecretStr, AfterValidator(_is_credential)]


class Lost(Unreachable):
    """The answer to a request never came, so whether it was carried out is not known."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `path` is added to the base address as it is, so foreign parts must be quoted before."""

    path: str
    method: str = "GET"
    query: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Api:
    """One vendor's API for a few calls, none of which is ever repeated.

    `grant` says what to do when the vendor refuses the credential; `secrets` never appear in anything it says.
    """

    vendor: Text | str
    base: str = field(repr=False)
    grant: Text
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    limit: float = CALL_LIMIT

    async def ask(self, request: Request) -> Answer:
        """Whatever the vendor answers; raises only when no whole answer comes."""
        host = httpx.URL(self.base).host
        try:
            # The transport's own limits count anew with each packet, so a dripping server never exceeds them.
            async with asyncio.timeout(self.limit), _transport() as transport:
                return await _exchange(transport, self._prepared(request))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOut("{host} gave no whole answer within {limit} s.", host=host, limit=self.limit) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _translated(error, host) from error

    async def read(self, path: str, **query: str) -> Any:
        """The JSON of a good answer; every other answer is raised as what it means."""
        return self.good(await self.ask(Request(path, query=query)))

    def good(self, answer: Answer) -> Any:
        """The JSON of this answer when it is a good one."""
        if not answer.is_good:
            raise self.refusal(answer)
        document = answer.document()
        if document is None:
            raise self.stranger()
        return document

    def records(self, found: object) -> list[dict[str, Any]]:
        """A list of objects that has to be one: an answer without it must not pass for an empty list."""
        if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
            raise self.stranger()
        return found

    def stranger(self) -> TargetError:
        """Something answered well, but not as this vendor does."""
        return TargetError("What answers at the address of {vendor} does not speak its language.", vendor=self.vendor)

    def refusal(self, answer: Answer) -> TargetError:
        """What a bad answer means."""
        status = answer.status
        match status:
            case 401 | 403:
                return Denied(
                    "{vendor} refuses the credential of this target ({status}). {grant}",
                    vendor=self.vendor,
                    status=status,
                    grant=self.grant,
                )
            case 429 if answer.retry_after is not None:
                return TargetError(
                    "{vendor} asks to slow down (429); try again in {seconds} s.",
                    vendor=self.vendor,
                    seconds=answer.retry_after,
                )
            case 429:
                return TargetError("{vendor} asks to slow down (429); try again in a minute.", vendor=self.vendor)
            case _ if status >= 500:
                # Unreachable, since behind a 502 or 504 a change may have been made or not.
                return Lost("{vendor} is in trouble, it answered {status}.", vendor=self.vendor, status=status)
            case _ if 300 <= status < 400:
                return TargetError(
                    "{vendor} sends us to another address ({status}); correct the `url` of this target.",
                    vendor=self.vendor,
                    status=status,
                )
        return TargetError(
            "{vendor} answered {status}: {message}", vendor=self.vendor, status=status, message=self.message(answer)
        )

    def message(self, answer: Answer) -> str:
        """The vendor's own sentence about a bad answer; pages of proxies stay behind."""
        return self.clean(answer.sentence or "-", _MESSAGE_LIMIT)

    def clean(self, foreign: object, limit: int = LINE_LIMIT) -> str:
        """Foreign words on one line: without our credentials, masked, printable, cut."""
        text = _beginning(str(foreign)).encode(errors="replace").decode()
        for secret in self.secrets:
            text = text.replace(secret, MASKED) if secret else text
        return " ".join("".join(sign for sign in mask(text) if sign.isprintable() or sign.isspace()).split())[:limit]

    def _prepared(self, request: Request) -> httpx.Request:
        return httpx.Request(
            request.method,
            self.base.rstrip("/") + request.path,
            params=dict(request.query) or None,
            headers={**_HEADERS, **self.headers, **request.headers},
            json=request.body,
            extensions={"timeout": httpx.Timeout(self.limit).as_dict()},
        )


async def came_true(look: Callable[[], Awaitable[bool]], lost: Exception | None) -> bool:
    """Whether a change is there: one look, or a few when its answer was lost and it may still be on its way.

    A look that is lost itself is taken again; when none is left, its error says that nobody knows.
    """
    for _ in range(_LOOKS - 1):
        with suppress(Lost):
            if await look():
                return True
            if not lost:
                return False
        await asyncio.sleep(_PAUSE)
    return await look()


@asynccontextmanager
async def _transport() -> AsyncIterator[httpx.AsyncHTTPTransport]:
    transport = httpx.AsyncHTTPTransport(verify=trust(""), trust_env=False, retries=0)
    try:
        yield transport
    finally:
        await transport.aclose()


async def _exchange(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> Answer:
    begun = perf_counter()
    response = await transport.handle_async_request(request)
    body = bytearray()
    try:
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise TargetError("{host} sent more than 2 MB, which is no answer to this.", host=request.url.host)
    finally:
        await response.aclose()
    took = round((perf_counter() - begun) * 1000, 1)
    return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, bytes(body), took)


def _beginning(text: str) -> str:
    """Enough to mask; the last word is dropped, since half a token no longer looks like one."""
    return text if len(text) <= _MASKED_LIMIT else text[:_MASKED_LIMIT].rpartition(" ")[0]


def _translated(error: Exception, host: str) -> TargetError:
    if isinstance(error, httpx.ConnectError) and (unreached := not_connected(error, host)) is not None:
        return unreached
    if isinstance(error, httpx.TransportError) and not isinstance(error, _UNSENDABLE):
        return Lost("{host} broke the connection before its answer was complete.", host=host)
    return TargetError("The request to {host} cannot be made: its address or credential has odd signs.", host=host)
