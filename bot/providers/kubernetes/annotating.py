"""Writing annotations with a JSON patch, into an object that may have none yet."""

from collections.abc import Mapping
from typing import Final

from bot.providers.kubernetes.cluster import Document
from bot.providers.kubernetes.workloads import annotations_of

_PLACE: Final = "/metadata/annotations"


def annotating(document: Document, notes: Mapping[str, str]) -> list[Document]:
    """The steps that write these and leave the others as they are."""
    room: list[Document] = [] if annotations_of(document) else [{"op": "add", "path": _PLACE, "value": {}}]
    return room + [
        {"op": "add", "path": f"{_PLACE}/{name.replace('/', '~1')}", "value": value} for name, value in notes.items()
    ]
