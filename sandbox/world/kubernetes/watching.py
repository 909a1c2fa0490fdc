"""Watches: a stream of changes, one JSON object a line, that ends after the time the client asked for."""

import asyncio
import json

from aiohttp import web

from sandbox.world.kubernetes.refusals import Refusal
from sandbox.world.kubernetes.requests import cluster_of, number_of
from sandbox.world.kubernetes.resources import Document, Resource
from sandbox.world.kubernetes.selection import select
from sandbox.world.kubernetes.store import Change

_LONGEST_SECONDS = 300


async def watch(request: web.Request, resource: Resource) -> web.StreamResponse:
    """Tells what is there first, unless the client names the version it already knows."""
    store, since = cluster_of(request).store, number_of(request, "resourceVersion") or None
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    try:
        with store.follow(since) as changes:
            await response.prepare(request)
            if since is None:
                for document in _selected(request, resource, *store.listing(resource, _namespace(request))):
                    await _send(response, "ADDED", document)
            await _relay(request, response, resource, changes)
    except Refusal as refusal:
        await response.prepare(request)
        await _send(response, "ERROR", refusal.status())
    return response


async def _relay(
    request: web.Request, response: web.StreamResponse, resource: Resource, changes: asyncio.Queue[Change]
) -> None:
    seconds = number_of(request, "timeoutSeconds")
    try:
        async with asyncio.timeout(_LONGEST_SECONDS if seconds is None else seconds):
            while True:
                change = await changes.get()
                is_here = change.document["metadata"].get("namespace", "") == _namespace(request)
                if change.resource is resource and is_here:
                    for document in _selected(request, resource, change.document):
                        await _send(response, change.type, document)
    except TimeoutError:
        return


def _namespace(request: web.Request) -> str:
    return request.match_info.get("namespace", "")


def _selected(request: web.Request, resource: Resource, *documents: Document) -> list[Document]:
    return select(list(documents), resource, request.query)


async def _send(response: web.StreamResponse, change: str, document: Document) -> None:
    await response.write(json.dumps({"type": change, "object": document}).encode() + b"\n")
