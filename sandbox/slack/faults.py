"""Trouble made on purpose: limits, errors, delays, lost answers, repeated deliveries."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["ratelimited", "error", "http_500", "latency", "lost_answer", "down"]


@dataclass
class Fault:
    """One kind of trouble for one method (`*` is every method), a number of times; None is until cleared."""

    method: str
    kind: Kind
    times: int | None = 1
    retry_after: int = 1
    error: str = "internal_error"
    seconds: float = 0.0


class Faults:
    def __init__(self) -> None:
        self._planned: list[Fault] = []
        self.duplicates = 0

    def plan(self, fault: Fault) -> None:
        self._planned.append(fault)

    def clear(self) -> None:
        self._planned.clear()
        self.duplicates = 0

    def take(self, method: str) -> Fault | None:
        """The trouble this call meets, used up by one."""
        fault = next((fault for fault in self._planned if fault.method in ("*", method)), None)
        if fault is not None and fault.times is not None:
            fault.times -= 1
            if fault.times <= 0:
                self._planned.remove(fault)
        return fault

    def take_duplicate(self) -> bool:
        """Whether the next delivery goes out twice."""
        if not self.duplicates:
            return False
        self.duplicates -= 1
        return True
