"""blocks.validate: what is wrong with blocks, a message or a view, with nothing sent."""

import re
from typing import Any

from ..blockkit import message_problems, view_problems
from ..refusal import SlackRefusal
from .call import Answer, Call

LONGEST = 100_000
_KINDS = ("blocks", "message", "view")
_POINTER = re.compile(r"^(?P<message>.*?) ?\[json-pointer:(?P<pointer>[^\]]*)\]$", re.DOTALL)


def validate(call: Call) -> Answer:
    """Exactly one of the three; the answer is empty when it is sound."""
    given = [kind for kind in _KINDS if call.args.has(kind)]
    if len(given) != 1:
        raise SlackRefusal.with_messages(
            "invalid_arguments", ["must provide exactly one of `blocks`, `view`, or `message`"]
        )
    (kind,) = given
    if len(call.args.text(kind)) > LONGEST:
        raise SlackRefusal.with_messages("invalid_arguments", [f"must be less than {LONGEST + 1} characters"])
    problems = _problems(kind, call.args.structure(kind, "invalid_arguments"))
    if problems:
        raise SlackRefusal(f"invalid_{kind}", errors=[_told(problem) for problem in problems])
    return {}


def _problems(kind: str, document: Any) -> list[str]:
    match kind, document:
        case "blocks", list():
            return message_problems(document)
        case "message", {"blocks": list(blocks)}:
            return message_problems(blocks)
        case "view", {"type": ("modal" | "home") as surface}:
            return view_problems(document, str(surface))
    return [f"must be a {kind} payload [json-pointer:/{kind}]"]


def _told(problem: str) -> dict[str, str]:
    """The codes and constraints of the real method are not published: the message is what there is."""
    found = _POINTER.match(problem)
    message, pointer = (found["message"], found["pointer"]) if found else (problem, "")
    return {"code": "invalid", "message": message, "pointer": pointer, "constraint": message}
