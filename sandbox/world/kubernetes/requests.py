"""What every handler needs of a request: its cluster, its right, its body."""

import json
from typing import Any

from aiohttp import web

from sandbox.world.kubernetes.access import Account, Attempt
from sandbox.world.kubernetes.cluster import CLUSTER, Cluster
from sandbox.world.kubernetes.refusals import bad_request
from sandbox.world.kubernetes.resources import Document, Resource


def cluster_of(request: web.Request) -> Cluster:
    return request.app[CLUSTER]


def account_of(request: web.Request) -> Account:
    return cluster_of(request).access.account(request.headers.get("Authorization", ""))


def authorize(request: web.Request, verb: str, resource: Resource, subresource: str = "") -> Account:
    """The account behind the request, which may do this; raises the refusal otherwise."""
    account = account_of(request)
    name = request.match_info.get("name", "")
    namespace = request.match_info.get("namespace", "") if resource.is_namespaced else name
    cluster_of(request).access.require(account, Attempt(verb, resource, namespace, name, subresource))
    return account


async def body_of(request: web.Request) -> Any:
    try:
        return json.loads(await request.text() or "{}")
    except ValueError as error:
        raise bad_request(f"couldn't get version/kind; json parse error: {error}") from error


async def object_of(request: web.Request) -> Document:
    body = await body_of(request)
    if not isinstance(body, dict):
        raise bad_request("the object provided is unrecognized (must be of type object)")
    return body


def number_of(request: web.Request, parameter: str) -> int | None:
    """A whole number out of the query; None when it is absent."""
    text = request.query.get(parameter, "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise bad_request(f'{parameter}: Invalid value: "{text}": must be a whole number that is not negative')
    return int(text)


def is_true(request: web.Request, parameter: str) -> bool:
    return request.query.get(parameter, "").lower() in {"true", "1"}


def is_dry_run(request: web.Request) -> bool:
    values = request.query.getall("dryRun", [])
    if set(values) - {"All"}:
        raise bad_request(f'dryRun: Unsupported value: "{values[0]}": supported values: "All"')
    return bool(values)
