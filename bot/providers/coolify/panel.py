"""What is asked of Coolify, and what its refusals mean."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final, TypeVar

import httpx

from bot.core.errors import Denied, TargetError, Unreachable
from bot.core.redaction import mask
from bot.providers.coolify.address import Address
from bot.providers.coolify.deployment import Deployment, History, deployment_of
from bot.providers.coolify.variable import Variable, variable_of
from bot.providers.http.address import base_of, client, host_of
from bot.providers.http.api import strange
from bot.providers.http.exchange import Answer, ask
from bot.providers.secrets.secrecy import without

T = TypeVar("T")

LIMIT: Final = 12.0
DEPTH: Final = 20
_ASK_LIMIT_MS: Final = 4000
_SEND_LIMIT_MS: Final = 10_000
_BODY_LIMIT: Final = 4 * 1024 * 1024
_NOT_THERE: Final = (404, 405)


class Panel:
    """One application; every request is sent once, with a time limit of its own."""

    def __init__(self, web: httpx.AsyncClient, address: Address) -> None:
        self._web = web
        self._base = f"{base_of(address.url)}/api/v1"
        self._path = f"/applications/{address.application}"
        self._history = f"/deployments/applications/{address.application}"
        self.host = host_of(httpx.URL(self._base))

    async def status(self) -> tuple[str, str, str]:
        """The application's name, its status (`running:healthy`), and the commit it is pinned to or `HEAD`."""

        def read(found: Any) -> tuple[str, str, str]:
            return seen(found.get("name"), 60), str(found["status"]), str(found.get("git_commit_sha") or "HEAD")

        return await self._get(self._path, read)

    async def history(self, depth: int = DEPTH) -> History:
        """The newest deployments of the branch itself, without those of pull requests.

        A token that may read sensitive data gets each with its whole log, which is why `depth` stays small.
        """

        def read(found: Any) -> History:
            rows = found["deployments"] if isinstance(found, dict) else found
            made = [deployment_of(row) for row in rows if not row.get("pull_request_id")]
            return History(tuple(sorted(made, key=lambda one: one.created, reverse=True)))

        return await self._get(self._history, read, [("skip", "0"), ("take", str(depth))])

    async def look(self, deployment: str) -> Deployment:
        """One deployment as it is now."""
        return await self._get(f"/deployments/{deployment}", deployment_of)

    async def variable(self, name: str) -> Variable | None:
        """One of the application's own variables, not that of its previews."""

        def read(found: Any) -> Variable | None:
            return next((variable_of(one) for one in found if one["key"] == name and not one.get("is_preview")), None)

        return await self._get(f"{self._path}/envs", read)

    async def keeps_image(self, commit: str) -> bool | None:
        """Whether the image of a commit is still there; None where the API knows no way back."""
        answer = await self._asked(f"{self._path}/rollback-images")
        if answer.status in _NOT_THERE:
            return None
        return self._read(answer, "read", lambda found: commit in json.dumps(found))

    async def go_back(self, commit: str) -> str:
        """Start a rollback; the id of its deployment."""
        return await self._start("rollback", {"commit": commit})

    async def restart(self) -> str:
        """Start a restart; the id of its deployment."""
        return await self._start("restart", None)

    async def set_variable(self, name: str, value: str) -> None:
        """Set one of the application's own; no error says the value, even where Coolify quotes it."""
        body = {"key": name, "value": value, "is_preview": False}
        answer = await self._sent("PATCH", "envs", body)
        self._read(replace(answer, body=without((value,), answer.text).encode()), "write", bool)

    async def _get(self, path: str, read: Callable[[Any], T], query: Sequence[tuple[str, str]] = ()) -> T:
        return self._read(await self._asked(path, query), "read", read)

    async def _asked(self, path: str, query: Sequence[tuple[str, str]] = ()) -> Answer:
        url = httpx.URL(self._base + path).copy_merge_params(list(query))
        return await ask(self._web, self._web.build_request("GET", url), _ASK_LIMIT_MS, _BODY_LIMIT)

    async def _start(self, what: str, body: dict[str, Any] | None) -> str:
        return self._read(await self._sent("POST", what, body), "deploy", _started)

    async def _sent(self, method: str, what: str, body: dict[str, Any] | None) -> Answer:
        """Send a change, once; Unreachable and TimedOut mean that nobody knows whether it was carried out."""
        request = self._web.build_request(method, f"{self._base}{self._path}/{what}", json=body)
        return await ask(self._web, request, _SEND_LIMIT_MS, _BODY_LIMIT)

    def _read(self, answer: Answer, ability: str, read: Callable[[Any], T]) -> T:
        if not 200 <= answer.status < 300:
            raise _refused(answer, self.host, ability)
        if not answer.is_whole:
            raise TargetError("The answer of {host} is larger than 4 MB; ask for less.", host=self.host)
        try:
            return read(json.loads(answer.body))
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            # Without its cause, which may quote the answer.
            raise strange("Coolify", self.host) from None


@asynccontextmanager
async def reached(address: Address) -> AsyncIterator[Panel]:
    """The application behind an address."""
    headers = {"Authorization": f"Bearer {address.token.get_secret_value()}", "Accept": "application/json"}
    async with client(address.ca_file, headers) as web:
        yield Panel(web, address)


def seen(text: object, limit: int = 80) -> str:
    """Foreign words as they may be shown: masked, on one line, cut."""
    return " ".join(mask(str(text or "")).split())[:limit]


def _started(answer: Any) -> str:
    return seen(answer["deployment_uuid"], 40)


def _refused(answer: Answer, host: str, ability: str) -> TargetError:
    reason = _reason(answer)
    if answer.status == 401 or reason.lower().startswith("invalid token"):
        return Denied("Coolify does not accept the token; it is wrong or was revoked. Make a new one for this target.")
    match answer.status:
        case 403 if "permission" in reason.lower():
            return Denied("Coolify does not let this token do it. Give it the permission `{ability}`.", ability=ability)
        case 403:
            return Denied(
                "Coolify forbids it ({reason}). Its API must be enabled and must allow the bot's address.",
                reason=reason or "403",
            )
        case 404 | 405:
            return TargetError("Coolify knows no such application or deployment in the team of this token.")
        case 429:
            return TargetError("Coolify takes no more requests for now; try again in a minute.")
        case status if status >= 500:
            # Unreachable, since behind a 502 or 504 a change may have been made or not.
            return Unreachable("Coolify is in trouble: {host} answers {status}.", host=host, status=status)
        case status:
            return TargetError("Coolify answers {status}: {reason}", status=status, reason=reason or "—")


def _reason(answer: Answer) -> str:
    """Coolify's own words, masked and cut; an HTML page has none."""
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    return seen(found.get("message"), 200) if isinstance(found, dict) else ""
