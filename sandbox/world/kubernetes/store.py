"""The control plane's memory: objects with uids, resource versions and a history that watches follow."""

import asyncio
import pickle
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sandbox.world.kubernetes.refusals import conflict, not_found, version_too_old
from sandbox.world.kubernetes.resources import NAMESPACES, RESOURCES, Document, Resource, timestamp

_HISTORY = 1000
_FIRST_VERSION = 1000


@dataclass(frozen=True)
class Change:
    """One step of the history: ADDED, MODIFIED or DELETED."""

    type: str
    version: int
    resource: Resource
    document: Document


class Store:
    """Objects go in and come out as copies, so that nobody changes what is stored by accident.

    They are kept pickled: the controllers read all of them with every step, and `deepcopy` was most of a demo's cost.
    """

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.changed = asyncio.Event()
        self._documents: dict[tuple[str, str, str], bytes] = {}
        self._history: deque[Change] = deque(maxlen=_HISTORY)
        self._followers: set[asyncio.Queue[Change]] = set()
        self._version = _FIRST_VERSION

    @property
    def version(self) -> str:
        return str(self._version)

    def create(self, resource: Resource, document: Document) -> Document:
        """Stores a new object; a creation time in the document is kept, which lets a seed lie in the past."""
        created = _opened(pickle.dumps(document))
        metadata = created["metadata"]
        metadata.setdefault("creationTimestamp", timestamp(self.now()))
        metadata["uid"] = str(uuid4())
        if "spec" in created:
            metadata["generation"] = 1
        self._put("ADDED", resource, created)
        return created

    def find(self, resource: Resource, namespace: str, name: str) -> Document | None:
        found = self._documents.get((resource.plural, namespace, name))
        return None if found is None else _opened(found)

    def read(self, resource: Resource, namespace: str, name: str) -> Document:
        document = self.find(resource, namespace, name)
        if document is None:
            raise not_found(resource, name)
        return document

    def listing(self, resource: Resource, namespace: str) -> list[Document]:
        """Those of a namespace; no namespace means all of them."""
        wanted = sorted(key for key in self._documents if key[0] == resource.plural and namespace in ("", key[1]))
        return [_opened(self._documents[key]) for key in wanted]

    def namespaces(self) -> Sequence[str]:
        return [name for plural, _, name in self._documents if plural == NAMESPACES.plural]

    def replace(self, resource: Resource, document: Document) -> Document:
        """Stores the next state of an object, refusing one that was read before the last change."""
        proposed = self.preview(resource, document)
        if proposed != _opened(self._documents[_key(resource, proposed)]):
            self._put("MODIFIED", resource, proposed)
        return proposed

    def preview(self, resource: Resource, document: Document) -> Document:
        """What `replace` would store, but for the new resource version."""
        proposed = _opened(pickle.dumps(document))
        metadata = proposed["metadata"]
        stored = self.read(resource, metadata.get("namespace", ""), metadata["name"])
        if metadata.get("resourceVersion") not in (None, "", stored["metadata"]["resourceVersion"]):
            raise conflict(resource, metadata["name"])
        for owned_by_server in ("uid", "creationTimestamp", "resourceVersion"):
            metadata[owned_by_server] = stored["metadata"][owned_by_server]
        if "generation" in stored["metadata"]:
            has_new_spec = proposed.get("spec") != stored.get("spec")
            metadata["generation"] = stored["metadata"]["generation"] + int(has_new_spec)
        return proposed

    def delete(self, resource: Resource, namespace: str, name: str) -> Document:
        document = self.read(resource, namespace, name)
        del self._documents[(resource.plural, namespace, name)]
        self._record("DELETED", resource, document)
        return document

    def clear(self) -> None:
        """Deletes every object, telling those who watch."""
        for resource in RESOURCES:
            for key in [key for key in self._documents if key[0] == resource.plural]:
                self.delete(resource, *key[1:])

    def _put(self, change: str, resource: Resource, document: Document) -> None:
        self._record(change, resource, document)
        self._documents[_key(resource, document)] = pickle.dumps(document)

    def _record(self, change_type: str, resource: Resource, document: Document) -> None:
        self._version += 1
        document["metadata"]["resourceVersion"] = str(self._version)
        change = Change(change_type, self._version, resource, _opened(pickle.dumps(document)))
        self._history.append(change)
        self.changed.set()
        for follower in self._followers:
            follower.put_nowait(change)

    @contextmanager
    def follow(self, since: int | None) -> Iterator[asyncio.Queue[Change]]:
        """The changes after a version, without end; none given means from now on."""
        queue: asyncio.Queue[Change] = asyncio.Queue()
        for change in self._changes_after(since):
            queue.put_nowait(change)
        self._followers.add(queue)
        try:
            yield queue
        finally:
            self._followers.discard(queue)

    def _changes_after(self, since: int | None) -> list[Change]:
        if since is None:
            return []
        oldest = self._history[0].version if self._history else self._version
        if since + 1 < oldest:
            raise version_too_old(since, oldest)
        return [change for change in self._history if change.version > since]


def _opened(kept: bytes) -> Document:
    document: Document = pickle.loads(kept)  # noqa: S301 - what we have pickled ourselves
    return document


def _key(resource: Resource, document: Document) -> tuple[str, str, str]:
    metadata = document["metadata"]
    return resource.plural, metadata.get("namespace", ""), metadata["name"]
