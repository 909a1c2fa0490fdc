"""`/rollback <service> [revision] [INC-1]`: proposes; it never executes."""

import re
from typing import Any

from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import asked, remediate
from bot.flows.answers import Answer, Help
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from commands.words import first

HELP = Help(
    (
        ("/rollback agente-api", say("propose to go back to the previous revision")),
        ("/rollback agente-api 3", say("propose to go back to revision 3")),
        ("/rollback agente-api INC-1", say("the same, as part of an incident")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/rollback` command."""
    service, rest = first(words)
    if service in ("", "help"):
        return HELP
    given, number = _read(rest)
    action = await remediate.choose(ports, caller, "rollback", service, number)
    return asked.proposal(ports, caller, action, given, number)


def _read(rest: str) -> tuple[dict[str, Any], str]:
    given: dict[str, Any] = {}
    number = ""
    for word in rest.split():
        if re.fullmatch(r"inc-\d+", word, re.IGNORECASE):
            number = parse_number(word)
        elif word.isdecimal():
            given["to_revision"] = int(word)
        else:
            raise UserError(
                "I do not understand “{word}”: after the service comes a revision or an INC number.", word=word
            )
    return given, number
