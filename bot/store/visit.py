"""Looking at the record from outside the bot, also while a bot is running on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from bot.store.data_folder import DataFolder
from bot.store.embedded import open_embedded


@asynccontextmanager
async def visited(url: str | None, folder: Path) -> AsyncIterator[str]:
    """The address of the record: the URL if there is one, else the private server of the folder, started if need be.

    Raises EmbeddedRedisError when that server cannot be started.
    """
    if url is not None:
        yield url
        return
    place = DataFolder(folder)
    if place.server_pid() is not None:
        yield f"unix://{quote(str(place.socket))}"
        return
    async with open_embedded(folder) as server:
        yield server.url
