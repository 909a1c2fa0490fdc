"""Who may do what: keys with a policy each. Actions are judged, resources are not."""

from fnmatch import fnmatchcase
from typing import Any

EVERYTHING = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}


class Policies:
    def __init__(self) -> None:
        self.of: dict[str, dict[str, Any]] = {"admin": EVERYTHING}
        self.of_role: dict[str, Any] = EVERYTHING

    def knows(self, key: str) -> bool:
        return key in self.of

    def allow(self, key: str, action: str) -> bool:
        effects = {
            statement["Effect"]
            for statement in self.of[key]["Statement"]
            if any(fnmatchcase(action, pattern) for pattern in _listed(statement["Action"]))
        }
        return effects == {"Allow"}


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
