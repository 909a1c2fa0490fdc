"""A version number that grows with every change, and a way to wait for the next one."""

import asyncio


class Changes:
    def __init__(self) -> None:
        self.version = 0
        self.is_closed = False
        self._moved = asyncio.Event()

    def note(self) -> None:
        """Something that the state shows has changed."""
        self.version += 1
        self._wake()

    def close(self) -> None:
        """Let everybody who waits go home."""
        self.is_closed = True
        self._wake()

    async def after(self, version: int) -> int:
        """The current version, as soon as it is not `version` any more (or the sandbox closes)."""
        while self.version == version and not self.is_closed:
            await self._moved.wait()
        return self.version

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()
