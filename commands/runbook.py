"""`/runbook`: the team's documents, with buttons for what they let the bot run or propose."""

from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import runbooks
from bot.flows.answers import Answer, Help
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from commands.words import first

HELP = Help(
    (
        ("/runbook", say("the runbooks of this channel's system")),
        ("/runbook slow-api", say("read one; its steps have buttons")),
        ("/runbook slow-api INC-1", say("the same; what is run from it is kept in the incident")),
        ("/runbook harven slow-api", say("of another system than the channel's")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/runbook` command."""
    system, rest = "", words
    name, more = first(words)
    if name == "help":
        return HELP
    if name in ports.catalog.systems:
        system, rest = name, more
    name, more = first(rest)
    if not name:
        return await runbooks.shelf(ports, caller, system)
    number, more = first(more)
    if more:
        raise UserError("I do not understand “{words}”: after the name comes at most an INC number.", words=rest)
    return await runbooks.read(ports, caller, name, parse_number(number) if number else "", system)
