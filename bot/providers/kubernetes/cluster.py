"""Bounded requests to the API server, and what its refusals mean."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import aiohttp
from kubernetes.aio import config as loading
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.exceptions import ApiException

from bot.core.errors import Denied, TargetError, TimedOut, Unreachable
from bot.core.redaction import mask
from bot.providers.kubernetes.address import Address

Document: TypeAlias = dict[str, Any]

LIMIT: Final = 8.0
_REQUEST_LIMIT: Final = 4.0
_PAGE: Final = 500
_PAGES: Final = 4
_MESSAGE_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of object, by its place in the API."""

    kind: str
    plural: str
    group: str = ""

    @property
    def path(self) -> str:
        root = f"/apis/{self.group}/v1" if self.group else "/api/v1"
        return f"{root}/namespaces/{{namespace}}/{self.plural}"

    @property
    def qualified(self) -> str:
        return f"{self.plural}.{self.group}" if self.group else self.plural


DEPLOYMENTS: Final = Resource("deployment", "deployments", "apps")
REPLICA_SETS: Final = Resource("replica set", "replicasets", "apps")
PODS: Final = Resource("pod", "pods")
EVENTS: Final = Resource("event", "events")


class Changed(TargetError):
    """The object is no longer as the change expects it; nothing was changed."""


class Cluster:
    """One namespace of a cluster; every request has a limit of its own and none is repeated."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self.namespace = namespace
        self._client = client

    async def read(self, resource: Resource, name: str) -> Document:
        return await self._request("get", resource, name)

    async def listing(self, resource: Resource, **query: str) -> list[Document]:
        """All objects that match, at most 2,000: beyond that the newest pages would not tell an engineer more."""
        found: list[Document] = []
        token = ""
        for _ in range(_PAGES):
            page = await self._request("list", resource, query=query | {"limit": str(_PAGE), "continue": token})
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue", "")
            if not token:
                break
        return found

    async def patch(self, resource: Resource, name: str, steps: list[Document], *, is_dry_run: bool) -> Document:
        """A JSON patch, whose `test` steps make the API server refuse it when the object has changed."""
        query = {"fieldManager": "plantao"} | ({"dryRun": "All"} if is_dry_run else {})
        return await self._request("patch", resource, name, query=query, steps=steps)

    async def _request(
        self,
        verb: str,
        resource: Resource,
        name: str = "",
        *,
        query: dict[str, str] | None = None,
        steps: list[Document] | None = None,
    ) -> Document:
        try:
            answer: Any = await self._client.call_api(
                f"{resource.path}/{{name}}" if name else resource.path,
                "PATCH" if verb == "patch" else "GET",
                {"namespace": self.namespace, "name": name},
                {key: value for key, value in (query or {}).items() if value},
                {"Accept": "application/json"} | ({"Content-Type": "application/json-patch+json"} if steps else {}),
                body=steps,
                auth_settings=["BearerToken"],
                response_types_map={200: "object"},
                _return_http_data_only=True,
                _request_timeout=_REQUEST_LIMIT,
            )
        except ApiException as error:
            raise _refused(error, verb, resource, name, self.namespace) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _lost(error) from error
        if not isinstance(answer, dict):
            raise TargetError("What answers at the cluster's address is not Kubernetes.")
        return answer


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Cluster]:
    """The namespace behind an address."""
    async with ApiClient(await _configuration(address)) as client:
        yield Cluster(client, address.namespace)


async def _configuration(address: Address) -> Configuration:
    configuration = Configuration(host=address.server or None, ssl_ca_cert=address.ca or None)
    if address.server:
        configuration.api_key = {"BearerToken": f"Bearer {address.token.get_secret_value()}"}
        return configuration
    try:
        if address.in_cluster:
            loading.load_incluster_config(client_configuration=configuration)
        else:
            await loading.load_kube_config(
                address.kubeconfig,
                context=address.context or None,
                client_configuration=configuration,
                persist_config=False,
            )
    except (loading.ConfigException, OSError) as error:
        raise TargetError(
            "The access to the cluster cannot be loaded: the file is missing, or names no usable cluster and user."
        ) from error
    return configuration


def _refused(error: ApiException, verb: str, resource: Resource, name: str, namespace: str) -> TargetError:
    message = _message(error)
    match error.status:
        case 401:
            return Denied("The cluster does not accept the token; it is wrong or expired. Renew this target's secret.")
        case 403 if " cannot " in message:
            return Denied(
                "The cluster does not let this account `{verb}` `{resource}` in {namespace}. Add that to its Role.",
                verb=verb,
                resource=resource.qualified,
                namespace=namespace,
            )
        case 403:
            return Denied("The cluster forbids it: {message}", message=message)
        case 404:
            return TargetError("There is no {kind} {name} in {place}.", kind=resource.kind, name=name, place=namespace)
        case 409 | 422 if verb == "patch" and "is invalid" not in message:
            return Changed("The {kind} {name} was changed meanwhile; nothing was done.", kind=resource.kind, name=name)
        case status if status and status >= 500:
            # Unreachable, since behind a 502 or 504 a change may have been made or not.
            return Unreachable(
                "The cluster is in trouble, it answered {status}: {message}", status=status, message=message
            )
        case status:
            return TargetError("The cluster answered {status}: {message}", status=status or 0, message=message)


def _message(error: ApiException) -> str:
    """The sentence of a Status object; anything else is a proxy's page and stays behind."""
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return str(error.reason)
    told = status.get("message", error.reason) if isinstance(status, dict) else error.reason
    return mask(str(told))[:_MESSAGE_LIMIT]


def _lost(error: Exception) -> TargetError:
    match error:
        case asyncio.TimeoutError():
            return TimedOut("The cluster did not answer within {seconds} s.", seconds=_REQUEST_LIMIT)
        case aiohttp.ClientConnectorCertificateError():
            return Unreachable("The cluster's certificate is not valid for this target's `ca`.")
        case aiohttp.ClientConnectorError():
            return Unreachable("The cluster cannot be reached: the connection was refused or the name is unknown.")
        case _:
            return Unreachable("The connection to the cluster broke before it answered.")
