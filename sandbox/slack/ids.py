"""The identifiers Slack gives out: message timestamps, object ids, opaque secrets."""

import itertools
import secrets

from .clock import Clock


class Mint:
    """Coins ids that are never given twice; a `ts` is an id, so two in one microsecond differ all the same."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last_micros = 0
        self._serial = itertools.count(1)

    def ts(self) -> str:
        self._last_micros = max(int(self._clock.now() * 1_000_000), self._last_micros + 1)
        seconds, micros = divmod(self._last_micros, 1_000_000)
        return f"{seconds}.{micros:06d}"

    def object_id(self, letter: str) -> str:
        """An id such as V00000002A; the letter tells the kind, as on Slack."""
        return f"{letter}{next(self._serial):09X}"

    def short(self) -> str:
        """What Slack invents for a block_id or action_id left out."""
        return f"{next(self._serial):05x}"

    def secret(self) -> str:
        return secrets.token_hex(16)
