"""What went over the wire: the app's calls to us, our deliveries to the app."""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .changes import Changes

KEPT = 2_000


@dataclass(frozen=True)
class CallRecord:
    """One Web API call; `unknown_args` are what real Slack would silently ignore."""

    method: str
    args: dict[str, Any]
    ok: bool
    error: str | None
    token_kind: str
    unknown_args: tuple[str, ...] = ()
    at: float = 0.0
    status: int = 200
    ms: float = 0.0
    app_id: str = ""
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass
class Delivery:
    """One thing sent to the app, and what came of it; `sent` repeats it byte for byte."""

    id: str
    at: float
    kind: str
    user: str | None
    app_id: str
    retry: int = 0
    status: int | None = None
    ack: Any = None
    error: str | None = None
    ms: float = 0.0
    ended_at: float = 0.0
    no_retry: bool = False
    had_nobody: bool = False
    sent: "SentBytes | None" = None
    payload: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        shown = ("id", "at", "kind", "user", "status", "ack", "error", "ms", "retry", "app_id", "payload")
        return {name: getattr(self, name) for name in shown}


@dataclass(frozen=True)
class SentBytes:
    """The body and the headers exactly as they left; over a socket, the envelope and its id."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    envelope_id: str = ""


class Ledger:
    """The last two thousand of each; whoever watches the state hears of every entry."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self.calls: deque[CallRecord] = deque(maxlen=KEPT)
        self._deliveries: dict[str, Delivery] = {}

    def log(self, call: CallRecord) -> None:
        self.calls.append(call)
        self._changes.note()

    def add(self, delivery: Delivery) -> None:
        """Enter a delivery as it leaves."""
        self._deliveries[delivery.id] = delivery
        self._changes.note()
        if len(self._deliveries) > KEPT:
            del self._deliveries[next(iter(self._deliveries))]

    def close(self, delivery: Delivery, at: float) -> None:
        """The outcome of the delivery is known."""
        delivery.ended_at = at
        self._changes.note()

    def find(self, delivery_id: str) -> Delivery | None:
        return self._deliveries.get(delivery_id)

    def deliveries(self) -> list[Delivery]:
        return list(self._deliveries.values())
