"""The outside systems: which operation lives where, each imported on first use."""

import asyncio
import importlib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from types import MappingProxyType
from typing import Final

from bot.core.errors import ConfigError
from bot.core.operation import Change, Operation, Read

OPERATIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "http.get": "bot.providers.http:GET",
        "kubernetes.deployment": "bot.providers.kubernetes.deployment:DEPLOYMENT",
        "kubernetes.pods": "bot.providers.kubernetes.pods:PODS_OF",
        "kubernetes.events": "bot.providers.kubernetes.events:EVENTS_OF",
        "kubernetes.revisions": "bot.providers.kubernetes.revisions:REVISIONS",
        "kubernetes.rollout_undo": "bot.providers.kubernetes.rollout_undo:ROLLOUT_UNDO",
        "redis.ping": "bot.providers.redis.ping:PING",
        "redis.memory": "bot.providers.redis.memory:MEMORY",
        "redis.hit_rate": "bot.providers.redis.keyspace:HIT_RATE",
        "redis.evictions": "bot.providers.redis.keyspace:EVICTIONS",
        "redis.clients": "bot.providers.redis.clients:CLIENTS",
        "redis.slowlog": "bot.providers.redis.slowlog:SLOWLOG",
        "redis.replication": "bot.providers.redis.replication:REPLICATION",
    }
)


def names() -> tuple[str, ...]:
    """Every operation there is, without importing any of them."""
    return tuple(OPERATIONS)


@cache
def operation(name: str) -> Operation:
    """The operation of this name; its vendor is imported now."""
    try:
        target = OPERATIONS[name]
    except KeyError:
        raise ConfigError(_unknown(name)) from None
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if not isinstance(found, Read | Change) or found.name != name:
        raise ConfigError(f"{target} is not the operation {name}")
    return found


async def loaded(name: str) -> Operation:
    """The operation of this name, imported in a thread: that of Kubernetes takes seconds, which no loop can spare."""
    return await asyncio.to_thread(operation, name)


async def preload(wanted: Iterable[str]) -> None:
    """Import these operations now, so that nobody waits for them later."""
    for name in wanted:
        await loaded(name)


def _unknown(name: str) -> str:
    near = get_close_matches(name, OPERATIONS, n=3, cutoff=0.5)
    family = name.partition(".")[0]
    known = near or [other for other in OPERATIONS if other.startswith(f"{family}.")] or sorted(OPERATIONS)
    return f"There is no operation {name!r}. Known: {', '.join(known)}."
