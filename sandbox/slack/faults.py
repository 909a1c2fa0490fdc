"""Trouble made on purpose: limits, errors, delays, lost answers, unruly deliveries; and how strict the limits are."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ratelimited", "error", "http_500", "latency", "lost_answer", "down"]
Unruly = Literal["duplicate", "reorder", "delay"]


@dataclass
class Fault:
    """One kind of trouble for one method (`*` is every method), a number of times; None is until cleared."""

    method: str
    kind: Kind
    times: int | None = 1
    retry_after: int = 1
    error: str = "internal_error"
    seconds: float = 0.0


@dataclass
class Unruliness:
    """One kind of trouble for the next deliveries of a kind (None is any kind)."""

    how: Unruly
    times: int
    seconds: float
    kind: str | None


class Faults:
    def __init__(self, *, rates_are_strict: bool = True) -> None:
        self._planned: list[Fault] = []
        self._unruly: list[Unruliness] = []
        self.rates_are_strict = rates_are_strict
        self.history_is_limited = False
        self.gap_loses_events = False

    def plan(self, fault: Fault) -> None:
        self._planned.append(fault)

    def disturb(self, trouble: Unruliness) -> None:
        self._unruly.append(trouble)

    def clear(self) -> None:
        """No more planned trouble; the switches stay as they are."""
        self._planned.clear()
        self._unruly.clear()

    def take(self, method: str) -> Fault | None:
        """The trouble this call meets, used up by one."""
        fault = next((fault for fault in self._planned if fault.method in ("*", method)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._planned.remove(fault)
        return fault

    def take_unruly(self, kind: str) -> Unruliness | None:
        """The trouble this delivery meets, used up by one; only events change places, a person does not wait."""
        fits = (one for one in self._unruly if one.kind in (None, kind) and (one.how != "reorder" or kind == "event"))
        trouble = next(fits, None)
        if trouble is not None:
            trouble.times -= 1
            if trouble.times <= 0:
                self._unruly.remove(trouble)
        return trouble
