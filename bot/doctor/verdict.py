"""What the doctor says about one thing: fine, doubtful or broken, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """One line; `level` is ok, warn or fail, and only a fail makes the doctor's exit code 1."""

    level: str
    id: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        line = f"{self.level:<4}  {self.id}  {self.message}"
        return f"{line}\n      → {self.hint}" if self.hint else line


def ok(id: str, message: str) -> Verdict:
    return Verdict("ok", id, message)


def warn(id: str, message: str, hint: str) -> Verdict:
    return Verdict("warn", id, message, hint)


def fail(id: str, message: str, hint: str) -> Verdict:
    return Verdict("fail", id, message, hint)
