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
        digest = _follows(previous, raw)
        if digest is None:
            return version
        previous = digest
    return None


def _follows(previous: str, raw: str | bytes) -> str | None:
    """The hash of an envelope that was sealed upon `previous`; None for any other, and for what cannot be read."""
    try:
        envelope = codec.loads(raw)
        digest = chain(previous, envelope["body"])
        return digest if (envelope["previous"], envelope["hash"]) == (previous, digest) else None
    except (ValueError, KeyError, TypeError):
        return None


def last_hash(events: Iterable[Recorded]) -> str:
    """What the next event has to name as its predecessor; empty for a new stream."""
    digest = ""
    for event in events:
        digest = event.hash
    return digest
