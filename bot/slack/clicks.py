"""Buttons: literal tables from action id to verb or form. Buttons carry ids; rights are looked up when clicked."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias
from urllib.parse import parse_qsl

from bot.core.family import RUNS
from bot.core.run import Phase
from bot.core.standing import is_left_undone, waits_until
from bot.core.text import Text, say
from bot.flows import asked, decide, handoff, incidents, remediate, runbooks, safety, watch
from bot.flows.answers import Answer
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request
from bot.slack.blocks import forms
from bot.slack.blocks.parts import Block
from bot.slack.voice import Voice

Click: TypeAlias = Callable[[Ports, Caller, str], Awaitable[Text | Answer]]
Opening: TypeAlias = Callable[[Ports, Caller, str, Voice], Awaitable[Block]]


async def acknowledge(ports: Ports, caller: Caller, value: str) -> Text:
    """Take an incident on."""
    kept = await incidents.acknowledge(ports, caller, value)
    return say("*{number}* acknowledged: it is yours now.", number=kept.state.number)


async def approve(ports: Ports, caller: Caller, value: str) -> Text:
    """Approve a run, bound to the fingerprint that the card showed."""
    number, _, fingerprint = value.partition(":")
    return asked.decided((await decide.approve(ports, caller, number, fingerprint)).state)


async def break_glass(ports: Ports, caller: Caller, value: str) -> Text:
    """Go ahead alone in an emergency."""
    number, _, fingerprint = value.partition(":")
    return asked.decided((await decide.break_glass(ports, caller, number, fingerprint)).state)


async def deny(ports: Ports, caller: Caller, value: str) -> Text:
    """Deny a run, or withdraw one's own."""
    kept = await decide.deny(ports, caller, value.partition(":")[0])
    if kept.state.phase is Phase.WITHDRAWN:
        return say("You withdrew {run}. Nothing was changed.", run=kept.state.number)
    if is_left_undone(kept.state):
        return say("*{run}* is marked as not done.", run=kept.state.number)
    return say("You denied {run}. Nothing was changed.", run=kept.state.number)


async def accept(ports: Ports, caller: Caller, value: str) -> Text:
    """Accept a handoff."""
    kept = await handoff.accept(ports, caller, value)
    return say("You are on duty now. {number} is accepted.", number=kept.state.number)


async def diagnose_again(ports: Ports, caller: Caller, value: str) -> Answer:
    """Run a diagnosis, again or of the system that was picked."""
    system, word, number, given = (*value.split(":", 3), "", "", "", "")[:4]
    return await asked.diagnosis(ports, caller, word, number, system, given=dict(parse_qsl(given)))


async def propose(ports: Ports, caller: Caller, value: str) -> Answer:
    """Propose the action that a report suggests; it never executes."""
    system, name, number = _three(value)
    action = await remediate.choose_named(ports, caller, name, number, system)
    return asked.proposal(ports, caller, Request(action, {}, number))


async def open_runbook(ports: Ports, caller: Caller, value: str) -> Answer:
    """Show the runbook that a report names, or that of the system which was picked."""
    system, name, number = _three(value)
    return await runbooks.read(ports, caller, name, number, system)


def _three(value: str) -> tuple[str, str, str]:
    first, second, third = (*value.split(":"), "", "", "")[:3]
    return first, second, third


async def done(ports: Ports, caller: Caller, value: str) -> Text:
    """Tick off a step done by hand."""
    kept = await decide.done_by_hand(ports, caller, value)
    if when := waits_until(kept.state):
        return say("*{run}* waits until {when}; its thread tells what the checks say then.", run=value, when=when)
    return say("*{run}* is ticked off.", run=kept.state.number)


async def cancel(ports: Ports, caller: Caller, value: str) -> Text:
    """Ask a running execution to stop."""
    return asked.stopping((await decide.cancel(ports, caller, value)).state)


async def undo(ports: Ports, caller: Caller, value: str) -> Answer:
    """Propose to take a run back."""
    return asked.taking_back(ports, caller, value)


async def lift(ports: Ports, caller: Caller, value: str) -> Text:
    """Let changes through again."""
    kept = await safety.lift(ports, caller, value)
    return say("*{number}* is lifted: changes may be proposed again.", number=kept.state.number)


async def stop_watch(ports: Ports, caller: Caller, value: str) -> Text:
    """End a watch."""
    kept = await watch.stop(ports, caller, value)
    return say("*{number}* stopped.", number=kept.state.number)


CLICKS: Mapping[str, Click] = {
    "incident:acknowledge": acknowledge,
    "run:approve": approve,
    "run:emergency": break_glass,
    "run:deny": deny,
    "handoff:accept": accept,
    "diag:run": diagnose_again,
    "runbook:open": open_runbook,
    "runbook:diagnose": diagnose_again,
    "run:propose": propose,
    "run:done": done,
    "run:cancel": cancel,
    "run:undo": undo,
    "freeze:lift": lift,
    "watch:stop": stop_watch,
}


async def words(ports: Ports, caller: Caller, value: str, voice: Voice) -> Block:
    """The form for an update; the verb is recorded when it is submitted."""
    return forms.words("incident:update", value, voice)


async def ending(ports: Ports, caller: Caller, value: str, voice: Voice) -> Block:
    """The form for a resolution."""
    return forms.words("incident:resolve", value, voice)


async def typing(ports: Ports, caller: Caller, value: str, voice: Voice) -> Block:
    """The form in which the name of what would be destroyed has to be typed."""
    return forms.typed(await ports.record.load(RUNS, value.partition(":")[0]), voice)


FORMS: Mapping[str, Opening] = {"incident:update": words, "incident:resolve": ending, "run:typed": typing}
