"""Changing, making and deleting an object once: when the answer is lost it is looked for, never sent again."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.pauses import after_a_lost_answer
from bot.providers.kubernetes.refusals import Absent
from bot.providers.kubernetes.resources import Resource
from bot.providers.kubernetes.template_change import unknown_outcome

Step = Callable[[], Awaitable[Document]]


async def once(name: str, send: Step, look: Step, is_made: Callable[[Document], bool]) -> Document:
    """The object with the change made; raises TargetError where it was not, or where nobody knows."""
    try:
        return await send()
    except (Unreachable, TimedOut) as error:
        seen = None
        for pause in after_a_lost_answer():
            await asyncio.sleep(pause)
            with suppress(Unreachable, TimedOut):
                seen = await look()
            if seen and is_made(seen):
                return seen
        if seen is None:
            raise unknown_outcome(name) from error
        raise TargetError(
            "The connection broke while the change of {name} was sent. Looked at again, it is as it was.", name=name
        ) from error


async def create_once(cluster: Cluster, resource: Resource, document: Document) -> str:
    """Sent once under a name of its own, which is returned."""
    name: str = document["metadata"]["name"]
    try:
        await cluster.create(resource, document, is_dry_run=False)
        return name
    except (Unreachable, TimedOut) as error:
        if await _looked_for(cluster, resource, name) is None:
            raise TargetError("The connection broke and {name} was not made.", name=name) from error
        return name


async def delete_once(cluster: Cluster, resource: Resource, document: Document) -> None:
    """Sent once; an object that takes its time to go counts as gone."""
    name, uid = document["metadata"]["name"], document["metadata"]["uid"]
    try:
        await cluster.delete(resource, document, is_dry_run=False)
    except Absent:
        return
    except (Unreachable, TimedOut) as error:
        seen = await _looked_for(cluster, resource, name)
        if seen and seen["metadata"]["uid"] == uid and "deletionTimestamp" not in seen["metadata"]:
            raise TargetError(
                "The connection broke while {pod} was deleted. Looked at again, it is still there.", pod=name
            ) from error


async def _looked_for(cluster: Cluster, resource: Resource, name: str) -> Document | None:
    """The object, or None when there is none; raises Unreachable when nobody can tell."""
    for pause in after_a_lost_answer():
        await asyncio.sleep(pause)
        try:
            return await cluster.read(resource, name)
        except Absent:
            return None
        except (Unreachable, TimedOut):
            continue
    raise unknown_outcome(name)
