"""What a change would do, read before anybody decides: line by line, and as a fingerprint that tells when it drifts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.findings import Level
from bot.core.text import Text


@dataclass(frozen=True, slots=True)
class Line:
    """One difference a change makes: what it is, now and afterwards."""

    label: Text
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen: shown to the approver, read again before execution.

    `state` is what the target looks like now, `arguments` is exactly what would be sent; both are fingerprinted.
    `undo` holds the parameters with which the same operation puts back what is there now; empty means that nothing can.
    """

    lines: tuple[Line, ...]
    state: Mapping[str, str]
    arguments: Mapping[str, str]
    warnings: tuple[Text, ...] = ()
    undo: Mapping[str, str] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """Twelve hexadecimal digits that change when the target or the arguments do."""
        canon = json.dumps([dict(self.state), dict(self.arguments)], sort_keys=True)
        return hashlib.sha256(canon.encode()).hexdigest()[:12]


Lines: TypeAlias = tuple[tuple[Level, Text, Text], ...]
