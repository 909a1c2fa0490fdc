"""Bounded requests to the API server; none is ever repeated."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio import config as loading
from kubernetes.aio.client.api_client import ApiClient
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.exceptions import ApiException

from bot.core.errors import TargetError
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.refusals import Request, denied, lost, refused
from bot.providers.kubernetes.resources import PODS, Resource

Document: TypeAlias = dict[str, Any]

LIMIT: Final = 8.0
_REQUEST_LIMIT: Final = 4.0
_GOODBYE_LIMIT: Final = 1.0
_MESSAGE_LIMIT: Final = 1024 * 1024
_PAGE: Final = 500
_PAGES: Final = 4
_METHODS: Final = {"get": "GET", "list": "GET", "patch": "PATCH", "create": "POST", "delete": "DELETE"}
_METADATA_ONLY: Final = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
# The newest protocol first; servers before 1.29 know only v4.
_STREAM_PROTOCOLS: Final = ("v5.channel.k8s.io", "v4.channel.k8s.io")


class Cluster:
    """One namespace of a cluster; every request has a limit of its own and none is repeated."""

    def __init__(self, client: ApiClient, namespace: str) -> None:
        self.namespace = namespace
        self._client = client

    async def read(self, resource: Resource, name: str) -> Document:
        return await self._request(Request("get", resource, name))

    async def read_metadata(self, resource: Resource, name: str) -> Document:
        """The object without its contents, which the API server then does not even send."""
        return await self._request(Request("get", resource, name, accept=_METADATA_ONLY))

    async def listing(self, resource: Resource, **query: str) -> list[Document]:
        """The objects that match, at most 2,000: beyond that more pages would not tell an engineer more."""
        return (await self.pages(resource, query))[0]

    async def all_of(self, resource: Resource, **query: str) -> list[Document]:
        """Every object that matches; a decision that overlooks one is none, so that too many of them are an error."""
        return _whole(await self.pages(resource, query), resource, self.namespace)

    async def everywhere(self, resource: Resource, **query: str) -> list[Document]:
        """The same in all of the cluster, beyond this namespace."""
        return _whole(await self.pages(resource, query, is_everywhere=True), resource, "*")

    async def pages(
        self, resource: Resource, query: dict[str, str], *, is_everywhere: bool = False
    ) -> tuple[list[Document], bool]:
        """What a few pages hold, at most 2,000 objects, and whether that is all."""
        found: list[Document] = []
        token = ""
        for _ in range(_PAGES):
            part = query | {"limit": str(_PAGE), "continue": token}
            page = await self._request(Request("list", resource, query=part, is_everywhere=is_everywhere))
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue", "")
            if not token:
                return found, True
        return found, False

    async def patch(
        self, resource: Resource, name: str, steps: list[Document], *, is_dry_run: bool, subresource: str = ""
    ) -> Document:
        """A JSON patch, whose `test` steps make the API server refuse it when the object has changed."""
        return await self._request(
            Request("patch", resource, name, subresource, query=_writing(is_dry_run), body=steps)
        )

    async def create(self, resource: Resource, body: Document, *, is_dry_run: bool) -> Document:
        return await self._request(Request("create", resource, query=_writing(is_dry_run), body=body))

    async def delete(self, resource: Resource, document: Document, *, is_dry_run: bool) -> None:
        """Only this very object, not another one of its name."""
        name, uid = document["metadata"]["name"], document["metadata"]["uid"]
        body = {"kind": "DeleteOptions", "apiVersion": "v1", "preconditions": {"uid": uid}}
        await self._request(Request("delete", resource, name, query=_dry(is_dry_run), body=body))

    async def evict(self, pod: Document, *, is_dry_run: bool) -> None:
        """Ask for a pod's end as a drain does, which a disruption budget may refuse; only this very pod."""
        name, uid = pod["metadata"]["name"], pod["metadata"]["uid"]
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": self.namespace},
            "deleteOptions": {"preconditions": {"uid": uid}},
        }
        await self._request(Request("create", PODS, name, "eviction", query=_writing(is_dry_run), body=body))

    async def log(self, pod: str, query: dict[str, str], limit: int, *, is_long: bool = False) -> bytes:
        """At most `limit` bytes of a container's log; a long one may take its time as long as it keeps coming."""
        request = Request("get", PODS, pod, "log", query=query, accept="*/*")
        answer = await self._call(request, is_stream=True, is_long=is_long)
        try:
            data = bytearray()
            async for chunk in answer.content.iter_any():
                data += chunk
                if len(data) >= limit:
                    break
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise lost(error, _REQUEST_LIMIT) from error
        finally:
            answer.close()
        return bytes(data[:limit])

    @asynccontextmanager
    async def dialled(
        self, pod: str, query: Sequence[tuple[str, str]]
    ) -> AsyncIterator["aiohttp.ClientWebSocketResponse[bool]"]:
        """The streams of a command inside a pod; the caller bounds the time."""
        headers: dict[str, str] = {}
        await self._client.update_params_for_auth(headers, [], ["BearerToken"])
        host = self._client.configuration.host
        path = PODS.path.format(namespace=self.namespace)
        rest = self._client.rest_client
        session: aiohttp.ClientSession = rest.pool_manager
        try:
            async with session.ws_connect(
                f"{host}{path}/{pod}/exec?{urlencode(query)}",
                headers=headers,
                protocols=_STREAM_PROTOCOLS,
                timeout=aiohttp.ClientWSTimeout(ws_close=_GOODBYE_LIMIT),
                proxy=rest.proxy,
                proxy_headers=rest.proxy_headers,
                server_hostname=rest.server_hostname,
                max_msg_size=_MESSAGE_LIMIT,
            ) as socket:
                yield socket
        except aiohttp.WSServerHandshakeError as error:
            raise self._refused_stream(error, pod) from error
        except (aiohttp.ClientError, OSError) as error:
            raise lost(error, _REQUEST_LIMIT) from error

    def _refused_stream(self, error: aiohttp.WSServerHandshakeError, pod: str) -> TargetError:
        if error.status == 403:
            # `get` is what opens the stream; since Kubernetes 1.35 `create` is asked for as well.
            return denied("get, create", PODS.qualified("exec"), self.namespace)
        return refused(
            ApiException(status=error.status, reason=error.message), Request("get", PODS, pod), self.namespace
        )

    async def _request(self, request: Request) -> Document:
        answer = await self._call(request, is_stream=False)
        if not isinstance(answer, dict):
            raise TargetError("What answers at the cluster's address is not Kubernetes.")
        return answer

    async def _call(self, request: Request, *, is_stream: bool, is_long: bool = False) -> Any:
        headers = {"Accept": request.accept}
        if request.verb == "patch":
            headers["Content-Type"] = "application/json-patch+json"
        try:
            answer = await self._client.call_api(
                request.path,
                _METHODS[request.verb],
                {"namespace": self.namespace, "name": request.name},
                {key: value for key, value in request.query.items() if value},
                headers,
                body=request.body,
                auth_settings=["BearerToken"],
                response_types_map={200: "object", 201: "object"},
                _return_http_data_only=True,
                _preload_content=not is_stream,
                _request_timeout=(_REQUEST_LIMIT, _REQUEST_LIMIT) if is_long else _REQUEST_LIMIT,
            )
            if is_stream and answer.status >= 300:
                error = ApiException(status=answer.status, reason=answer.reason)
                error.body = (await answer.content.read(1 << 16)).decode(errors="replace")
                answer.close()
                raise error
        except ApiException as error:
            raise refused(error, request, self.namespace) from error
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise lost(error, _REQUEST_LIMIT) from error
        except UnicodeDecodeError as error:
            raise TargetError("What answers at the cluster's address is not Kubernetes.") from error
        return answer


