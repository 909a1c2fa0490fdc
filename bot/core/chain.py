"""Envelopes sealed by hash, each naming its predecessor, so that tampering shows."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core import codec
from bot.core.events import Author, Recorded


@dataclass(frozen=True, slots=True)
class Sealed:
    """A fact ready to be stored; it has no stream name yet, because a new stream gets its number while it is stored."""

    id: str
    kind: str
    hash: str
    json: str


def seal(fact: object, *, id: str, at: datetime, by: Author, previous: str) -> Sealed:
    """Put a fact into its envelope. The hash covers everything but the stream's name."""
    body = codec.dumps({"id": id, "at": at, "user": by.user, "via": by.via, "fact": fact})
    digest = chain(previous, body)
    return Sealed(id, codec.kind_of(fact), digest, codec.dumps({"body": body, "previous": previous, "hash": digest}))


def unseal(stream: str, version: int, raw: str | bytes) -> Recorded:
    """Read one stored envelope."""
    envelope = codec.loads(raw)
    body = codec.loads(envelope["body"])
    author = Author(body["user"], body["via"])
    return Recorded(
        stream, version, body["id"], body["at"], author, body["fact"], envelope["previous"], envelope["hash"]
    )


def chain(previous: str, body: str) -> str:
    """The hash of one link: SHA-256 over the predecessor's hash and the envelope's body."""
    return hashlib.sha256(f"{previous}\n{body}".encode()).hexdigest()


def broken_link(stream: str, raws: Sequence[str | bytes]) -> int | None:
    """The version of the first event whose body or predecessor was tampered with; None when the chain is whole."""
    previous = ""
    for version, raw in enumerate(raws, start=1):
        envelope = codec.loads(raw)
        if envelope["previous"] != previous or chain(previous, envelope["body"]) != envelope["hash"]:
            return version
        previous = envelope["hash"]
    return None


def last_hash(events: Iterable[Recorded]) -> str:
    """What the next event has to name as its predecessor; empty for a new stream."""
    digest = ""
    for event in events:
        digest = event.hash
    return digest
