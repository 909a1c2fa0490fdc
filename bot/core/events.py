"""What the record consists of: facts in envelopes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Author:
    """Who did it and through which door (`command`, `button`, `modal`, `worker`, ...)."""

    user: str
    via: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One stored fact: position, author, moment (UTC), and the hash that ties it to its predecessor."""

    stream: str
    version: int
    id: str
    at: datetime
    by: Author
    fact: Any
    previous: str
    hash: str
