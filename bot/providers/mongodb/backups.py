"""The age of the newest backup that Atlas has finished."""

import json
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.mongodb.address import Address

_LIMIT: Final = 12.0
_ANSWER_LIMIT: Final = 5.0
_BODY_LIMIT: Final = 512 * 1024
_HEADERS: Final = {"Accept": "application/vnd.atlas.2023-01-01+json", "User-Agent": "plantao"}
_SHOWN: Final = 5


async def _read(address: Address, _: Parameters) -> Reading:
    keys = (address.atlas_public_key.get_secret_value(), address.atlas_private_key.get_secret_value())
    if not all((*keys, address.atlas_project, address.atlas_cluster)):
        reason = say(
            "needs an Atlas API key that may read the project: "
            "`atlas_public_key`, `atlas_private_key`, `atlas_project`, `atlas_cluster`"
        )
        return Reading(
            reason, (Measurement("age_h", None, "h", reason), Measurement("snapshots", None, missing=reason))
        )
    snapshots = [one for one in await _snapshots(address) if one.get("status") == "completed"]
    times = sorted(filter(None, (_time(one.get("createdAt")) for one in snapshots)), reverse=True)
    if not times:
        none = say("Atlas has no finished backup of {cluster}", cluster=address.atlas_cluster)
        return Reading(none, (Measurement("age_h", None, "h", none), Measurement("snapshots", 0)))
    age = round((datetime.now(UTC) - times[0]).total_seconds() / 3600, 1)
    return Reading(
        say("the newest backup is {age} h old, {count} are kept", age=age, count=len(times)),
        (Measurement("age_h", age, "h"), Measurement("snapshots", len(times))),
        tuple(f"{at:%Y-%m-%d %H:%M}Z" for at in times[:_SHOWN]),
    )


async def _snapshots(address: Address) -> list[dict[str, Any]]:
    path = f"/api/atlas/v2/groups/{address.atlas_project}/clusters/{address.atlas_cluster}/backup/snapshots"
    login = httpx.DigestAuth(address.atlas_public_key.get_secret_value(), address.atlas_private_key.get_secret_value())
    try:
        async with httpx.AsyncClient(
            auth=login, trust_env=False, follow_redirects=False, timeout=_ANSWER_LIMIT, headers=_HEADERS
        ) as client:
            status, body = await _fetch(client, address.atlas_url + path)
    except httpx.TimeoutException as error:
        raise TimedOut("Atlas did not answer within {seconds} s.", seconds=_ANSWER_LIMIT) from error
    except httpx.HTTPError as error:
        raise Unreachable("The Atlas API cannot be reached.") from error
    return _results(status, body, address)


async def _fetch(client: httpx.AsyncClient, url: str) -> tuple[int, bytes]:
    body = bytearray()
    async with client.stream("GET", url, params={"itemsPerPage": 100}) as response:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _BODY_LIMIT:
                raise TargetError("The answer of the Atlas API is too long.")
    return response.status_code, bytes(body)


def _results(status: int, body: bytes, address: Address) -> list[dict[str, Any]]:
    if status == httpx.codes.UNAUTHORIZED:
        raise Denied("Atlas refuses this API key. Check the secrets, and the key's IP access list.")
    if status == httpx.codes.FORBIDDEN:
        raise Denied("Atlas does not let this API key read backups. Grant it `Project Read Only`.")
    if status == httpx.codes.NOT_FOUND:
        raise TargetError("Atlas knows no cluster {cluster} in this project.", cluster=mask(address.atlas_cluster))
    try:
        results = json.loads(body)["results"] if status == httpx.codes.OK else None
    except (ValueError, KeyError, TypeError):
        results = None
    if not isinstance(results, list):
        raise TargetError("The Atlas API gave an answer that cannot be used ({status}).", status=status)
    return [one for one in results if isinstance(one, dict)]


def _time(value: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


BACKUPS = Read("mongodb.backups", Address, Parameters, _LIMIT, _read)
