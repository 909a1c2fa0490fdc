"""`/rollback <service> [revision] [INC-1]`: proposes; it never executes."""

import re

from bot.catalog.entries import Action
from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import asked, remediate
from bot.flows.answers import Answer, Help
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request
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
    revisions, number = _read(rest)
    action = await remediate.choose(ports, caller, "rollback", service, number)
    return asked.proposal(ports, caller, Request(action, _given(action, revisions), number))


def _read(rest: str) -> tuple[list[str], str]:
    revisions, number = [], ""
    for word in rest.split():
        if re.fullmatch(r"inc-\d+", word, re.IGNORECASE):
            number = parse_number(word)
        else:
            revisions.append(word)
    return revisions, number


def _given(action: Action, revisions: list[str]) -> dict[str, str]:
    """The revision under the name that this action has for it: `to_revision`, `deployment`, `task_definition`."""
    name = next(iter(action.asks), "")
    if len(revisions) > 1 or (revisions and (not name or not re.fullmatch(r"[\w.:/-]+", revisions[0]))):
        raise UserError(
            "I do not understand “{word}”: after the service comes a revision or an INC number.", word=revisions[-1]
        )
    return {name: revisions[0]} if revisions else {}
