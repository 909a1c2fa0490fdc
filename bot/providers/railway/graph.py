"""One bounded GraphQL exchange with Railway, and what its refusals mean."""

import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import httpx

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.redaction import mask
from bot.providers.http.address import base_of, client, host_of
from bot.providers.http.api import strange
from bot.providers.http.exchange import Answer, ask
from bot.providers.railway.address import Address
from bot.providers.railway.queries import Document
from bot.providers.secrets.secrecy import without

Node: TypeAlias = dict[str, Any]
T = TypeVar("T")

LIMIT: Final = 15.0
_ASK_LIMIT_MS: Final = 4000
_SEND_LIMIT_MS: Final = 20_000
_BODY_LIMIT: Final = 4 * 1024 * 1024
_MESSAGE_LIMIT: Final = 200
_VENDOR: Final = "Railway"


class Graph:
    """The API behind one token; every document is sent once, with a time limit of its own."""

    def __init__(self, web: httpx.AsyncClient, address: Address) -> None:
        self._web = web
        self._url = base_of(address.url)
        self._environment = address.environment
        self.host = host_of(httpx.URL(self._url))

    async def ask(self, document: Document, read: Callable[[Node], T], /, **variables: Any) -> T:
        """What `read` makes of a query's answer; raises TargetError when the answer has another shape."""
        return self._read(read, await self._exchange(document, variables, _ASK_LIMIT_MS))

    async def send(
        self, document: Document, read: Callable[[Node], T], /, hidden: Collection[str] = (), **variables: Any
    ) -> T:
        """Send a mutation, once; Unreachable and TimedOut mean that nobody knows whether it was carried out.

        No error says any of the values that are `hidden`, even where Railway quotes them.
        """
        return self._read(read, await self._exchange(document, variables, _SEND_LIMIT_MS, hidden))

    def _read(self, read: Callable[[Node], T], data: Node) -> T:
        try:
            return read(data)
        except (LookupError, TypeError, ValueError, AttributeError):
            # Without its cause, which may quote the answer.
            raise strange(_VENDOR, self.host) from None

    async def _exchange(
        self, document: Document, variables: Mapping[str, Any], limit_ms: int, hidden: Collection[str] = ()
    ) -> Node:
        body = {"query": document.text, "variables": dict(variables)}
        answer = await ask(self._web, self._web.build_request("POST", self._url, json=body), limit_ms, _BODY_LIMIT)
        if not answer.is_whole:
            raise TargetError("The answer of {host} is larger than 4 MB; ask for less.", host=self.host)
        if answer.status in (401, 403, 429) or answer.status >= 500:
            raise self._refused(answer)
        found = _parsed(answer)
        if isinstance(found, dict) and found.get("errors"):
            raise self._failed(_message(found["errors"], hidden), document)
        if answer.status != httpx.codes.OK:
            raise self._refused(answer)
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict):
            raise strange(_VENDOR, self.host)
        data: Node = found["data"]
        return data

    def _refused(self, answer: Answer) -> TargetError:
        match answer.status:
            case 401:
                return self._not_allowed()
            case 403:
                return Denied(
                    "Something in front of {host} forbids it (403), before Railway has seen the token.", host=self.host
                )
            case 429:
                return TargetError(
                    "Railway takes no more requests from this token for now; try again in {seconds} s.",
                    seconds=_seconds(answer.headers.get("Retry-After", "")),
                )
            case status if status >= 500:
                # Unreachable, since behind a 502 or 504 a change may have been made or not.
                return Unreachable("Railway is in trouble: {host} answers {status}.", host=self.host, status=status)
            case status:
                return TargetError(
                    "{vendor} at {host} answers {status}.", vendor=_VENDOR, host=self.host, status=status
                )

    def _failed(self, message: str, document: Document) -> TargetError:
        if message.lower().startswith(("not authorized", "unauthorized", "project token not found")):
            return self._not_allowed_to_see() if document.is_for_workspace else self._not_allowed()
        if "problem processing request" in message.lower():
            return Unreachable("Railway could not process the request: {message}", message=message)
        return TargetError("Railway refuses: {message}", message=message)

    def _not_allowed(self) -> Denied:
        return Denied(
            "Railway does not accept the token for this. It is wrong, expired, of the other `kind` or for "
            "another environment; create a project token for {environment} in the project's settings.",
            environment=self._environment,
        )

    def _not_allowed_to_see(self) -> Denied:
        return Denied(
            "Railway shows the audit log to tokens of the workspace only. Use one of those here, with `kind: account`."
        )


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Graph]:
    """The API at an address."""
    async with client(address.ca_file, address.credentials()) as web:
        yield Graph(web, address)


def nodes(connection: Any) -> list[Node]:
    """The objects of a connection."""
    return [edge["node"] for edge in connection["edges"]]


def seen(text: object, limit: int = 80) -> str:
    """Foreign words as they may be shown: masked, on one line, cut."""
    return " ".join(mask(str(text or "")).split())[:limit]


def _seconds(raw: str) -> int:
    return int(raw) if raw.isdecimal() and len(raw) < 6 else 60


def _parsed(answer: Answer) -> Any:
    try:
        return json.loads(answer.body)
    except (ValueError, RecursionError):
        return None


def _message(errors: Any, hidden: Collection[str]) -> str:
    """The first message without the hidden values, masked and cut."""
    first = errors[0] if isinstance(errors, list) and errors else errors
    message = first.get("message") if isinstance(first, dict) else first
    return seen(without(hidden, str(message or "")), _MESSAGE_LIMIT)
