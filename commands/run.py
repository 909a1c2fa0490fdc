"""`/run`: what may be run, propose it, look at runs, cancel one, take one back. It never executes."""

import re
from collections.abc import Mapping

from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import asked, decide, remediate, runs
from bot.flows.answers import Answer, Handler, Help, Said
from bot.flows.incidents import parse_number
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request
from commands.words import chosen, first

HELP = Help(
    (
        ("/run", say("what may be proposed")),
        ("/run restart-api", say("propose it; a form asks for what is missing")),
        ("/run scale-api replicas=6 INC-1", say("with what you choose, as part of an incident")),
        ("/run list redis", say("the latest runs, all or those with a word")),
        ("/run show RUN-1", say("its card and everything that happened to it")),
        ("/run cancel RUN-1", say("stop one that is running")),
        ("/run undo RUN-1", say("propose to put back what it changed")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/run` command."""
    word, rest = first(words)
    if word in VERBS:
        return await VERBS[word](rest, caller, ports)
    if word in ports.catalog.systems:
        name, more = first(rest)
        return await _propose(word, name, more, caller, ports) if name else await runs.offered(ports, caller, word)
    return await _propose("", word, rest, caller, ports)


async def _propose(system: str, name: str, rest: str, caller: Caller, ports: Ports) -> Answer:
    given, number = read_chosen(rest)
    action = await remediate.choose_named(ports, caller, name, number, system)
    return asked.proposal(ports, caller, Request(action, given, number))


def read_chosen(rest: str) -> tuple[dict[str, str], str]:
    """Read `replicas=6 INC-1`; raises UserError on anything else."""
    given, other = chosen(rest)
    number = ""
    for word in other.split():
        if re.fullmatch(r"inc-\d+", word, re.IGNORECASE):
            number = parse_number(word)
        else:
            raise UserError("I do not understand “{word}”: write name=value, or an INC number.", word=word)
    return given, number


async def listing(words: str, caller: Caller, ports: Ports) -> Answer:
    """`list [words]`"""
    return await runs.listing(ports, caller, words.strip())


async def show(words: str, caller: Caller, ports: Ports) -> Answer:
    """`show RUN-1`"""
    return await runs.show(ports, caller, parse_run(words))


async def cancel(words: str, caller: Caller, ports: Ports) -> Answer:
    """`cancel RUN-1`"""
    return Said(asked.stopping((await decide.cancel(ports, caller, parse_run(words))).state))


async def undo(words: str, caller: Caller, ports: Ports) -> Answer:
    """`undo RUN-1`"""
    return asked.taking_back(ports, caller, parse_run(words))


def parse_run(word: str) -> str:
    """Read `RUN-7` or `7`; raises UserError."""
    found = re.fullmatch(r"(?:RUN-)?0*([1-9]\d{0,8})", word.strip(), re.IGNORECASE)
    if not found:
        raise UserError("“{word}” is not the number of a run; they look like RUN-7.", word=word)
    return f"RUN-{found[1]}"


async def usage(words: str, caller: Caller, ports: Ports) -> Answer:
    """`help`"""
    return HELP


async def offered(words: str, caller: Caller, ports: Ports) -> Answer:
    """Nothing: what may be run."""
    return await runs.offered(ports, caller)


VERBS: Mapping[str, Handler] = {
    "": offered,
    "list": listing,
    "show": show,
    "cancel": cancel,
    "undo": undo,
    "help": usage,
}
