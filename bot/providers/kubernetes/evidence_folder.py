"""A folder of evidence on the bot's own disk: each file written once, with its checksum."""

import hashlib
import os
import shutil
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from bot.core.errors import TargetError

_FREE: Final = 200 * 1024 * 1024
_SUMS: Final = "SHA256SUMS"


@dataclass
class EvidenceFolder:
    """One capture; only the bot's own account can read it."""

    path: Path
    sums: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, text: str) -> None:
        """A file that must not be there yet, readable by the bot alone."""
        data = text.encode()
        self._put(name, data)
        self.sums[name] = hashlib.sha256(data).hexdigest()

    def seal(self) -> str:
        """Write the list of checksums; its own checksum is what belongs into the record."""
        data = "".join(f"{digest}  {name}\n" for name, digest in sorted(self.sums.items())).encode()
        self._put(_SUMS, data)
        return hashlib.sha256(data).hexdigest()

    def _put(self, name: str, data: bytes) -> None:
        handle = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())


def require_usable(folder: str) -> None:
    """Refuse a folder that is not there, not ours to write, or on a disk that is nearly full."""
    path = Path(folder)
    if not path.is_dir():
        raise TargetError("The folder {folder} for evidence does not exist where the bot runs.", folder=folder)
    if not os.access(path, os.W_OK | os.X_OK):
        raise TargetError("The bot may not write to the folder {folder}.", folder=folder)
    if shutil.disk_usage(path).free < _FREE:
        raise TargetError("The disk of {folder} is nearly full; evidence would not fit.", folder=folder)


def open_folder(folder: str, title: str) -> EvidenceFolder:
    """A new folder below the given one, named by title and time."""
    require_usable(folder)
    path = Path(folder) / f"{title}-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    path.mkdir(mode=0o700)
    return EvidenceFolder(path)
