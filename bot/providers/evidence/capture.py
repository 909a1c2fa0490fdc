"""One capture: each text masked, kept, and listed with the checksum of what is kept and of what it was made from."""

import asyncio
import hashlib
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from bot.core.errors import TargetError, TimedOut
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.evidence.place import Shelf

_SUMS: Final = "SHA256SUMS"
_ORIGINALS: Final = "ORIGINALS"
_TOLD: Final = 3
LONGEST: Final = 480.0  # seconds; what is left of the action's limit is for writing and for the seal
T = TypeVar("T")


class Capture:
    """Files on a shelf, and their checksums; reading them may take so many `seconds`, since what is kept is sealed."""

    def __init__(self, shelf: Shelf, seconds: float = LONGEST) -> None:
        self._shelf = shelf
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._sums: dict[str, str] = {}
        self._originals: dict[str, str] = {}
        self._missing: list[str] = []
        self.cut = 0

    @property
    def count(self) -> int:
        return len(self._sums)

    @property
    def reasons(self) -> str:
        """Why things are missing, the first of many."""
        return "; ".join(self._missing[:_TOLD])

    @property
    def is_over(self) -> bool:
        """Whether no time is left for reading."""
        return asyncio.get_running_loop().time() >= self._deadline

    async def in_time(self, reading: Coroutine[Any, Any, T]) -> T:
        """What is read while there is time; raises TimedOut where there is none, without beginning."""
        if self.is_over:
            reading.close()
            raise no_time()
        try:
            async with asyncio.timeout_at(self._deadline):
                return await reading
        except TimeoutError as error:
            raise no_time() from error

    async def add(self, name: str, raw: bytes, text: bytes | None = None, *, is_cut: bool = False) -> None:
        """Keep a text masked, with the checksum of what it was made from: `raw`, where that was packed."""
        # In a thread: masking a day of logs takes longer than the event loop can spare.
        data = await asyncio.to_thread(_masked, raw if text is None else text)
        await self._keep(name, data)
        self._originals[name] = hashlib.sha256(raw).hexdigest()
        if is_cut:
            self.cut += 1
            self.miss(f"{name}: only {len(raw)} bytes of it")

    def miss(self, words: str) -> None:
        """Note what could not be kept, or not whole."""
        self._missing.append(mask(words))

    def fail(self, name: str, error: TargetError) -> None:
        """Note why something could not be kept."""
        self.miss(f"{name}: {error.text.msgid.format(**error.text.values)}")

    async def seal(self) -> Text:
        """Write the lists; the checksum of the last one is what belongs into the record."""
        if self._missing:
            await self._keep("MISSING", "".join(f"{line}\n" for line in self._missing).encode())
        await self._keep(_ORIGINALS, _listed(self._originals))
        sums = _listed(self._sums)
        await self._shelf.put(_SUMS, sums)
        return say(
            "{count} files are kept in {place}, {cut} of them cut, {missing} noted as missing; SHA-256 of their list: "
            "{seal}",
            count=self.count,
            place=self._shelf.where,
            cut=self.cut,
            missing=len(self._missing),
            seal=hashlib.sha256(sums).hexdigest(),
        )

    async def _keep(self, name: str, data: bytes) -> None:
        await self._shelf.put(name, data)
        self._sums[name] = hashlib.sha256(data).hexdigest()


def no_time() -> TimedOut:
    return TimedOut("there was no time left to read it")


def _masked(raw: bytes) -> bytes:
    return mask(raw.decode(errors="replace")).encode()


def _listed(sums: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
