"""`/handoff`: the form for the end of a shift; `/handoff note <text>` keeps a remark for it."""

from bot.core.errors import UserError
from bot.core.text import say
from bot.flows import handoff
from bot.flows.answers import Answer, HandoffForm, Help, Said
from bot.flows.ports import Caller, Ports
from commands.words import first, unquoted

HELP = Help(
    (
        ("/handoff", say("hand over the shift; the form is filled in from the record")),
        ("/handoff note watch the queue", say("keep a remark for the next handoff")),
    )
)


async def handle(words: str, caller: Caller, ports: Ports) -> Answer:
    """Carry out one `/handoff` command."""
    verb, rest = first(words)
    match verb:
        case "":
            return HandoffForm(await handoff.draft(ports, caller))
        case "note":
            await handoff.keep_note(ports, caller, unquoted(rest))
            return Said(say("Noted for the next handoff."))
        case "help":
            return HELP
        case _:
            raise UserError("I do not know `/handoff {verb}`. `/handoff help` shows what I understand.", verb=verb)
