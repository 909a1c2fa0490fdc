"""JSON APIs behind one bounded client: reads are asked once, writes are sent once, refusals keep their status."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.findings import Level
from bot.core.redaction import mask
from bot.core.text import Text, Value, say
from bot.providers.http.address import ApiAddress, base_of, client, host_of
from bot.providers.http.exchange import Answer, ask

T = TypeVar("T")
Query: TypeAlias = Sequence[tuple[str, str]]
DOCUMENT_LIMIT: Final = 4 * 1024 * 1024
CALL_LIMIT_MS: Final = 4000
_REASON_LIMIT: Final = 200
_CHECK: Final = say("Check the secret behind this target.")


class Shape(BaseModel):
    """The base of what we read of an API's documents; whatever else they hold is left aside."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Declined(TargetError):
    """The API answered with an error; providers turn those they know into sentences of their own."""

    def __init__(self, words: Text, status: int, reason: str) -> None:
        super().__init__(words.msgid, **words.values)
        self.status = status
        self.reason = reason


class Troubled(Declined, Unreachable):
    """It, or what stands in front of it, is in trouble: behind a 502 or 504 a change may have been made or not."""

    level = Level.UNKNOWN


class Api:
    """One vendor's API below one base address."""

    def __init__(self, web: httpx.AsyncClient, vendor: str, base: str) -> None:
        self._web = web
        self._vendor = vendor
        self._base = base
        self.host = host_of(httpx.URL(base))

    async def get(self, shape: TypeAdapter[T], path: str, query: Query = (), limit_ms: int = CALL_LIMIT_MS) -> T:
        """The document at a path; raises Declined, and TargetError when it has another shape."""
        return self._read(shape, await self._ask("GET", path, query, None, limit_ms))

    async def page(self, path: str, query: Query = (), limit_ms: int = CALL_LIMIT_MS) -> Answer:
        """What is at a path, if it is no JSON: whole, or a TargetError."""
        return self._accepted(await self._ask("GET", path, query, None, limit_ms))

    async def send(self, shape: TypeAdapter[T], method: str, path: str, body: Mapping[str, Any]) -> T:
        """Send a change, exactly once, and read what the API says of it.

        Unreachable, which Troubled is too, and TimedOut mean that nobody knows whether it was carried out.
        """
        return self._read(shape, await self._ask(method, path, (), body, CALL_LIMIT_MS))

    async def delete(self, path: str) -> None:
        """Send a deletion, exactly once."""
        self._accepted(await self._ask("DELETE", path, (), None, CALL_LIMIT_MS))

    async def _ask(self, method: str, path: str, query: Query, body: Mapping[str, Any] | None, limit_ms: int) -> Answer:
        url = httpx.URL(self._base + path).copy_merge_params(list(query))
        return await ask(self._web, self._web.build_request(method, url, json=body), limit_ms, DOCUMENT_LIMIT)

    def _accepted(self, answer: Answer) -> Answer:
        if not 200 <= answer.status < 300:
            raise _refused(answer, self._vendor, self.host)
        if not answer.is_whole:
            raise TargetError("The answer of {host} is larger than 4 MB; ask for less.", host=self.host)
        return answer

    def _read(self, shape: TypeAdapter[T], answer: Answer) -> T:
        try:
            return shape.validate_json(self._accepted(answer).body)
        except ValidationError:
            # Without its cause, which may quote the document.
            raise strange(self._vendor, self.host) from None


@asynccontextmanager
async def opened(
    address: ApiAddress, vendor: str, headers: Mapping[str, str], grants: Mapping[int, Text]
) -> AsyncIterator[Api]:
    """The API at an address; `headers` hold what identifies us, `grants` what to do where it refuses us, by status.

    That refusal leaves this block as Denied, and every other one as Declined.
    """
    async with client(address.ca_file, dict(headers)) as web:
        api = Api(web, vendor, base_of(address.url))
        try:
            yield api
        except Declined as error:
            raise _denied(error, vendor, api.host, grants) from error


def bearer(address: ApiAddress) -> dict[str, str]:
    """The token as most APIs want it."""
    token = address.token.get_secret_value()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _denied(error: Declined, vendor: str, host: str, grants: Mapping[int, Text]) -> TargetError:
    said: dict[str, Value] = {"vendor": vendor, "host": host, "grant": grants.get(error.status, _CHECK)}
    match error.status:
        case 401:
            return Denied("{vendor} at {host} does not accept our credentials (401). {grant}", **said)
        case 403 if error.reason:
            return Denied(
                "{vendor} at {host} does not allow this (403): {reason}. {grant}",
                reason=error.reason.removesuffix("."),
                **said,
            )
        case 403:
            return Denied("{vendor} at {host} does not allow this (403). {grant}", **said)
        case _:
            return error


def strange(vendor: str, host: str) -> TargetError:
    """Something answers, but not what this provider speaks with."""
    return TargetError(
        "What answers at {host} does not look like {vendor}. Check the address.", host=host, vendor=vendor
    )


def _refused(answer: Answer, vendor: str, host: str) -> Declined:
    reason = _reason(answer)
    words = say("{vendor} at {host} answers {status}.", vendor=vendor, host=host, status=answer.status)
    if reason:
        words = say(
            "{vendor} at {host} answers {status}: {reason}",
            vendor=vendor,
            host=host,
            status=answer.status,
            reason=reason,
        )
    return (Troubled if answer.status >= 500 else Declined)(words, answer.status, reason)


def _reason(answer: Answer) -> str:
    """The vendor's own words in the fields they use for it, masked and cut; an HTML page has none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(found, dict):
        found = found.get("error") or found.get("message") or ""
    if isinstance(found, dict):
        found = found.get("message") or ""
    return " ".join(mask(found).split())[:_REASON_LIMIT] if isinstance(found, str) else ""
