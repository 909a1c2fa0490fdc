"""Removing one collection by its exact name, instead of a folder with a placeholder in its path."""

from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.chromadb.collections import Collection, Named, count, find, required
from bot.providers.chromadb.server import Address, Chroma, opened

_LIMIT: Final = 20.0


class Changed(TargetError):
    """The collection is not the one that was shown; nothing was changed."""


async def _preview(address: Address, wanted: Named) -> Preview:
    async with opened(address) as chroma:
        collection = await required(chroma, wanted.collection)
        documents = await count(chroma, collection)
    name = mask(collection.name)
    return Preview(
        lines=(
            Line(say("Collection {name}", name=name), collection.id, "—"),
            Line(say("Documents in it"), str(documents), "0"),
        ),
        state={"id": collection.id, "name": collection.name},
        arguments={"collection": collection.name},
        warnings=(
            say("Nothing brings it back but a backup, or loading its sources again."),
            say("Whoever asks it now gets an error until it is made again."),
        ),
    )


async def _execute(address: Address, _: Named, preview: Preview, progress: Progress) -> Text:
    """Chroma deletes by name only: the id is compared right before, and looked for afterwards."""
    shown = Collection(preview.state["id"], preview.arguments["collection"])
    name = mask(shown.name)
    async with opened(address) as chroma:
        now = await find(chroma, shown.name)
        if now != shown:
            raise Changed("{name} is not the collection that was shown; nothing was done.", name=name)
        await progress(say("deleting {name}", name=name))
        try:
            await chroma.delete(f"{address.collections}/{shown.name}")
        except (Unreachable, TimedOut) as error:
            lost: Exception | None = error
        else:
            lost = None
        return await _looked(chroma, shown, lost)


async def _looked(chroma: Chroma, shown: Collection, lost: Exception | None) -> Text:
    name = mask(shown.name)
    try:
        left = await find(chroma, shown.name)
    except TargetError as error:
        raise Unreachable(
            "Chroma went silent while {name} was deleted; whether it is gone is not known.", name=name
        ) from (lost or error)
    if left == shown:
        raise TargetError("{name} was told to go but is still there.", name=name) from lost
    return say("collection {name} deleted", name=name)


DELETE_COLLECTION = Change("chromadb.delete_collection", Address, Named, _LIMIT, _preview, _execute)
