"""One stream of the record against its row and the index: what was read comes in, complaints go out."""

import json
from dataclasses import dataclass
from typing import Any

from bot.check.complaint import Complaint
from bot.core import codec
from bot.core.chain import broken_link, unseal
from bot.core.family import FAMILIES

RESTORE = (
    "Nothing was repaired here. Keep a copy of the record, compare with a backup, and find out who wrote to Redis."
)
REPAIR = "`plantao check --store --repair` writes what the record says."


@dataclass(frozen=True, slots=True)
class Stored:
    """What Redis holds about one stream, event by event; `last` is the highest version that it is known to have had."""

    name: str
    raws: tuple[bytes, ...]
    versions: tuple[int, ...]
    last: int
    row: bytes | None
    is_listed: bool

    @property
    def family(self) -> str:
        return self.name.partition("-")[0]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What the row and the index have to say about a stream."""

    name: str
    version: int
    row: str
    is_open: bool


def damage(stored: Stored) -> Complaint | None:
    """What is wrong with the events themselves; a stream with damage is never used to repair anything."""
    if stored.family not in FAMILIES:
        hint = "A newer version wrote it: check with that version."
        return Complaint("record.family", f"{stored.name}: this version knows no such streams", hint)
    if not stored.raws:
        return Complaint("record.missing", f"{stored.name} is gone: it was recorded and holds no events", RESTORE)
    gap = _gap(stored)
    if gap is not None:
        return Complaint("record.gap", f"{stored.name}: event {gap} was removed", RESTORE)
    version = _broken(stored)
    if version is not None:
        words = f"{stored.name}: event {version} was changed after it was recorded, or the one before it was removed"
        return Complaint("record.chain", words, RESTORE)
    ahead = max(stored.last, _row_version(stored.row))
    if ahead > len(stored.raws):
        words = f"{stored.name}: it had {ahead} events and holds {len(stored.raws)}; the latest were removed"
        return Complaint("record.cut", words, RESTORE)
    return None


def rebuild(stored: Stored) -> Rebuilt:
    """Fold an undamaged stream; raises ValueError where a newer version wrote facts unknown to this one."""
    family = FAMILIES[stored.family]
    state: Any = None
    for version, raw in enumerate(stored.raws, start=1):
        state = family.apply(state, unseal(stored.name, version, raw))
    return Rebuilt(stored.name, len(stored.raws), codec.dumps(state), family.is_open(state))


def differences(stored: Stored, rebuilt: Rebuilt) -> list[Complaint]:
    """Where the row or the index says something else than the record."""
    complaints = []
    if _row(stored.row, stored.name) != json.loads(rebuilt.row):
        words = "has no row in the listing" if stored.row is None else "its row in the listing differs from the record"
        complaints.append(Complaint("record.row", f"{stored.name}: {words}", REPAIR))
    if stored.is_listed != rebuilt.is_open:
        words = "is open and not among the open ones" if rebuilt.is_open else "is closed and still among the open ones"
        complaints.append(Complaint("record.open", f"{stored.name}: {words}", REPAIR))
    return complaints


def _gap(stored: Stored) -> int | None:
    """The first version that is not there although a later one is."""
    numbered = enumerate(stored.versions, start=1)
    return next((expected for expected, version in numbered if version > expected), None)


def _broken(stored: Stored) -> int | None:
    """The first event that breaks the chain, or that is not even an envelope any more."""
    for version in range(1, len(stored.raws) + 1):
        try:
            codec.loads(stored.raws[version - 1])["body"]
        except (ValueError, KeyError, TypeError, AttributeError):
            return version
    return broken_link(stored.name, stored.raws)


def _row(row: bytes | None, name: str) -> Any:
    """The row under its stream's name: a row written while the stream was opened does not know its number yet."""
    try:
        read = json.loads(row or "null")
    except ValueError:
        return None
    return {**read, "number": name} if isinstance(read, dict) else None


def _row_version(row: bytes | None) -> int:
    read = _row(row, "")
    version = read.get("version") if read else None
    return version if isinstance(version, int) else 0
