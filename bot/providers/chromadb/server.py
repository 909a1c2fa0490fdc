"""Chroma's HTTP interface, version 2: one bounded request, and what its refusals mean."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, Literal
from urllib.parse import quote

import httpx
from pydantic import ConfigDict, Field, SecretStr, field_validator

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Level
from bot.core.operation import Parameters

LIMIT: Final = 10.0
_ANSWER_LIMIT: Final = 3.0
_BODY_LIMIT: Final = 2 * 1024 * 1024  # a page of collections carries the schema of each
_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"


class Address(Parameters):
    """The server's address; `token` is sent in `header`, with `Bearer` in Authorization."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: SecretStr
    token: SecretStr = SecretStr("")
    header: Literal["X-Chroma-Token", "Authorization"] = "X-Chroma-Token"
    tenant: str = Field("default_tenant", pattern=_NAME, max_length=100)
    database: str = Field("default_database", pattern=_NAME, max_length=100)

    @field_validator("url")
    @classmethod
    def _is_web_address(cls, url: SecretStr) -> SecretStr:
        try:
            parsed = httpx.URL(url.get_secret_value())
        except httpx.InvalidURL:
            raise ValueError("not a web address") from None
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise ValueError("not a web address such as http://chroma:8000")
        return url

    @property
    def where(self) -> str:
        """Host and port, for messages."""
        url = httpx.URL(self.url.get_secret_value())
        return f"{url.host}:{url.port}" if url.port else url.host

    @property
    def collections(self) -> str:
        """The path under which this database's collections are."""
        return f"/api/v2/tenants/{quote(self.tenant, safe='')}/databases/{quote(self.database, safe='')}/collections"


class Troubled(Unreachable):
    """It, or what stands in front of it, is in trouble: behind a 502 or 504 a change may have been made or not."""

    level = Level.UNKNOWN


class Chroma:
    """One conversation with the server."""

    def __init__(self, client: httpx.AsyncClient, address: Address) -> None:
        self.address = address
        self._client = client

    async def get(self, path: str, **query: int) -> Any:
        """The answer to a question; None where there is nothing of this name."""
        return await self._send("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """The answer to a question with a body."""
        return await self._send("POST", path, json=body)

    async def delete(self, path: str) -> Any:
        """Remove; sent once. Unreachable and TimedOut mean that nobody knows whether it was carried out."""
        return await self._send("DELETE", path)

    async def _send(self, method: str, path: str, **content: Any) -> Any:
        try:
            async with asyncio.timeout(_ANSWER_LIMIT):
                return await self._exchange(method, path, content)
        except (TimeoutError, httpx.TimeoutException) as error:
            raise TimedOut(
                "Chroma at {where} gave no whole answer within {seconds} s.",
                where=self.address.where,
                seconds=_ANSWER_LIMIT,
            ) from error
        except httpx.HTTPError as error:
            raise _broken(error, self.address.where) from error

    async def _exchange(self, method: str, path: str, content: dict[str, Any]) -> Any:
        body = bytearray()
        async with self._client.stream(method, path, **content) as response:
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _BODY_LIMIT:
                    raise TargetError("Chroma at {where} sent too long an answer.", where=self.address.where)
        return self._understood(response.status_code, bytes(body))

    def _understood(self, status: int, body: bytes) -> Any:
        where = self.address.where
        if status in (401, 403):
            raise Denied("Chroma at {where} refuses the token of this target. Check the secret behind it.", where=where)
        try:
            answer = json.loads(body) if body else None
        except ValueError:
            answer = body
        if status == 404 and isinstance(answer, dict) and answer.get("error") == "NotFoundError":
            return None
        if status in (404, 410):
            raise TargetError("What answers at {where} is not Chroma with its version 2 interface.", where=where)
        if not 200 <= status < 300:
            name = answer.get("error", "") if isinstance(answer, dict) else ""
            raise (Troubled if status >= 500 else TargetError)(
                "Chroma at {where} answered {status} ({name}).", where=where, status=status, name=_word(name) or "?"
            )
        if isinstance(answer, bytes):
            raise TargetError("What answers at {where} is not Chroma with its version 2 interface.", where=where)
        return answer


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Chroma]:
    """A conversation without proxies, redirects and retries."""
    token = address.token.get_secret_value()
    prefix = "Bearer " if address.header == "Authorization" else ""
    headers = {"User-Agent": "plantao", "Accept-Encoding": "identity"}
    if token:
        headers[address.header] = prefix + token
    async with httpx.AsyncClient(
        base_url=address.url.get_secret_value().rstrip("/"),
        headers=headers,
        trust_env=False,
        follow_redirects=False,
        timeout=_ANSWER_LIMIT,
    ) as client:
        yield Chroma(client, address)


def odd(where: str) -> TargetError:
    """An answer that is not what Chroma gives."""
    return TargetError("Chroma at {where} gave an answer that cannot be used.", where=where)


def _word(text: object) -> str:
    return "".join(sign for sign in str(text) if sign.isalnum())[:40]


def _broken(error: httpx.HTTPError, where: str) -> TargetError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return Unreachable("Chroma at {where} could not agree on TLS.", where=where)
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.ConnectError):
        return Unreachable("Chroma at {where} cannot be reached: nothing listens there.", where=where)
    return Unreachable("Chroma at {where} broke the connection before its answer was complete.", where=where)
