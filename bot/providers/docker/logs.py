"""What containers wrote, to standard output and standard error alike."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final, Self

from pydantic import Field, model_validator

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.loglines import LogLine, LogQuery, read_lines
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.providers.crunching import crunch
from bot.providers.docker.address import LABEL, NAME, Address
from bot.providers.docker.anatomy import Container, inspect, listing, moment
from bot.providers.docker.engine import Engine, opened

_LIMIT: Final = 15.0
_SOURCES: Final = 10
_LINE_BYTES: Final = 16 * 1024
_HEADER: Final = 8
_NOTE_LIMIT: Final = 200


class Logs(LogQuery):
    """Of one container by name, or of all that carry a label (the ten first by name)."""

    name: str = Field("", pattern=f"{NAME}|^$")
    label: str = Field("", pattern=f"{LABEL}|^$")

    @model_validator(mode="after")
    def _has_one_choice(self) -> Self:
        if bool(self.name) == bool(self.label):
            raise ValueError("give name or label")
        return self


async def _read(address: Address, wanted: Logs) -> Reading:
    async with opened(address) as engine:
        names = [wanted.name] if wanted.name else [one.name for one in await listing(engine, wanted.label)]
        if not names:
            raise TargetError("No container carries the label {label}.", label=wanted.label)
        sources = await asyncio.gather(*(_lines_or_reason(engine, name, wanted) for name in names[:_SOURCES]))
        now = engine.now
    reasons = {name: one for name, one in zip(names, sources, strict=False) if isinstance(one, TargetError)}
    refused: list[TargetError] = [one for one in reasons.values() if isinstance(one, Denied)]
    if refused or len(reasons) == len(sources):
        raise (refused or list(reasons.values()))[0]
    lines = [line for one in sources if not isinstance(one, TargetError) for line in one]
    reading = await crunch(read_lines, sorted(lines, key=_at), wanted, now)
    return replace(
        reading,
        measurements=(*reading.measurements, Measurement("skipped", len(reasons))),
        evidence=(*reading.evidence, *_notes(len(names), reasons)),
    )


async def _lines_or_reason(engine: Engine, name: str, wanted: Logs) -> list[LogLine] | TargetError:
    """One that cannot be read, such as one that has just gone, must not hide what the others wrote."""
    try:
        return await _lines_of(engine, name, wanted)
    except TargetError as error:
        return error


def _notes(count: int, reasons: Mapping[str, TargetError]) -> Iterator[str]:
    if count > _SOURCES:
        yield f"({_SOURCES} of {count} containers read)"
    for name, error in reasons.items():
        yield f"({name}: {mask(error.text.msgid.format(**error.text.values))[:_NOTE_LIMIT]})"


async def _lines_of(engine: Engine, name: str, wanted: Logs) -> list[LogLine]:
    container = await inspect(engine, name)
    query = {"stdout": "1", "stderr": "1", "timestamps": "1", "tail": str(wanted.lines)}
    if wanted.minutes:
        query["since"] = str(int(engine.now.timestamp()) - 60 * wanted.minutes)
    lines: deque[LogLine] = deque(maxlen=wanted.lines)
    async with engine.stream(f"/containers/{container.id}/logs", query) as chunks:
        async for text in _split(chunks, container):
            stamp, _, words = text.partition(" ")
            lines.append(LogLine(container.name, words.rstrip("\r"), _moment_or_none(stamp)))
    return list(lines)


async def _split(chunks: AsyncIterator[bytes], container: Container) -> AsyncIterator[str]:
    """Lines out of the engine's frames; a container with a terminal sends bare text instead of frames."""
    pieces = _bare(chunks) if container.config.get("Tty") else frames(chunks)
    begun: dict[int, bytes] = {}
    async for stream, piece in pieces:
        *whole, rest = (begun.get(stream, b"") + piece).split(b"\n")
        begun[stream] = rest[:_LINE_BYTES]
        for line in whole:
            yield line[:_LINE_BYTES].decode(errors="replace")
    for rest in begun.values():
        if rest:
            yield rest.decode(errors="replace")


async def _bare(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    async for chunk in chunks:
        yield 0, chunk


async def frames(chunks: AsyncIterator[bytes]) -> AsyncIterator[tuple[int, bytes]]:
    """One byte for the stream, three of nothing, four for the length, then the words."""
    held = b""
    async for chunk in chunks:
        held += chunk
        while len(held) >= _HEADER:
            end = _HEADER + int.from_bytes(held[4:_HEADER], "big")
            if len(held) < end:
                break
            yield held[0], held[_HEADER:end]
            held = held[end:]


def _moment_or_none(stamp: str) -> datetime | None:
    try:
        return moment(stamp)
    except ValueError:
        return None


def _at(line: LogLine) -> float:
    return line.at.timestamp() if line.at else 0.0


LOGS = Read("docker.logs", Address, Logs, _LIMIT, _read)
