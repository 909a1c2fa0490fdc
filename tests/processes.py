"""The bot as separate processes, as a platform would run it; every child is ended by its pid."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bot.settings import HERE

READY = 120.0


@dataclass
class Child:
    """One process of the bot."""

    process: asyncio.subprocess.Process
    log: Path

    async def ready(self, word: str) -> None:
        """Wait until the log says it."""
        deadline = asyncio.get_running_loop().time() + READY
        while word not in self.log.read_text():
            assert self.process.returncode is None, self.log.read_text()
            assert asyncio.get_running_loop().time() < deadline, self.log.read_text()
            await asyncio.sleep(0.05)

    async def kill(self) -> None:
        """SIGKILL, as a machine that loses power."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def end(self) -> None:
        """Stop it, by force when it does not listen."""
        try:
            await self.stop()
        except TimeoutError:
            await self.kill()

    async def stop(self) -> int:
        """SIGTERM, as a deploy; the exit code."""
        with suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        return await asyncio.wait_for(self.process.wait(), 40)


class Processes:
    """Starts children and remembers them."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self.environ = environ
        self.children: list[Child] = []

    async def start(self, *arguments: str, **environ: str) -> Child:
        """Start `plantao <arguments>`."""
        log = self._folder / f"{len(self.children)}-{arguments[0]}.log"
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bot", *arguments),
                # Beside the tests, not another copy that happens to be installed.
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), **self.environ, **environ},
                stdout=out,
                stderr=out,
                cwd=self._folder,
            )
        child = Child(process, log)
        self.children.append(child)
        return child


@asynccontextmanager
async def processes(folder: Path, environ: Mapping[str, str]) -> AsyncIterator[Processes]:
    """Children of the bot, ended when the block ends."""
    started = Processes(folder, environ)
    try:
        yield started
    finally:
        # In good order where possible: a killed bot leaves its private redis-server behind.
        await asyncio.gather(*(child.end() for child in started.children))


async def plantao(*words: str, **environ: str) -> tuple[int, str]:
    """Run the command line and give back its exit code and all it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot", *words),
        env={"PATH": os.environ["PATH"], **environ},
        cwd=HERE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()
