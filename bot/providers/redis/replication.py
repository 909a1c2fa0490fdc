"""Its role, and whether the copy keeps up."""

from typing import Any

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.redis.connection import LIMIT, Address, connected, info, number


async def _read(address: Address, _: Parameters) -> Reading:
    async with connected(address) as client:
        fields = await info(client, "replication")
    return _as_replica(fields) if fields.get("role") == "slave" else _as_primary(fields)


def _as_primary(fields: dict[str, Any]) -> Reading:
    replicas = [value for name, value in fields.items() if name.startswith("slave") and isinstance(value, dict)]
    role = Measurement("role", "primary")
    count = Measurement("connected_replicas", len(replicas))
    if not replicas:
        alone = say("no replica is connected")
        return Reading(
            say("primary without replicas"),
            (
                role,
                count,
                Measurement("link_up", None, missing=alone),
                Measurement("lag_seconds", None, "s", alone),
                Measurement("lag_bytes", None, "B", alone),
            ),
        )
    lag = max(number(replica, "lag") for replica in replicas)
    behind = number(fields, "master_repl_offset") - min(number(replica, "offset") for replica in replicas)
    up = sum(replica.get("state") == "online" for replica in replicas)
    return Reading(
        say("primary, {up} of {all} replicas in sync, lag {lag} s", up=up, all=len(replicas), lag=lag),
        (
            role,
            count,
            Measurement("link_up", up == len(replicas)),
            Measurement("lag_seconds", lag, "s"),
            Measurement("lag_bytes", behind, "B"),
        ),
    )


def _as_replica(fields: dict[str, Any]) -> Reading:
    is_up = fields.get("master_link_status") == "up"
    seconds = number(fields, "master_last_io_seconds_ago" if is_up else "master_link_down_since_seconds")
    if is_up:
        summary = say("replica, linked to its primary, last heard of it {seconds} s ago", seconds=seconds)
    elif seconds < 0:
        summary = say("replica that has never reached its primary")
    else:
        summary = say("replica without its primary for {seconds} s", seconds=seconds)
    never = say("it has never reached its primary") if seconds < 0 else None
    return Reading(
        summary,
        (
            Measurement("role", "replica"),
            Measurement("link_up", is_up),
            Measurement("lag_seconds", None if never else seconds, "s", never),
            Measurement("lag_bytes", None, "B", say("only the primary knows it")),
        ),
    )


REPLICATION = Read("redis.replication", Address, Parameters, LIMIT, _read)
