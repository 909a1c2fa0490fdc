"""`/diag`: what can be diagnosed; one check, group, target, alert or runbook; everything; kept with an INC number."""

from datetime import timedelta
from typing import Final

from bot.catalog.shape import parse_duration
from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import asked, diagnose, watch
from bot.flows.answers import Answer, Help, Said
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from commands.words import chosen, first

USUAL: Final = timedelta(minutes=5)
HELP = Help(
    (
        ("/diag", say("what can be diagnosed")),
        ("/diag redis", say("one group, target, check, alert or runbook")),
        ("/diag all", say("everything at once")),
        ("/diag redis INC-1", say("the same, kept in the timeline of the incident")),
        ("/diag api-version expected=2.3.1", say("one check with what you want to know of it")),
        ("/diag watch redis-memory 5m", say("look again and again, and tell what changes")),
        ("/diag agente-ia redis", say("of another system than the channel's")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/diag` command."""
    system, rest = _system(words, ports)
    word, rest = first(rest)
    if word == "help":
        return HELP
    if word == "watch":
        return await _watch(rest, caller, ports)
    if not word:
        return await diagnose.menu(ports, caller, system)
    given, rest = chosen(rest)
    return await asked.diagnosis(ports, caller, word, _number(rest), system, given=given)


async def _watch(words: str, caller: Caller, ports: Ports) -> Answer:
    """`watch <check> [name=value] [5m] [INC-1]`"""
    word, rest = first(words)
    given, rest = chosen(rest)
    if not word:
        raise UserError("Say what to watch and how long, for example `/diag watch redis-memory 5m`.")
    lasting, number = USUAL, ""
    for part in rest.split():
        if isinstance(time := parse_duration(part.lower()), timedelta):
            lasting = time
        else:
            number = parse_number(part)
    kept = await watch.begin(ports, caller, word, lasting, number, given=given)
    return Said(
        say(
            "*{number}* watches {check} until {when}. What changes appears in its thread.",
            number=kept.state.number,
            check=kept.state.begun.title,
            when=kept.state.begun.until,
        )
    )


def _system(words: str, ports: Ports) -> tuple[str, str]:
    """A system named first, and the rest."""
    word, rest = first(words)
    return (word, rest) if word in ports.catalog.systems else ("", words)


def _number(rest: str) -> str:
    number, more = first(rest)
    if more:
        raise UserError("I do not understand “{words}”: after the word comes at most an INC number.", words=rest)
    return parse_number(number) if number else ""
