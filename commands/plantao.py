"""`/plantao`: the stop switch for all changes."""

from collections.abc import Mapping

from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import safety
from bot.flows.answers import Answer, Handler, Help, Said
from bot.flows.ports import Caller, Ports
from commands.words import first, unquoted

HELP = Help(
    (
        ("/plantao freeze database migration until 05:00", say("stop all changes until lifted")),
        ("/plantao freeze agente-ia migration", say("stop the changes of one system")),
        ("/plantao unfreeze", say("let changes through again")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/plantao` command."""
    verb, rest = first(words)
    if verb not in VERBS:
        raise UserError("I do not know `/plantao {verb}`. `/plantao help` shows what I understand.", verb=verb)
    return await VERBS[verb](rest, caller, ports)


async def freeze(words: str, caller: Caller, ports: Ports) -> Answer:
    """`freeze [system] <why>`"""
    word, rest = first(words)
    system = ports.catalog.systems.get(word)
    kept = await safety.freeze_all(ports, caller, unquoted(rest if system else words), system)
    return Said(
        say(
            "*{number}*: all changes are stopped. `/plantao unfreeze {number}` lets them through again.",
            number=kept.state.number,
        )
    )


async def unfreeze(words: str, caller: Caller, ports: Ports) -> Answer:
    """`unfreeze [FRZ-1]`"""
    kept = await safety.lift(ports, caller, words.strip().upper())
    return Said(say("*{number}* is lifted: changes may be proposed again.", number=kept.state.number))


async def usage(words: str, caller: Caller, ports: Ports) -> Answer:
    """`help`"""
    return HELP


VERBS: Mapping[str, Handler] = {"freeze": freeze, "unfreeze": unfreeze, "lift": unfreeze, "help": usage, "": usage}
