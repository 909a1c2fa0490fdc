"""`/incident breach` and `/incident clear`: what a security incident stops, and who releases it."""

from bot.core.text import say
from bot.flows import incidents, safety
from bot.flows.answers import Answer, Said
from bot.flows.ports import Caller, Ports


async def breach(words: str, caller: Caller, ports: Ports) -> Answer:
    """`breach INC-1`"""
    kept = await safety.breach(ports, caller, incidents.parse_number(words))
    return Said(
        say(
            "*{number}* is a security incident now: only actions that are safe for a breach run, and evidence comes "
            "first.",
            number=kept.state.number,
        )
    )


async def clear(words: str, caller: Caller, ports: Ports) -> Answer:
    """`clear INC-1`"""
    kept = await safety.clear(ports, caller, incidents.parse_number(words))
    return Said(say("*{number}* is no security incident any longer.", number=kept.state.number))
