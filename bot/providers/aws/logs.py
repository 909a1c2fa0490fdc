"""CloudWatch Logs: the newest lines of the newest streams of a group."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.findings import Reading
from bot.core.loglines import LogLine, LogQuery, read_lines
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.providers.aws.account import Account, Document, opened
from bot.providers.aws.account import Address as _Account
from bot.providers.aws.refusals import NoSuch
from bot.providers.crunching import crunch

LIMIT: Final = 15.0
_PAGES: Final = 3
_TASK_ID_SHOWN: Final = 8


class Address(_Account):
    """One log group of an account."""

    group: str = Field(max_length=512, pattern=r"^[A-Za-z0-9_./#-]+$")


class Lines(LogQuery):
    """Which lines; a source is a stream (of ECS: a container of a task), the `streams` newest are read."""

    streams: int = Field(10, ge=1, le=50)


async def _read(address: Address, wanted: Lines) -> Reading:
    now = datetime.now(UTC)
    async with opened(address) as account:
        streams = await _streams(account, address, wanted.streams)
        found = await asyncio.gather(*(_lines(account, address, stream, wanted, now) for stream in streams))
    lines = [line for group in found for line in group]
    return await crunch(read_lines, sorted(lines, key=lambda line: line.at or now), wanted, now)


async def _streams(account: Account, address: Address, count: int) -> Sequence[str]:
    """By their last event, which AWS brings up to date only every hour or so: it may order, it must not exclude."""
    try:
        answer = await account.ask(
            "logs",
            "describe_log_streams",
            logGroupName=address.group,
            orderBy="LastEventTime",
            descending=True,
            limit=count,
        )
    except NoSuch as error:
        raise no_group(address) from error
    return [str(stream["logStreamName"]) for stream in answer.get("logStreams", [])]


async def _lines(account: Account, address: Address, stream: str, wanted: Lines, now: datetime) -> list[LogLine]:
    since = {"startTime": _stamp(now - timedelta(minutes=wanted.minutes))} if wanted.minutes else {}
    events: list[Document] = []
    more: dict[str, Any] = {}
    # An answer may be empty or short while there is more behind its token; the same token again is the end.
    for _ in range(_PAGES):
        answer = await account.ask(
            "logs",
            "get_log_events",
            logGroupName=address.group,
            logStreamName=stream,
            startFromHead=False,
            limit=wanted.lines - len(events),
            **since,
            **more,
        )
        events = [*answer.get("events", []), *events]
        token = answer.get("nextBackwardToken")
        if len(events) >= wanted.lines or not token or token == more.get("nextToken"):
            break
        more = {"nextToken": token}
    source = _source(stream)
    return [
        LogLine(source, str(one.get("message", "")), datetime.fromtimestamp(one["timestamp"] / 1000, UTC))
        for one in events[-wanted.lines :]
    ]


def no_group(address: Address) -> TargetError:
    return TargetError("There is no log group {group} in {region}.", group=address.group, region=address.region)


def _stamp(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _source(stream: str) -> str:
    """ECS calls its streams `prefix/container/task id`; the container and the beginning of the id tell enough."""
    parts = stream.split("/")
    words = f"{parts[-2]}/{parts[-1][:_TASK_ID_SHOWN]}" if len(parts) > 2 else stream
    return mask(words)[:80]


LINES = Read("cloudwatch_logs.lines", Address, Lines, LIMIT, _read)
