"""The logs of pods: all containers of all pods that are meant, read together and masked."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from pydantic import Field

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.loglines import LogLine, LogQuery, addresses_in, read_lines
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.providers.crunching import crunch
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import Cluster, Document, opened
from bot.providers.kubernetes.refusals import Absent, NoLog
from bot.providers.kubernetes.selection import WantedPods, containers_of, pods_of

LIMIT: Final = 15.0
PODS_READ: Final = 30
_AT_ONCE: Final = 10
_BYTES: Final = 512 * 1024
_NOTES: Final = 5
_NOTE_LIMIT: Final = 200


class LogsWanted(WantedPods, LogQuery):
    """Whose logs; `container` narrows it down, `previous` means what was written before the last crash."""

    container: str = Field("", pattern=f"{NAME}|^$")
    previous: bool = False


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much of each container's log: the newest lines of so many minutes, and of these so many bytes.

    Without a number of lines it is all of them, however long that takes.
    """

    container: str
    previous: bool
    lines: int | None
    minutes: int | None
    limit: int

    def query(self, container: str) -> dict[str, str]:
        query = {
            "container": container,
            "timestamps": "true",
            "limitBytes": str(self.limit),
        }
        if self.lines:
            query["tailLines"] = str(self.lines)
        if self.minutes:
            query["sinceSeconds"] = str(self.minutes * 60)
        return query | ({"previous": "true"} if self.previous else {})


@dataclass(frozen=True, slots=True)
class ContainerLog:
    """What one container wrote, oldest first; `refusal` says why there is nothing, `is_cut` that bytes ran out."""

    source: str
    data: bytes = b""
    refusal: str = ""
    is_cut: bool = False


async def _read(address: Address, wanted: LogsWanted) -> Reading:
    pods, logs = await _logs(address, wanted)
    skipped = [log for log in logs if log.refusal]
    if len(skipped) == len(logs) and not wanted.previous:
        raise TargetError("None of the {count} pods has a log to read: {reason}", count=pods, reason=skipped[0].refusal)
    reading = await crunch(_told, logs, wanted)
    more = (
        Measurement("pods", pods),
        Measurement("skipped", len(skipped)),
        Measurement("cut", sum(log.is_cut for log in logs)),
    )
    notes = tuple(_notes(logs, pods))
    return replace(reading, measurements=reading.measurements + more, evidence=reading.evidence + notes)


async def _reveal(address: Address, wanted: LogsWanted) -> tuple[str, ...]:
    _, logs = await _logs(address, wanted)
    return await crunch(lambda: addresses_in(list(_lines(logs)), wanted))


async def _logs(address: Address, wanted: LogsWanted) -> tuple[int, list[ContainerLog]]:
    """How many pods there are, and what their containers wrote."""
    async with opened(address) as cluster:
        pods = await pods_of(cluster, wanted)
        if not pods:
            raise TargetError("There is no such pod.")
        bounds = Bounds(wanted.container, wanted.previous, wanted.lines, wanted.minutes, _BYTES)
        return len(pods), await container_logs(cluster, pods, bounds)


async def container_logs(cluster: Cluster, pods: list[Document], bounds: Bounds) -> list[ContainerLog]:
    """A few at a time. A container whose log cannot be had is part of the answer; when a right is missing or every
    one of them is out of reach, that is an error.
    """
    meant = [
        (pod["metadata"]["name"], container)
        for pod in pods[:PODS_READ]
        for container in containers_of(pod)
        if container == bounds.container or not bounds.container
    ]
    if not meant:
        raise TargetError("None of the {count} pods has a container {name}.", count=len(pods), name=bounds.container)
    is_alone = all(len(containers_of(pod)) == 1 for pod in pods)
    turn = asyncio.Semaphore(_AT_ONCE)

    async def read_one(pod: str, container: str) -> ContainerLog | TargetError:
        async with turn:
            source = pod if is_alone else f"{pod}/{container}"
            return await _read_one(cluster, source, (pod, container), bounds)

    answers = await asyncio.gather(*(read_one(*one) for one in meant))
    broken = [answer for answer in answers if isinstance(answer, TargetError)]
    refused = [error for error in broken if isinstance(error, Denied)]
    if refused or len(broken) == len(answers):
        raise (refused or broken)[0]
    return [
        _as_skipped(one, answer) if isinstance(answer, TargetError) else answer
        for one, answer in zip(meant, answers, strict=True)
    ]


async def _read_one(cluster: Cluster, source: str, one: tuple[str, str], bounds: Bounds) -> ContainerLog | TargetError:
    try:
        data = await cluster.log(one[0], bounds.query(one[1]), bounds.limit, is_long=bounds.lines is None)
    except (NoLog, Absent) as error:
        return ContainerLog(source, refusal=_said(error))
    except TargetError as error:
        return error
    return ContainerLog(source, data, is_cut=len(data) >= bounds.limit)


def _as_skipped(meant: tuple[str, str], error: TargetError) -> ContainerLog:
    return ContainerLog("/".join(meant), refusal=_said(error))


def _said(error: TargetError) -> str:
    return mask(error.text.msgid.format(**error.text.values))[:_NOTE_LIMIT]


def _told(logs: list[ContainerLog], wanted: LogsWanted) -> Reading:
    return read_lines(sorted(_lines(logs), key=_when), wanted, datetime.now(UTC))


def _lines(logs: list[ContainerLog]) -> Iterator[LogLine]:
    for log in logs:
        whole = log.data.rpartition(b"\n")[0] if log.is_cut else log.data
        yield from (_line(log.source, raw) for raw in whole.decode(errors="replace").splitlines() if raw)


def _line(source: str, raw: str) -> LogLine:
    stamp, _, text = raw.partition(" ")
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return LogLine(source, raw)
    return LogLine(source, text, at if at.tzinfo else at.replace(tzinfo=UTC))


def _when(line: LogLine) -> datetime:
    return line.at or datetime.min.replace(tzinfo=UTC)


def _notes(logs: list[ContainerLog], pods: int) -> Iterator[str]:
    if pods > PODS_READ:
        yield f"({PODS_READ} of {pods} pods read)"
    for log in [log for log in logs if log.refusal][:_NOTES]:
        yield f"({log.source}: {log.refusal})"
    for log in [log for log in logs if log.is_cut][:_NOTES]:
        yield f"({log.source}: only the first {_BYTES // 1024} KiB of these lines)"


LOGS = Read("kubernetes.logs", Address, LogsWanted, LIMIT, _read, _reveal)
