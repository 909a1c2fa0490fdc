"""The emulated engine of the demo, in a thread of its own, where a real one would be a process."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import pytest
from docker_engine import IMAGE, DockerEngine

from sandbox.world.docker import Docker, Image, serve

BOTH = pytest.mark.parametrize("engine", ["dockerd", "emulator"], indirect=True)
"""The same test on a real engine and on the emulated one."""


class EmulatedEngine(DockerEngine):
    """What an engineer would do at its command line; images are put there, since it builds none."""

    def __init__(self, engine: Docker) -> None:
        super().__init__(Path(engine.socket))
        self.engine = engine

    def keep(self, repository: str, tag: str, version: str) -> str:
        config = {"Env": [f"VERSION={version}"], "Labels": {"version": version}, "Cmd": ["sleep", f"60{version}"]}
        kept = Image([f"{repository}:{tag}"], config)
        self.engine.images.append(kept)
        return kept.id


@contextmanager
def emulated(folder: Path) -> Iterator[EmulatedEngine]:
    """An engine with the one image that the real one of the tests has."""
    engine = Docker(images=[Image([IMAGE])])
    listens, is_over = Event(), Event()

    async def run() -> None:
        async with serve(engine, folder / "emulated.sock"):
            listens.set()
            await asyncio.to_thread(is_over.wait)

    thread = Thread(target=asyncio.run, args=(run(),))
    thread.start()
    try:
        assert listens.wait(10)
        hands = EmulatedEngine(engine)
        yield hands
        hands.client.close()
    finally:
        is_over.set()
        thread.join(10)
