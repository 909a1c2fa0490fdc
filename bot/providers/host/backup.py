"""Whether the newest backup of a database is whole: age, size, checksum, and whether its own program can read it."""

import re
from dataclasses import dataclass
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text, say
from bot.providers.host.address import Address
from bot.providers.host.files import megabytes
from bot.providers.host.newest import CHECKSUM, SHOWN, Newest, backups, nothing, plausible
from bot.providers.host.ssh import Machine, logged_in

_LIMIT: Final = 130.0
_DIGEST: Final = re.compile(r"\\?([0-9a-f]{64})\b")
# `tail` shows the line that pg_dump writes last.
_TRIALS: Final = {
    ".gz": ("gzip", "-t", "--"),
    ".dump": ("pg_restore", "-l", "--"),
    ".sql": ("tail", "-c", "400", "--"),
}
_LAST_WORDS: Final = b"database dump complete"
_UNITS: Final = {"age_h": "h", "size_mb": "MB", "size_percent": "%", "differs": "", "damaged": ""}


class Backup(Newest):
    """The same as for `host.newest`; `seconds` is how long reading the whole file may take, twice."""

    seconds: int = Field(20, ge=1, le=60)


@dataclass(frozen=True, slots=True)
class _Proof:
    """What was computed, what stands beside the file, and whether the file can be read to its end."""

    digest: str
    beside: str
    damaged: Measurement

    @property
    def differs(self) -> Measurement:
        if not self.digest:
            return Measurement("differs", None, missing=say("its checksum takes too long to compute"))
        return Measurement("differs", self.beside not in ("", self.digest))


async def _read(address: Address, wanted: Backup) -> Reading:
    async with logged_in(address) as machine:
        now = await machine.clock()
        found = [one for one in await backups(machine, wanted) if not one.is_folder]
        if not found:
            return nothing(wanted, _UNITS)
        proof = await _proof(machine, f"{wanted.path}/{found[0].name}", float(wanted.seconds))
    age = round((now - found[0].changed) / 3600, 1)
    return Reading(
        say(
            "newest of {count} in {path}: {age} h old, {size} MB, {checksum}",
            count=len(found),
            path=wanted.path,
            age=age,
            size=megabytes(found[0].size),
            checksum=_told(proof),
        ),
        (
            Measurement("files", len(found)),
            Measurement("age_h", age, "h"),
            Measurement("size_mb", megabytes(found[0].size), "MB"),
            plausible(found),
            proof.differs,
            proof.damaged,
        ),
        (*([f"sha256 {proof.digest}"] if proof.digest else []), *(one.shown for one in found[:SHOWN])),
    )


async def _proof(machine: Machine, path: str, limit: float) -> _Proof:
    return _Proof(
        await _computed(machine, path, limit),
        await _beside(machine, f"{path}{CHECKSUM}"),
        await _damaged(machine, path, limit),
    )


async def _computed(machine: Machine, path: str, limit: float) -> str:
    try:
        answer = await machine.run("sha256sum", "--", path, limit=limit)
    except TimedOut:
        return ""
    found = _DIGEST.match(answer.text)
    if answer.code or found is None:
        raise machine.refusal(answer, path)
    return found[1]


async def _beside(machine: Machine, path: str) -> str:
    """The checksum that was written down when the backup was made; empty where there is none."""
    answer = await machine.run("tail", "-c", "400", "--", path)
    if answer.code and not answer.is_absent:
        raise machine.refusal(answer, path)
    found = _DIGEST.match(answer.text.strip().lower())
    # A file that holds no checksum agrees with nothing.
    return "" if answer.code else found[1] if found else "-"


async def _damaged(machine: Machine, path: str, limit: float) -> Measurement:
    suffix = path[path.rfind(".") :]
    if suffix not in _TRIALS:
        return Measurement("damaged", None, missing=say("nothing here can try a file of this kind"))
    try:
        answer = await machine.run(*_TRIALS[suffix], path, limit=limit)
    except TargetError as error:
        return Measurement("damaged", None, missing=error.text)
    is_complete = suffix != ".sql" or _LAST_WORDS in answer.output
    return Measurement("damaged", bool(answer.code) or not is_complete)


def _told(proof: _Proof) -> Text:
    short = proof.digest[:12]
    if proof.damaged.value:
        return say("DAMAGED: it cannot be read to its end (sha256 {digest})", digest=short)
    if not proof.digest:
        return say("its checksum takes too long to compute")
    if not proof.beside:
        return say("sha256 {digest}, with no {suffix} beside it to compare with", digest=short, suffix=CHECKSUM)
    if proof.beside != proof.digest:
        return say("sha256 {digest}, which is NOT what its {suffix} says", digest=short, suffix=CHECKSUM)
    return say("sha256 {digest} as its {suffix} says", digest=short, suffix=CHECKSUM)


BACKUP = Read("host.backup", Address, Backup, _LIMIT, _read)
