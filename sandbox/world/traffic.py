"""The users of the service, simulated, and the metrics that their requests leave behind."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from sandbox.world.kubernetes.images import Fate

_REQUESTS_PER_SECOND = 20
_BUCKETS = (0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True)
class Mood:
    """How the service treats its users at the moment."""

    error_share: float
    error_type: str
    seconds: float

    def worsened_by(self, other: "Mood") -> "Mood":
        """The worse of both shares and times, failing for the reason of the worse share."""
        worse = max(self, other, key=lambda mood: mood.error_share)
        return Mood(worse.error_share, worse.error_type, max(self.seconds, other.seconds))


MOODS = {
    Fate.HEALTHY: Mood(0.002, "timeout", 0.4),
    Fate.SLOW: Mood(0.02, "timeout", 4.2),
    Fate.BAD: Mood(0.7, "unhandled_exception", 0.3),
}
MOODS_WITHOUT = {
    "db": Mood(0.95, "db", 1.0),
    "redis": Mood(0.03, "redis", 1.1),
    "llm": Mood(0.6, "llm", 2.5),
}


class Meters:
    """The metrics of all processes that run one version; they start at zero, as a new process does."""

    def __init__(self, version: str) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter("agent_requests", "Requests served.", ["status"], registry=self.registry)
        self.errors = Counter("agent_errors", "Requests that failed.", ["type"], registry=self.registry)
        self.response_time = Histogram(
            "agent_response_time", "Seconds until the answer.", buckets=_BUCKETS, registry=self.registry
        )
        self.active = Gauge("agent_active_requests", "Requests being served.", registry=self.registry)
        Gauge("up", "Whether the service can be scraped.", registry=self.registry).set(1)
        build = Gauge("agent_build_info", "The version that runs.", ["version"], registry=self.registry)
        build.labels(version).set(1)
        self.requests.labels("200")
        for kind in sorted({mood.error_type for mood in (*MOODS.values(), *MOODS_WITHOUT.values())}):
            self.errors.labels(kind)


class Traffic:
    """Sends requests to whatever serves, a few at a time; `moods` says for each that is next in turn its version."""

    def __init__(self, moods: Callable[[], list[tuple[str, Mood]]], pace: float) -> None:
        self._moods = moods
        self._pace = pace
        self._turn = 0
        self._meters: dict[str, Meters] = {}
        self._chance = Random(2024)  # noqa: S311 - the same traffic in every world

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        before, due = loop.time(), 0.0
        while True:
            await asyncio.sleep(self._pace)
            due += (loop.time() - before) * _REQUESTS_PER_SECOND
            before = loop.time()
            if due >= 1:
                self.send(int(due))
                due -= int(due)

    def send(self, number: int) -> None:
        """Spreads this many requests evenly over what serves."""
        moods = self._moods()
        self._meters = {version: self._meters.get(version) or Meters(version) for version, _ in moods}
        for _ in range(number if moods else 0):
            self._turn += 1
            version, mood = moods[self._turn % len(moods)]
            self._request(self._meters[version], mood)

    def exposition(self, version: str) -> bytes:
        """The metrics of a version in Prometheus's text format."""
        self.send(0)
        return generate_latest(self._meters.get(version, Meters(version)).registry)

    def forget(self) -> None:
        self._meters.clear()

    def _request(self, meters: Meters, mood: Mood) -> None:
        has_failed = self._chance.random() < mood.error_share
        meters.requests.labels("500" if has_failed else "200").inc()
        if has_failed:
            meters.errors.labels(mood.error_type).inc()
        meters.response_time.observe(mood.seconds * self._chance.uniform(0.6, 1.4))
        meters.active.set(round(_REQUESTS_PER_SECOND * mood.seconds))
