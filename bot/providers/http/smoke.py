"""A smoke test: the addresses that have to answer after a deploy, asked side by side, with one account's token."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Final

import httpx
from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, plain, say
from bot.providers.http.address import Address, base_of, client
from bot.providers.http.exchange import ask

_LIMIT: Final = 15.0
_NAMED: Final = 5

Path = Annotated[str, Field(pattern=r"^/\S*$", max_length=200)]


class Smoke(Parameters):
    """The critical addresses, each asked once by GET; all of them have to answer `expect_status`.

    The token is the target's: the catalog must give it that of a synthetic account (guard G31).
    """

    paths: tuple[Path, ...] = Field(min_length=1, max_length=20)
    expect_status: int = 200
    timeout_ms: int = Field(4000, ge=50, le=10_000)


@dataclass(frozen=True, slots=True)
class _Visit:
    """What one address answered; `error` stands where it gave no answer."""

    path: str
    status: int | None = None
    took_ms: float = 0.0
    error: TargetError | None = None

    @property
    def words(self) -> Text:
        if self.error is not None:
            return say("{path}: {reason}", path=self.path, reason=self.error.text)
        return plain(f"{self.path}: {self.status}")


async def _read(address: Address, wanted: Smoke) -> Reading:
    async with client(address.ca_file, address.credentials()) as web:
        visits = await asyncio.gather(*(_visit(web, address, path, wanted) for path in wanted.paths))
    if all(one.error for one in visits) and (error := visits[0].error):
        raise error
    failed = [one for one in visits if one.status != wanted.expect_status]
    return Reading(
        _summary(failed, wanted),
        (
            Measurement("failed", len(failed)),
            Measurement("passed", len(visits) - len(failed)),
            Measurement("slowest_ms", round(max(one.took_ms for one in visits), 1), "ms"),
        ),
        tuple(f"GET {one.path} {one.status or '-'} {one.took_ms:.0f} ms" for one in visits),
    )


async def _visit(web: httpx.AsyncClient, address: Address, path: str, wanted: Smoke) -> _Visit:
    request = web.build_request("GET", httpx.URL(base_of(address.url) + path))
    try:
        answer = await ask(web, request, wanted.timeout_ms)
    except TargetError as error:
        return _Visit(path, error=error)
    return _Visit(path, answer.status, answer.took_ms)


def _summary(failed: list[_Visit], wanted: Smoke) -> Text:
    count = len(wanted.paths)
    if not failed:
        return say("all {count} addresses answer {expected}", count=count, expected=wanted.expect_status)
    words = failed[0].words
    for one in failed[1:_NAMED]:
        words = say("{first}, {second}", first=words, second=one.words)
    return say(
        "{failed} of {count} addresses do not answer {expected}: {words}",
        failed=len(failed),
        count=count,
        expected=wanted.expect_status,
        words=words,
    )


SMOKE = Read("http.smoke", Address, Smoke, _LIMIT, _read)
