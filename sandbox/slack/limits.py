"""Slack's rate limits: per method and app in each workspace, per channel for posts, and the strict history profile.

Slack publishes the tiers but not its burst allowances: here a burst is as large as one minute's budget.
"""

import math
from dataclasses import dataclass

from .clock import Clock
from .faults import Faults
from .methods import Method

PER_MINUTE = {"1": 1, "2": 20, "3": 50, "4": 100, "special": 300, "not stated": 50}
POSTING = frozenset({"chat.postMessage"})
CHANNEL_PER_SECOND = 1.0
CHANNEL_BURST = 10
HISTORY = frozenset({"conversations.history", "conversations.replies"})
HISTORY_PER_MINUTE = 1


@dataclass
class Bucket:
    """A budget that fills up again with time."""

    size: float
    per_second: float
    level: float
    at: float

    def missing(self, now: float, cost: float) -> float:
        """Seconds until the budget covers the cost; nothing is taken yet."""
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now
        # Refilling in fractions must not turn "just enough" into "almost enough".
        return max(0.0, (cost - self.level - 1e-6) / self.per_second)


class Limits:
    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._buckets: dict[tuple[str, str], Bucket] = {}

    def wait_for(self, method: Method, channel: str, *, is_unpaged: bool) -> int:
        """Take one call from its budgets: 0, or the whole seconds of `Retry-After` (then nothing was taken)."""
        budgets = [self._bucket(method.name, "", *_budget(method, self._faults))] if self._counts(method) else []
        if self._faults.rates_are_strict and method.name in POSTING and channel:
            budgets.append(self._bucket(method.name, channel, CHANNEL_BURST, CHANNEL_PER_SECOND))
        cost = 2.0 if is_unpaged else 1.0
        now = self._clock.now()
        missing = max((bucket.missing(now, min(cost, bucket.size)) for bucket in budgets), default=0.0)
        if missing > 0:
            return max(1, math.ceil(missing))
        for bucket in budgets:
            bucket.level -= min(cost, bucket.size)
        return 0

    def _counts(self, method: Method) -> bool:
        return self._faults.rates_are_strict or (self._faults.history_is_limited and method.name in HISTORY)

    def _bucket(self, method: str, channel: str, size: float, per_second: float) -> Bucket:
        bucket = self._buckets.get((method, channel))
        if bucket is None or bucket.size != size:
            bucket = self._buckets[method, channel] = Bucket(size, per_second, size, self._clock.now())
        return bucket


def _budget(method: Method, faults: Faults) -> tuple[float, float]:
    if faults.history_is_limited and method.name in HISTORY:
        return HISTORY_PER_MINUTE, HISTORY_PER_MINUTE / 60
    budget = PER_MINUTE[method.tier]
    return budget, budget / 60
