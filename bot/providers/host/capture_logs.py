"""Keeping the log files of a machine as evidence: those of the last hours, the rotated ones too."""

import gzip
import re
import zlib
from io import BytesIO
from typing import Final

from pydantic import Field

from bot.core.errors import Denied, TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.crunching import crunch
from bot.providers.evidence.capture import LONGEST, Capture
from bot.providers.evidence.place import Place, opened_shelf
from bot.providers.host import address as machine_address
from bot.providers.host.address import FILE_PATTERN, Path
from bot.providers.host.files import Found, listing, total_mb
from bot.providers.host.ssh import Machine, logged_in

_LIMIT: Final = 600.0
_READ_LIMIT: Final = 120.0
_BYTES: Final = 64 * 1024 * 1024
_UNPACKED: Final = 256 * 1024 * 1024
_CHUNK: Final = 1024 * 1024
_FILES: Final = 100
_SHOWN: Final = 8
_NAME: Final = r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,99}"


class Address(machine_address.Address, Place):
    """The machine, and the place for what is taken from it."""


class CaptureLogs(Parameters):
    """Which files of which folder, as far as they were written to within the last hours; what cannot be read within
    so many `seconds` in all is noted as missing."""

    folder: Path
    pattern: str = Field(pattern=FILE_PATTERN)
    hours: int = Field(24, ge=1, le=7 * 24)
    seconds: float = Field(LONGEST, gt=0, le=LONGEST)


async def _preview(address: Address, wanted: CaptureLogs) -> Preview:
    async with opened_shelf(address, _title(wanted)) as shelf:
        seen = await shelf.look()
    async with logged_in(address) as machine:
        files = await _files(machine, wanted)
    return Preview(
        lines=(
            Line(say("machine"), address.where, address.where),
            *(Line(say("log file"), one.shown, one.shown) for one in files[:_SHOWN]),
            Line(say("files in all"), "", f"{len(files)} ({total_mb(files)} MB)"),
            *seen.lines,
        ),
        # The files grow until they are kept: that is no drift.
        state={"place": address.folder or address.bucket},
        arguments={
            "folder": wanted.folder,
            "pattern": wanted.pattern,
            "hours": str(wanted.hours),
            "seconds": f"{wanted.seconds:g}",
        },
        warnings=seen.warnings,
    )


async def _execute(address: Address, _: CaptureLogs, preview: Preview, progress: Progress) -> Text:
    wanted = CaptureLogs.model_validate(dict(preview.arguments))
    async with logged_in(address) as machine, opened_shelf(address, _title(wanted)) as shelf:
        capture, files = Capture(shelf, wanted.seconds), await _files(machine, wanted)
        for place, file in enumerate(files, 1):
            await _keep(machine, wanted, file, capture)
            await progress(say("{done} of {count} files kept", done=place, count=len(files)))
        if not capture.count:
            raise TargetError(
                "None of the {count} files can be kept: {reasons}", count=len(files), reasons=capture.reasons
            )
        return await capture.seal()


async def _files(machine: Machine, wanted: CaptureLogs) -> list[Found]:
    found = await listing(machine, wanted.folder, wanted.pattern)
    since = await machine.clock() - wanted.hours * 3600
    files = [one for one in found or () if one.kind == "f" and one.changed >= since]
    if not files:
        raise TargetError(
            "{where} has no {pattern} in {folder} of the last {hours} h.",
            where=machine.address.where,
            pattern=wanted.pattern,
            folder=wanted.folder,
            hours=wanted.hours,
        )
    if len(files) > _FILES:
        raise TargetError("These are {count} files; narrow the pattern down.", count=len(files))
    return files


async def _keep(machine: Machine, wanted: CaptureLogs, file: Found, capture: Capture) -> None:
    """One that was rotated away or is broken must not keep the others from being kept; a right that is missing does."""
    # Names become file names here, and they came from outside.
    if not re.fullmatch(_NAME, file.name):
        capture.miss(f"{file.shown}: its name cannot be kept")
        return
    try:
        raw, is_whole = await capture.in_time(_content(machine, f"{wanted.folder}/{file.name}"))
        text, is_all = await crunch(_unpacked, raw) if file.name.endswith(".gz") else (None, is_whole)
    except Denied:
        raise
    except TargetError as error:
        capture.fail(file.name, error)
        return
    name = file.name if text is None else f"{file.name.removesuffix('.gz')}.txt"
    await capture.add(name, raw, text, is_cut=not is_all)


async def _content(machine: Machine, path: str) -> tuple[bytes, bool]:
    """What is in a file, within bounds, and whether that is all of it."""
    answer = await machine.run("tail", "-c", "+1", path, limit=_READ_LIMIT, output=_BYTES)
    if answer.code:
        raise machine.refusal(answer, path)
    return answer.output, answer.is_whole


def _unpacked(packed: bytes) -> tuple[bytes, bool]:
    """What a gzip file holds, within bounds, and whether that is all of it; it may be several packed one by one."""
    text = bytearray()
    try:
        with gzip.open(BytesIO(packed)) as file:
            while len(text) < _UNPACKED and (chunk := file.read1(_CHUNK)):
                text += chunk
    except (EOFError, OSError, zlib.error) as error:
        if not text:
            raise TargetError("A packed log file cannot be unpacked.") from error
        return bytes(text), False
    return bytes(text), len(text) < _UNPACKED


def _title(wanted: CaptureLogs) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", wanted.pattern.lower())[:60].strip("-") or "logs"


CAPTURE_LOGS = Change("host.capture_logs", Address, CaptureLogs, _LIMIT, _preview, _execute)
