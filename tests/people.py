"""The people of the sandbox, by role: permission tests write themselves."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Somebody:
    name: str
    id: str


ON_CALL = Somebody("ana", "U0ANA")
APPROVER = Somebody("bruno", "U0BRUNO")
NEXT_ON_CALL = Somebody("clara", "U0CLARA")
OUTSIDER = Somebody("otto", "U0OTTO")
SECOND_APPROVER = Somebody("davi", "U0DAVI")
