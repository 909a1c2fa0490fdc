"""Trigger ids: three seconds, one use."""

from dataclasses import dataclass

from .clock import Clock
from .ids import Mint
from .refusal import SlackRefusal

LIFETIME = 3.0
KEPT = 10_000


@dataclass
class Trigger:
    """The right to open one modal for one user; `view_id` tells from inside which modal it came."""

    user: str
    expires: float
    view_id: str | None = None
    is_spent: bool = False


class Triggers:
    def __init__(self, clock: Clock, mint: Mint) -> None:
        self._clock = clock
        self._mint = mint
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, view_id: str | None = None) -> str:
        trigger_id = f"{self._mint.ts()}.{self._mint.secret()}"
        self._issued[trigger_id] = Trigger(user, self._clock.now() + LIFETIME, view_id)
        if len(self._issued) > KEPT:
            del self._issued[next(iter(self._issued))]
        return trigger_id

    def check(self, trigger_id: str) -> Trigger:
        """The trigger, still unspent, or Slack's reason against it."""
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackRefusal("invalid_trigger_id")
        if trigger.is_spent:
            raise SlackRefusal("exchanged_trigger_id")
        if self._clock.now() >= trigger.expires:
            raise SlackRefusal("expired_trigger_id")
        return trigger
