"""`/incident`: declare, ack, update, resolve, list, timeline."""

import re
from collections.abc import Mapping

from bot.core.errors import UserError
from bot.core.incident import Incident
from bot.core.policy import Severity
from bot.core.text import Text, say
from bot.flows import incidents, systems
from bot.flows.answers import Answer, DeclareForm, Handler, Help, Said
from bot.flows.ports import Caller, Kept, Ports
from commands import security
from commands.words import first, unquoted

HELP = Help(
    (
        ("/incident declare P1 checkout errors", say("open an incident; without words a form opens")),
        ("/incident list", say("the open incidents")),
        ("/incident ack INC-1", say("take it on")),
        ("/incident update INC-1 cache is back", say("add what is known now")),
        ("/incident resolve INC-1 rolled back", say("close it and say what ended it")),
        ("/incident breach INC-1", say("treat it as a security incident")),
        ("/incident timeline INC-1", say("everything that happened")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/incident` command."""
    verb, rest = first(words)
    if verb not in VERBS:
        raise UserError("I do not know `/incident {verb}`. `/incident help` shows what I understand.", verb=verb)
    return await VERBS[verb](rest, caller, ports)


async def declare(words: str, caller: Caller, ports: Ports) -> Answer:
    """`declare [severity] [title]`; a form asks for what is missing."""
    system = systems.of_channel(ports, caller)
    meant = system.id if system else ""
    word, rest = first(words)
    if not re.fullmatch(r"(p|sev)\d+", word):
        return DeclareForm(title=unquoted(words), system=meant)
    severity, title = Severity.parse(word), unquoted(rest)
    if not title or system is None:
        return DeclareForm(severity.value, title, meant)
    return Said(declared(await incidents.declare(ports, caller, system, severity, title)))


async def ack(words: str, caller: Caller, ports: Ports) -> Answer:
    """`ack INC-1`"""
    kept = await incidents.acknowledge(ports, caller, incidents.parse_number(words))
    return Said(_receipt(kept, say("*{number}* acknowledged: it is yours now.", number=kept.state.number)))


async def update(words: str, caller: Caller, ports: Ports) -> Answer:
    """`update INC-1 <text>`"""
    number, rest = first(words)
    kept = await incidents.update(ports, caller, incidents.parse_number(number), unquoted(rest))
    return Said(_receipt(kept, say("*{number}* updated.", number=kept.state.number)))


async def resolve(words: str, caller: Caller, ports: Ports) -> Answer:
    """`resolve INC-1 <text>`"""
    number, rest = first(words)
    kept = await incidents.resolve(ports, caller, incidents.parse_number(number), unquoted(rest))
    return Said(_receipt(kept, say("*{number}* resolved.", number=kept.state.number)))


async def listing(words: str, caller: Caller, ports: Ports) -> Answer:
    """`list`"""
    return await incidents.open_list(ports)


async def timeline(words: str, caller: Caller, ports: Ports) -> Answer:
    """`timeline INC-1`"""
    return await incidents.timeline(ports, incidents.parse_number(words))


async def usage(words: str, caller: Caller, ports: Ports) -> Answer:
    """`help`"""
    return HELP


def declared(kept: Kept[Incident]) -> Text:
    """The receipt of a declaration, for the command and the form alike."""
    state = kept.state
    words = say(
        "*{number} declared*: {severity} · {title}", number=state.number, severity=state.severity, title=state.title
    )
    return _receipt(kept, words)


def _receipt(kept: Kept[Incident], receipt: Text) -> Text:
    if kept.confirmed:
        return receipt
    return say("{receipt} The copy of the record has not confirmed it yet.", receipt=receipt)


VERBS: Mapping[str, Handler] = {
    "declare": declare,
    "ack": ack,
    "acknowledge": ack,
    "update": update,
    "resolve": resolve,
    "breach": security.breach,
    "clear": security.clear,
    "list": listing,
    "timeline": timeline,
    "help": usage,
    "": usage,
}
