"""The Atlas Administration API: bounded requests with the project's key, and what its refusals mean."""

import json
from typing import Any, Final

import httpx

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.mongodb.address import Address

LIMIT: Final = 12.0
_ANSWER_LIMIT: Final = 5.0
_BODY_LIMIT: Final = 2 * 1024 * 1024
_VERSION: Final = "application/vnd.atlas.2023-01-01+json"
_HEADERS: Final = {"Accept": _VERSION, "User-Agent": "plantao"}


def is_configured(address: Address) -> bool:
    """Whether the target has all that the API wants."""
    keys = (address.atlas_public_key.get_secret_value(), address.atlas_private_key.get_secret_value())
    return all((*keys, address.atlas_project, address.atlas_cluster))


def not_configured(*measurements: tuple[str, str]) -> Reading:
    """What a check says without the key; `measurements` are name and unit of each."""
    reason = say(
        "needs an Atlas API key that may read the project: "
        "`atlas_public_key`, `atlas_private_key`, `atlas_project`, `atlas_cluster`"
    )
    return Reading(reason, tuple(Measurement(name, None, unit, reason) for name, unit in measurements))


async def ask(address: Address, path: str, grant: str, **query: str | int) -> dict[str, Any]:
    """The answer below the address's project; `grant` names the roles that the key needs for it."""
    return _document(*await _exchanged(address, "GET", path, params=query), address, grant)


async def send(address: Address, path: str, grant: str, body: dict[str, str | int]) -> dict[str, Any]:
    """Send a change, once; Unreachable and TimedOut mean that nobody knows whether it was carried out."""
    status, answer = await _exchanged(
        address, "POST", path, content=json.dumps(body), headers={"Content-Type": _VERSION}
    )
    if status == httpx.codes.FORBIDDEN:
        raise Denied("Atlas does not let this API key do it. Grant it {grant}.", grant=grant)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise Unreachable("The Atlas API is in trouble ({status}).", status=status)
    return _document(status, answer, address, grant)


async def _exchanged(address: Address, method: str, path: str, **what: Any) -> tuple[int, bytes]:
    login = httpx.DigestAuth(address.atlas_public_key.get_secret_value(), address.atlas_private_key.get_secret_value())
    url = f"{address.atlas_url}/api/atlas/v2/groups/{address.atlas_project}{path}"
    try:
        async with httpx.AsyncClient(
            auth=login, trust_env=False, follow_redirects=False, timeout=_ANSWER_LIMIT, headers=_HEADERS
        ) as client:
            return await _fetch(client, method, url, what)
    except httpx.TimeoutException as error:
        raise TimedOut("Atlas did not answer within {seconds} s.", seconds=_ANSWER_LIMIT) from error
    except httpx.HTTPError as error:
        raise Unreachable("The Atlas API cannot be reached.") from error


def records(document: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects of a list that has to be there."""
    found = document.get(name)
    if not isinstance(found, list):
        raise _odd(httpx.codes.OK)
    return [one for one in found if isinstance(one, dict)]


async def _fetch(client: httpx.AsyncClient, method: str, url: str, what: dict[str, Any]) -> tuple[int, bytes]:
    body = bytearray()
    async with client.stream(method, url, **what) as response:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise TargetError("The answer of the Atlas API is too long.")
    return response.status_code, bytes(body)


def _document(status: int, body: bytes, address: Address, grant: str) -> dict[str, Any]:
    if status == httpx.codes.UNAUTHORIZED:
        raise Denied("Atlas refuses this API key. Check the secrets, and the key's IP access list.")
    if status == httpx.codes.FORBIDDEN:
        raise Denied("Atlas does not let this API key read it. Grant it {grant}.", grant=grant)
    if status == httpx.codes.NOT_FOUND:
        raise TargetError("Atlas knows no cluster {cluster} in this project.", cluster=mask(address.atlas_cluster))
    try:
        document = json.loads(body) if httpx.codes.is_success(status) else None
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise _odd(status)
    return document


def _odd(status: int) -> TargetError:
    return TargetError("The Atlas API gave an answer that cannot be used ({status}).", status=int(status))
