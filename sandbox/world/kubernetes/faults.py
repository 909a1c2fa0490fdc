"""What can be wrong with the control plane itself."""

from dataclasses import dataclass


@dataclass
class Faults:
    """Applied to every request; `lose_answers` counts the changes still to be made without an answer."""

    latency_seconds: float = 0.0
    is_down: bool = False
    lose_answers: int = 0
    has_metrics: bool = True
