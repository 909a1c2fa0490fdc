"""Response URLs: five uses within thirty minutes."""

from dataclasses import dataclass
from typing import Literal

from .clock import Clock
from .ids import Mint

USES = 5
LIFETIME = 30 * 60.0
KEPT = 20_000


@dataclass
class ReplyTarget:
    """Where an answer goes: to whom, where, and which message it may replace or delete."""

    user: str
    channel: str
    original: Literal["command", "message", "ephemeral"]
    ts: str = ""
    uses_left: int = USES
    expires: float = 0.0


class ResponseUrls:
    def __init__(self, clock: Clock, mint: Mint, base_url: str) -> None:
        self._clock = clock
        self._mint = mint
        self._base_url = base_url
        self._targets: dict[str, ReplyTarget] = {}

    def issue(self, target: ReplyTarget) -> str:
        key = self._mint.secret()
        target.expires = self._clock.now() + LIFETIME
        self._targets[key] = target
        if len(self._targets) > KEPT:
            del self._targets[next(iter(self._targets))]
        return f"{self._base_url}/{key}"

    def find(self, key: str) -> ReplyTarget | str:
        """The target, or the error name that refuses this use."""
        target = self._targets.get(key)
        if target is None or self._clock.now() >= target.expires:
            return "expired_url"
        return target if target.uses_left > 0 else "used_url"
