"""The files of one folder, newest first: for checks of backups, and for pruning exactly what was listed."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.core.errors import TargetError
from bot.core.redaction import mask
from bot.providers.host.ssh import Machine

_FORMAT: Final = r"%T@\t%s\t%i\t%y\t%P\0"
_FIELDS: Final = 5


@dataclass(frozen=True, slots=True, order=True)
class Found:
    """A file, or a folder, as the machine tells it; `name` is its path below the folder asked about."""

    changed: float
    name: str
    size: int
    inode: str
    kind: str

    @property
    def is_folder(self) -> bool:
        return self.kind == "d"

    @property
    def day(self) -> str:
        return f"{datetime.fromtimestamp(self.changed, UTC):%Y-%m-%d}"

    @property
    def shown(self) -> str:
        name = "".join(sign if sign.isprintable() else "?" for sign in self.name)
        stamp = f"{datetime.fromtimestamp(self.changed, UTC):%Y-%m-%d %H:%MZ}"
        return f"{stamp}  {megabytes(self.size)} MB  {mask(name)[:160]}"


async def listing(machine: Machine, folder: str, pattern: str, depth: int = 1) -> list[Found] | None:
    """What fits the pattern, newest first; None when there is no such folder."""
    tests = ("-mindepth", "1", "-maxdepth", str(depth), "-name", pattern)
    answer = await machine.run("find", folder, *tests, "-printf", _FORMAT)
    if answer.code:
        if answer.is_absent and not answer.output:
            return None
        raise machine.refusal(answer, folder)
    if not answer.is_whole:
        raise TargetError("{path} holds more files than can be listed; narrow the pattern.", path=folder)
    return sorted((_found(row) for row in answer.text.split("\0") if row), reverse=True)


def _found(row: str) -> Found:
    fields = row.split("\t", _FIELDS - 1)
    if len(fields) != _FIELDS:
        raise TargetError("The machine's `find` does not print what was asked for; GNU find is needed.")
    changed, size, inode, kind, name = fields
    return Found(float(changed), name, int(size), inode, kind)


def digest(files: Iterable[Found]) -> str:
    """Twelve hexadecimal digits that change with any name, size, time or identity in the list."""
    rows = sorted(f"{one.name}\0{one.size}\0{one.changed}\0{one.inode}" for one in files)
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:12]


def total_mb(files: Sequence[Found]) -> float:
    """Their size together."""
    return megabytes(sum(one.size for one in files))


def megabytes(size: int) -> float:
    """Bytes as MB with a decimal."""
    return round(size / 1024 / 1024, 1)
