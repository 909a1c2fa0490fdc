"""What the process of a container does: it writes lines, and then stays or ends.

Of a shell script the few words that the tests use on a real engine as well: `echo`, `exit`, `sleep`, and a condition
such as `[ "$LEVEL" = debug ] && exit 9`. Whatever else is run says nothing and stays.
"""

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

OUT, ERR = 1, 2


@dataclass(frozen=True, slots=True)
class Course:
    """Lines with their stream, and the exit code; None while it runs on."""

    says: tuple[tuple[int, str], ...] = ()
    code: int | None = None


def course_of(command: Sequence[str], env: Mapping[str, str]) -> Course:
    """What becomes of a command."""
    if list(command[:2]) == ["sh", "-c"]:
        return _script(command[2], env)
    if command and command[0] == "echo":
        return Course(((OUT, " ".join(command[1:])),), 0)
    return Course()


def _script(script: str, env: Mapping[str, str]) -> Course:
    says: list[tuple[int, str]] = []
    for statement in script.split(";"):
        condition, _, step = Template(statement).safe_substitute(env).rpartition("&&")
        if condition and not _holds(shlex.split(condition)):
            continue
        match shlex.split(step):
            case ["echo", *words]:
                stream = ERR if ">&2" in words else OUT
                says.append((stream, " ".join(word for word in words if word != ">&2")))
            case ["exit", code]:
                return Course(tuple(says), int(code))
            case ["sleep", *_]:
                return Course(tuple(says))
    return Course(tuple(says), 0)


def _holds(words: Sequence[str]) -> bool:
    match words:
        case ["[", one, "=", other, "]"]:
            return one == other
    return False
