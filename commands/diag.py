"""`/diag`: what can be diagnosed, one check, one group or everything; with an INC number kept in that timeline."""

from functools import partial

from bot.core.text import say
from bot.flows import diagnose
from bot.flows.answers import Answer, Help, Later
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from commands.words import first

HELP = Help(
    (
        ("/diag", say("what can be diagnosed")),
        ("/diag redis", say("one group or one check")),
        ("/diag all", say("everything at once")),
        ("/diag redis INC-1", say("the same, kept in the timeline of the incident")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/diag` command."""
    word, rest = first(words)
    if not word:
        return await diagnose.menu(ports, caller)
    if word == "help":
        return HELP
    number = parse_number(rest) if rest else ""
    checks = await diagnose.choose(ports, caller, word, number)
    names = ", ".join(check.name for check in checks)
    asked = say("Checking *{what}*: {names}. The answer follows here.", what=word, names=names)
    return Later(asked, partial(_report, word, number, caller, ports))


async def _report(word: str, number: str, caller: Caller, ports: Ports) -> Answer:
    checks = ports.catalog.home.checks_named(word)
    report = await diagnose.run(ports, word, checks)
    if number:
        await diagnose.attach(ports, caller, number, report)
    return report
