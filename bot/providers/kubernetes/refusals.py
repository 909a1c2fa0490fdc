"""What the refusals of an API server mean, and what a connection that breaks is called."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from kubernetes.aio.client.exceptions import ApiException

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.kubernetes.resources import Resource

_MESSAGE_LIMIT: Final = 200


class Changed(TargetError):
    """The object is no longer as the change expects it; nothing was changed."""


class Absent(TargetError):
    """The object does not exist."""


class NotServed(TargetError):
    """The cluster has no such API, as one without a metrics server."""


class NoLog(TargetError):
    """This container has no such log: it waits to start, or never ended before."""


class BudgetSpent(TargetError):
    """A disruption budget wants the pod to stay."""


@dataclass(frozen=True, slots=True)
class Request:
    """One question or change; `verb` is the one that a Role grants, `body` is what a change sends."""

    verb: str
    resource: Resource
    name: str = ""
    subresource: str = ""
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None
    accept: str = "application/json"
    is_everywhere: bool = False

    @property
    def path(self) -> str:
        if self.is_everywhere:
            return self.resource.path_everywhere
        parts = [self.resource.path, "{name}" if self.name else "", self.subresource]
        return "/".join(filter(None, parts))


def refused(error: ApiException, request: Request, namespace: str) -> TargetError:
    """Our error for an answer that is none of 2xx."""
    message = _message(error)
    resource, name = request.resource, request.name
    match error.status:
        case 401:
            return Denied("The cluster does not accept the token; it is wrong or expired. Renew this target's secret.")
        case 403 if " cannot " in message and request.is_everywhere:
            return Denied(
                "The cluster does not let this account `{verb}` `{resource}` in all of the cluster. Bind it to a "
                "ClusterRole that grants that.",
                verb=request.verb,
                resource=resource.qualified(),
            )
        case 403 if " cannot " in message:
            return denied(request.verb, resource.qualified(request.subresource), namespace)
        case 403:
            return Denied("The cluster forbids it: {message}", message=message)
        case 404 if not _names_an_object(error):
            return NotServed("The cluster does not serve `{resource}`.", resource=resource.qualified())
        case 404:
            return Absent("There is no {kind} {name} in {place}.", kind=resource.kind, name=name, place=namespace)
        case 400 if request.subresource == "log":
            return NoLog("This log is not there: {message}", message=message)
        case 429 if request.subresource == "eviction":
            return BudgetSpent(
                "A disruption budget wants {pod} to stay: {reason}", pod=name, reason=_cause(error) or message
            )
        case 409 | 422 if request.verb != "get" and "is invalid" not in message:
            return Changed("The {kind} {name} was changed meanwhile; nothing was done.", kind=resource.kind, name=name)
        case status if status and status >= 500:
            # Unreachable, since behind a 502 or 504 a change may have been made or not.
            return Unreachable(
                "The cluster is in trouble, it answered {status}: {message}", status=status, message=message
            )
        case status:
            return TargetError("The cluster answered {status}: {message}", status=status or 0, message=message)


def denied(verb: str, resource: str, namespace: str) -> Denied:
    """The right that is missing, as a Role names it."""
    return Denied(
        "The cluster does not let this account `{verb}` `{resource}` in {namespace}. Add that to its Role.",
        verb=verb,
        resource=resource,
        namespace=namespace,
    )


def lost(error: Exception, seconds: float) -> TargetError:
    """Our error for an answer that never came."""
    match error:
        case asyncio.TimeoutError():
            return TimedOut("The cluster did not answer within {seconds} s.", seconds=seconds)
        case aiohttp.ClientConnectorCertificateError():
            return Unreachable("The cluster's certificate is not valid for this target's `ca`.")
        case aiohttp.ClientConnectorError():
            return Unreachable("The cluster cannot be reached: the connection was refused or the name is unknown.")
        case _:
            return Unreachable("The connection to the cluster broke before it answered.")


def _status(error: ApiException) -> dict[str, Any]:
    """The Status object of a refusal; anything else is a proxy's page and stays behind."""
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return {}
    return status if isinstance(status, dict) else {}


def _message(error: ApiException) -> str:
    return mask(str(_status(error).get("message", error.reason)))[:_MESSAGE_LIMIT]


def _names_an_object(error: ApiException) -> bool:
    """An API that is not served answers 404 as well, but in plain text or without details of an object."""
    return bool((_status(error).get("details") or {}).get("name"))


def _cause(error: ApiException) -> str:
    causes = (_status(error).get("details") or {}).get("causes") or [{}]
    return mask(str(causes[0].get("message", "")))[:_MESSAGE_LIMIT]
