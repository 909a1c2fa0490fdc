"""What a command, a button or a mention asks for and takes a while: said at once, shown as it comes, kept."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from bot.catalog.system import ALL
from bot.core.errors import UserError
from bot.core.report import Report
from bot.core.run import Phase, Run
from bot.core.standing import is_left_undone
from bot.core.text import Text, say
from bot.flows import choices, diagnose, remediate, restricted, undo
from bot.flows.answers import Answer, CheckForm, Later, RunForm, Said, Show
from bot.flows.diagnose import Progress, Wanted, Which
from bot.flows.findings import limit_of
from bot.flows.live import Live
from bot.flows.ports import Caller, Kept, Ports
from bot.flows.remediate import Request


async def diagnosis(
    ports: Ports,
    caller: Caller,
    word: str,
    number: str = "",
    system: str = "",
    *,
    given: Mapping[str, str] | None = None,
) -> Answer:
    """The report that follows later, the form that asks for what is missing, or the question which system is meant."""
    wanted = await diagnose.choose(ports, caller, word, number, system)
    if isinstance(wanted, Which):
        return replace(wanted, given=given or {})
    wanted = wanted.told(given or {})
    if missing := wanted.unanswered:
        return CheckForm(wanted, tuple(missing))
    asked = say(
        "Checking *{what}*: {names}. The answer follows here.",
        what=say("everything") if word == ALL else word,
        names=diagnose.names_of(wanted.checks),
    )
    return Later(asked, partial(_report, wanted, caller, ports))


async def _report(wanted: Wanted, caller: Caller, ports: Ports, show: Show) -> Answer:
    if wanted.number:
        report = await _recorded(wanted, caller, ports, show)
    else:
        report = await diagnose.run(ports, wanted, _once_there_is_something(show))
    return await restricted.disclose(ports, caller, await diagnose.keep(ports, report), wanted.checks)


async def _recorded(wanted: Wanted, caller: Caller, ports: Ports, show: Show) -> Report:
    """A report of an incident: it grows in the thread and privately, and its end is recorded."""
    live = Live(ports, caller, max(map(limit_of, wanted.checks)))
    private = _once_there_is_something(show)

    async def progress(report: Report) -> None:
        await asyncio.gather(live.grow(report), private(report))

    report = await diagnose.run(ports, wanted, progress)
    try:
        kept = await diagnose.attach(ports, caller, report, live.name)
    except UserError:
        await live.lose(wanted.number)
        raise
    if not kept.again:
        await live.attach(report)
    return report


def _once_there_is_something(show: Show) -> Progress:
    """That a diagnosis goes on was said when it was asked for."""

    async def progress(report: Report) -> None:
        if report.findings:
            await show(report)

    return progress


def proposal(ports: Ports, caller: Caller, request: Request) -> Answer:
    """The card of an action, once what is there now has been read; or the form that asks for what is missing."""
    if missing := choices.missing(request.action, request.given):
        return RunForm(request, tuple(missing))
    title = request.action.title
    asked = say("Reading what is there now, for {title}. The card follows in the channel.", title=title)
    return Later(asked, partial(_propose, request, caller, ports))


def taking_back(ports: Ports, caller: Caller, number: str) -> Later:
    """The card of a run that takes back another."""
    asked = say("Reading what is there now. The card that takes back {run} follows in the channel.", run=number)
    return Later(asked, partial(_take_back, number, caller, ports))


async def _take_back(number: str, caller: Caller, ports: Ports, _: Show) -> Answer:
    return _proposed(ports, await undo.take_back(ports, caller, number))


async def _propose(request: Request, caller: Caller, ports: Ports, _: Show) -> Answer:
    return _proposed(ports, await remediate.propose(ports, caller, request))


def decided(state: Run) -> Text:
    """What somebody is told who has agreed to a run: it runs, or who else has to agree."""
    if state.phase is not Phase.PROPOSED and state.proposal.by_hand:
        return say("You approved {run}. Its card says when it may be done; tick it off there.", run=state.number)
    if state.phase is not Phase.PROPOSED:
        return say("You approved {run}. It runs now; follow it in its thread.", run=state.number)
    return say("You approved {run}. Somebody else has to approve it too.", run=state.number)


def stopping(state: Run) -> Text:
    """What somebody is told who has cancelled a run."""
    if is_left_undone(state):
        return say("*{run}* is marked as not done.", run=state.number)
    if state.phase is Phase.REFUSED:
        return say("*{run}* is cancelled; it had not begun. Nothing was changed.", run=state.number)
    return say("*{run}* is asked to stop. What was done already stays done.", run=state.number)


def _proposed(ports: Ports, kept: Kept[Run]) -> Said:
    run, channel = kept.state, ports.catalog.of(kept.state.system).profile.channel
    when = run.proposal.expires_at
    if run.proposal.takes_one_click:
        return Said(
            say(
                "*{run}* is for a person to do, by {when}. The card in #{channel} says what; tick it off there.",
                run=run.number,
                channel=channel,
                when=when,
            )
        )
    return Said(
        say(
            "*{run}* proposed. The card is in #{channel}; it waits for approval until {when}.",
            run=run.number,
            channel=channel,
            when=when,
        )
    )
