"""A place for the record of a test: in memory where that can be, since other tests may keep the disk busy.

The record syncs each write, and the bot says after 1.5 s that nothing was recorded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of the test's own in it


@contextmanager
def memory() -> Iterator[Path]:
    """A folder that is gone when the block ends."""
    with TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Path(folder)
