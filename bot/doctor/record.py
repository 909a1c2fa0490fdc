"""The Redis that keeps the record: whether it is there, whether it keeps what it is given, who works on it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from docket import Docket
from redis.exceptions import ResponseError

from bot.doctor.verdict import Verdict, fail, ok, warn
from bot.store.connect import Client, is_cluster

OLDEST = (6, 2)
CONFIGURE = "Set `{setting}` in redis.conf, or with CONFIG SET and CONFIG REWRITE; a managed Redis has a page for it."

Info: TypeAlias = Mapping[str, Any]


async def examine_record(client: Client) -> list[Verdict]:
    """Everything about the server; in a cluster, about all its primaries. Raises RedisError where it is silent."""
    server, persistence = await info(client, "server"), await info(client, "persistence")
    memory, replication = await info(client, "memory"), await info(client, "replication")
    return [
        ok("record.reachable", "Redis answers"),
        _version(server),
        _role(replication),
        _appendonly(persistence),
        await _appendfsync(client),
        _eviction(memory),
        _replicas(replication),
    ]


async def info(client: Client, section: str) -> list[Info]:
    """One section of INFO from each server that is written to."""
    if not is_cluster(client):
        return [await client.info(section)]
    answer = await client.info(section, target_nodes=client.PRIMARIES)
    nodes = list(answer.values())
    # A cluster of one primary answers as a single server does.
    return nodes if all(isinstance(node, dict) for node in nodes) else [answer]


def _version(servers: Sequence[Info]) -> Verdict:
    versions = {str(server.get("redis_version", "0")) for server in servers}
    oldest = min(versions, key=_numbers)
    if _numbers(oldest) < OLDEST:
        return fail("record.version", f"Redis {oldest}", "Use Redis 6.2 or newer: the feed needs XAUTOCLAIM.")
    return ok("record.version", f"Redis {', '.join(sorted(versions))}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())


def _role(replications: Sequence[Info]) -> Verdict:
    if any(server.get("role") != "master" for server in replications):
        hint = "Give the address of the primary, or let Sentinel find it: redis+sentinel://host:26379/name."
        return fail("record.role", "this Redis is a replica: nothing can be recorded there", hint)
    return ok("record.role", "this Redis is a primary")


def _appendonly(servers: Sequence[Info]) -> Verdict:
    known = [server.get("aof_enabled") for server in servers]
    if None in known:
        hint = "Ask whoever runs it: without the append-only file a restart loses the record."
        return warn("record.appendonly", "unknown: this Redis does not tell", hint)
    if not all(known):
        hint = CONFIGURE.format(setting="appendonly yes")
        return fail("record.appendonly", "the append-only file is off: a restart loses the record", hint)
    return ok("record.appendonly", "the append-only file is on")


async def _appendfsync(client: Client) -> Verdict:
    try:
        answer = await client.config_get("appendfsync")
    except ResponseError:
        answer = {}
    value = next(iter(answer.values()), None)
    match value.decode() if isinstance(value, bytes) else value:
        case None:
            hint = "Ask whoever runs it; with anything but `always` a power cut may cost the latest of the record."
            return warn("record.appendfsync", "unknown: this Redis does not let the bot read its settings", hint)
        case "always":
            return ok("record.appendfsync", "always")
        case other:
            cost = "a second" if other == "everysec" else "half a minute"
            words = f"{other}: a power cut may cost {cost} of the record"
            return warn("record.appendfsync", words, CONFIGURE.format(setting="appendfsync always"))


def _eviction(servers: Sequence[Info]) -> Verdict:
    policies = {str(server.get("maxmemory_policy", "unknown")) for server in servers}
    if policies == {"noeviction"}:
        return ok("record.eviction", "noeviction")
    hint = CONFIGURE.format(setting="maxmemory-policy noeviction")
    words = f"{', '.join(sorted(policies))}: a full Redis would throw parts of the record or waiting jobs away"
    if "unknown" in policies or all(server.get("maxmemory") == 0 for server in servers):
        return warn("record.eviction", f"{words}; it has no limit now" if "unknown" not in policies else words, hint)
    return fail("record.eviction", words, hint)


def _replicas(replications: Sequence[Info]) -> Verdict:
    fewest = min(int(server.get("connected_slaves", 0)) for server in replications)
    if fewest:
        return ok("record.replicas", f"{fewest}; the bot waits for one of them with each event")
    return ok("record.replicas", "none; the record lives on one machine alone")


async def examine_jobs(docket: Docket) -> list[Verdict]:
    """Who works in the background, and what was given up."""
    workers = await docket.workers()
    client: Any
    async with docket.redis() as client:
        jobs = await client.hgetall(docket.key("aside"))
    return [_workers([worker.last_seen for worker in workers]), *_aside(jobs)]


def _workers(seen: Sequence[datetime]) -> Verdict:
    if not seen:
        hint = "Start `plantao run`, or `plantao worker` beside `plantao run --web`."
        return warn("jobs.workers", "none: nothing is told in Slack and nothing approved is carried out", hint)
    age = (datetime.now(UTC) - max(seen)).total_seconds()
    return ok("jobs.workers", f"{len(seen)}, last seen {max(age, 0):.0f} s ago")


def _aside(jobs: Mapping[bytes, bytes]) -> list[Verdict]:
    if not jobs:
        return [ok("jobs.aside", "no job was given up")]
    hint = "Look at the stream that it names, and do by hand what was not done; the note goes after a week."
    return [warn("jobs.aside", f"{key.decode()}: {reason.decode()}", hint) for key, reason in sorted(jobs.items())]
