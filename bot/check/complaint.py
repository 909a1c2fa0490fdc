"""What a check says when something does not fit: an id to search for, what is wrong and where, and what to do."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong."""

    id: str
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.id}  {self.message}\n    → {self.hint}"


def report(complaints: Sequence[Complaint], seen: str) -> int:
    """Print what is wrong, or what was seen, and give back the exit code."""
    for complaint in complaints:
        sys.stdout.write(f"{complaint}\n")
    if complaints:
        sys.stdout.write(f"\n{len(complaints)} {'problem' if len(complaints) == 1 else 'problems'}.\n")
        return 1
    sys.stdout.write(f"All well: {seen}.\n")
    return 0
