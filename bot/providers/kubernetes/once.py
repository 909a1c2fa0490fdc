"""Changing, making and deleting an object once: when the answer is lost it is looked for, never sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.pauses import after_a_lost_answer
from bot.providers.kubernetes.refusals import Absent
from bot.providers.kubernetes.resources import Resource

T = TypeVar("T")


async def once(
    name: str,
    send: Callable[[], Awaitable[T]],
    look: Callable[[], Awaitable[T]],
    is_made: Callable[[T], bool],
    unmade: TargetError | None = None,
) -> T:
    """What was sent for, or is seen to be made; raises `unmade` where it is not, and Unreachable where nobody knows.

    A change may arrive after its connection broke, so that the first look proves nothing.
    """
    try:
        return await send()
    except (Unreachable, TimedOut) as error:
        is_seen = False
        for pause in after_a_lost_answer():
            await asyncio.sleep(pause)
            with suppress(Unreachable, TimedOut):
                seen = await look()
                if is_made(seen):
                    return seen
                is_seen = True
        raise (unmade or _as_it_was(name) if is_seen else _unknown_outcome(name)) from error


async def create_once(cluster: Cluster, resource: Resource, document: Document) -> str:
    """Sent once under a name of its own, which is returned."""
    name: str = document["metadata"]["name"]
    await once(
        name,
        lambda: cluster.create(resource, document, is_dry_run=False),
        lambda: find(cluster, resource, name),
        lambda seen: seen is not None,
        TargetError("The connection broke and {name} was not made.", name=name),
    )
    return name


async def delete_once(
    cluster: Cluster, resource: Resource, document: Document, send: Callable[[], Awaitable[None]]
) -> None:
    """Sent once; an object that takes its time to go, or another one of its name, counts as gone."""
    name, uid = document["metadata"]["name"], document["metadata"]["uid"]

    def is_gone(seen: Document | None) -> bool:
        return seen is None or seen["metadata"]["uid"] != uid or "deletionTimestamp" in seen["metadata"]

    async def sent() -> None:
        with suppress(Absent):
            await send()

    await once(
        name,
        sent,
        lambda: find(cluster, resource, name),
        is_gone,
        TargetError("The connection broke while {pod} was deleted. Looked at again, it is still there.", pod=name),
    )


async def find(cluster: Cluster, resource: Resource, name: str) -> Document | None:
    """The object, or None when there is none."""
    try:
        return await cluster.read(resource, name)
    except Absent:
        return None


def _as_it_was(name: str) -> TargetError:
    return TargetError(
        "The connection broke while the change of {name} was sent. Looked at again, it is as it was.", name=name
    )


def _unknown_outcome(name: str) -> Unreachable:
    """Nobody knows whether a change was made: the answer was lost, and so was every look afterwards."""
    return Unreachable(
        "The connection broke while the change of {name} was sent; whether it was made is not known. "
        "Look at it before anybody tries again.",
        name=name,
    )
