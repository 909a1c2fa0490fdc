"""A folder of evidence on the bot's own disk, which only the bot's own account can read."""

import asyncio
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, ParamSpec

from bot.core.errors import TargetError
from bot.core.preview import Line
from bot.core.text import say
from bot.providers.evidence.sight import Sight

P = ParamSpec("P")
_FREE: Final = 200 * 1024 * 1024


class Folder:
    """One capture: a folder of its own below the given one, made with the first file."""

    def __init__(self, folder: str, title: str) -> None:
        self._above = Path(folder)
        self._path = self._above / f"{title}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"

    @property
    def where(self) -> str:
        return str(self._path)

    async def look(self) -> Sight:
        await self._in_thread(self._require_usable)
        return Sight((Line(say("kept in"), "", str(self._above)),))

    async def put(self, name: str, data: bytes) -> None:
        await self._in_thread(self._put, name, data)

    async def _in_thread(self, work: Callable[P, None], /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            await asyncio.to_thread(work, *args, **kwargs)
        except OSError as error:
            raise TargetError("The evidence could not be written: {reason}", reason=error.strerror or "?") from error

    def _put(self, name: str, data: bytes) -> None:
        self._require_usable()
        self._path.mkdir(mode=0o700, exist_ok=True)
        file = self._path / name
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
            opened.flush()
            os.fsync(opened.fileno())
        if file.read_bytes() != data:
            raise TargetError("{name} is not in {place} as it was written.", name=name, place=str(self._path))

    def _require_usable(self) -> None:
        """Refuse a folder that is not there, not ours to write, or on a disk that is nearly full."""
        folder = str(self._above)
        if not self._above.is_dir():
            raise TargetError("The folder {folder} for evidence does not exist where the bot runs.", folder=folder)
        if not os.access(self._above, os.W_OK | os.X_OK):
            raise TargetError("The bot may not write to the folder {folder}.", folder=folder)
        if shutil.disk_usage(self._above).free < _FREE:
            raise TargetError("The disk of {folder} is nearly full; evidence would not fit.", folder=folder)
