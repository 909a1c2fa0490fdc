"""The end of a file and when it was last written to, bounded in lines and bytes."""

import asyncio
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from time import time
from typing import Final

from bot.core.errors import Denied, TargetError
from bot.providers.host.ssh import Machine, logged_in
from bot.providers.log_file.address import Address

_BYTES: Final = 4 * 1024 * 1024
_LINE_LIMIT: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class End:
    """The newest lines; `age_s` is how long ago the file was written to, by its own machine's clock."""

    lines: list[str]
    age_s: float
    size: int
    now: float


async def end_of(address: Address, lines: int) -> End:
    """The newest lines of the file; raises TargetError or Denied when it cannot be read."""
    if address.host:
        async with logged_in(address) as machine:
            return await _remote(machine, address.path, lines)
    return await asyncio.to_thread(_local, address.path, lines)


async def _remote(machine: Machine, path: str, lines: int) -> End:
    changed, size, kind = (await machine.ask("stat", "-L", "-c", "%Y %s %F", "--", path, about=path)).split(" ", 2)
    if not kind.startswith("regular"):
        raise _no_file(path)
    now = await machine.clock()
    answer = await machine.run("tail", "-n", str(lines), "--", path, output=_BYTES)
    if is_cut := not answer.is_whole:
        answer = await machine.run("tail", "-c", str(_BYTES), "--", path, output=_BYTES)
    if answer.code:
        raise machine.refusal(answer, path)
    return End(_split(answer.output, lines, is_cut=is_cut), now - float(changed), int(size), now)


def _local(path: str, lines: int) -> End:
    try:
        if Path(path).is_dir() or Path(path).is_fifo():
            raise _no_file(path)  # opening a pipe would wait for its writer
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise _no_file(path)
            file.seek(max(0, status.st_size - _BYTES))
            content = file.read(_BYTES)
    except PermissionError as error:
        raise Denied("The bot may not read {path}. Grant it: `setfacl -m u:plantao:r {path}`", path=path) from error
    except FileNotFoundError as error:
        raise TargetError("There is no file {path} on the bot's machine.", path=path) from error
    except OSError as error:
        raise TargetError(
            "The file {path} cannot be read ({reason}).", path=path, reason=error.strerror or type(error).__name__
        ) from error
    now = time()
    return End(_split(content, lines, is_cut=status.st_size > _BYTES), now - status.st_mtime, status.st_size, now)


def _split(content: bytes, lines: int, *, is_cut: bool) -> list[str]:
    """Without the rest of a line whose beginning was not read: half a secret no longer looks like one."""
    whole = content.split(b"\n")[int(is_cut) :]
    kept = whole[-lines - 1 :]
    return [line[:_LINE_LIMIT].decode(errors="replace").rstrip("\r") for line in kept if line.strip()][-lines:]


def _no_file(path: str) -> TargetError:
    return TargetError("{path} is not a file that can be read from its end.", path=path)
