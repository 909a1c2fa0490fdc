"""What a command, a button or a mention asks for and takes a while: said at once, shown as it comes, kept."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from bot.catalog.entries import Action
from bot.core.text import say
from bot.flows import diagnose, remediate
from bot.flows.answers import Answer, Later, Said, Show
from bot.flows.diagnose import Wanted, Which
from bot.flows.ports import Caller, Ports


async def diagnosis(ports: Ports, caller: Caller, word: str, number: str = "", system: str = "") -> Answer:
    """The report that follows later, or the question which system is meant."""
    wanted = await diagnose.choose(ports, caller, word, number, system)
    if isinstance(wanted, Which):
        return wanted
    asked = say(
        "Checking *{what}*: {names}. The answer follows here.", what=word, names=diagnose.names_of(wanted.checks)
    )
    return Later(asked, partial(_report, wanted, caller, ports))


async def _report(wanted: Wanted, caller: Caller, ports: Ports, show: Show) -> Answer:
    report = await diagnose.run(ports, wanted, show)
    if wanted.number:
        await diagnose.attach(ports, caller, wanted.number, report)
    return await diagnose.keep(ports, report)


def proposal(ports: Ports, caller: Caller, action: Action, given: Mapping[str, Any], number: str = "") -> Later:
    """The card of an action, once what is there now has been read."""
    asked = say("Reading what {service} runs now. The card follows in the channel.", service=action.service)
    return Later(asked, partial(_propose, action, given, number, caller, ports))


async def _propose(
    action: Action, given: Mapping[str, Any], number: str, caller: Caller, ports: Ports, _: Show
) -> Answer:
    kept = await remediate.propose(ports, caller, action, given, number)
    return Said(
        say(
            "*{run}* proposed. The card is in #{channel}; it waits for approval until {when}.",
            run=kept.state.number,
            channel=ports.catalog.of(kept.state.system).profile.channel,
            when=kept.state.proposal.expires_at,
        )
    )