def _whole(pages: tuple[list[Document], bool], resource: Resource, place: str) -> list[Document]:
    found, is_all = pages
    if not is_all:
        raise TargetError(
            "There are more than {count} objects `{resource}` in {place}, too many to be sure of anything.",
            count=_PAGE * _PAGES,
            resource=resource.qualified(),
            place=place,
        )
    return found


def _writing(is_dry_run: bool) -> dict[str, str]:
    return {"fieldManager": "plantao"} | _dry(is_dry_run)


def _dry(is_dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if is_dry_run else {}


@dataclass(slots=True)
class _Shared:
    client: asyncio.Task[ApiClient]
    users: int = 0


# Building a client blocks the loop for 25 ms, mostly for its TLS context; a report has dozens of checks on one cluster.
_IN_USE: Final[dict[tuple[Address, asyncio.AbstractEventLoop], _Shared]] = {}


@asynccontextmanager
async def opened(address: Address) -> AsyncIterator[Cluster]:
    """The namespace behind an address; those who use it at the same time share one client, and the last closes it."""
    key = (address, asyncio.get_running_loop())
    shared = _IN_USE.get(key) or _IN_USE.setdefault(key, _Shared(asyncio.create_task(_client(address))))
    shared.users += 1
    try:
        yield Cluster(await asyncio.shield(shared.client), address.namespace)
    finally:
        shared.users -= 1
        if not shared.users:
            del _IN_USE[key]
            await _closed(shared.client)


async def _closed(client: asyncio.Task[ApiClient]) -> None:
    if not client.done():
        client.cancel()
    elif client.exception() is None:
        await client.result().close()


async def _client(address: Address) -> ApiClient:
    return ApiClient(await _configuration(address))


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
