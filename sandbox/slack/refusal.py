"""The ways the sandbox says no.

Exception
├── SlackRefusal    the Web API answers ok:false with a documented error name
├── ControlRefusal  the control interface answers 4xx with a sentence
└── RosterError     the workspace file is wrong (a ValueError)
"""

from typing import Any


class SlackRefusal(Exception):
    """A documented error of the Web API, with what else the answer carries."""

    def __init__(self, error: str, **details: Any) -> None:
        super().__init__(error)
        self.error = error
        self.details = details

    @classmethod
    def with_messages(cls, error: str, problems: list[str]) -> "SlackRefusal":
        """Slack repeats the problems twice: bare under `errors`, and marked under `response_metadata`."""
        marked = [f"[ERROR] {problem}" for problem in problems]
        return cls(error, errors=problems, response_metadata={"messages": marked})


class ControlRefusal(Exception):
    """A person cannot do that; the sentence says why."""

    def __init__(self, sentence: str, status: int = 409, **details: Any) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.status = status
        self.details = details


class RosterError(ValueError):
    """The workspace file does not describe a workspace."""
