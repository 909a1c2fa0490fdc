"""What a command gives back: plain values that the Slack room turns into blocks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.report import Report
from bot.core.text import Text
from bot.flows.diagnose import Menu, Wanted, Which
from bot.flows.handoff import Draft
from bot.flows.incidents import Listing, Timeline
from bot.flows.ports import Caller, Ports
from bot.flows.remediate import Request
from bot.flows.restricted import Disclosed
from bot.flows.runbooks import Opened, Shelf
from bot.flows.runs import Actions, Runs, Told


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence."""

    text: Text


@dataclass(frozen=True, slots=True)
class Help:
    """How to use a command: one line per form."""

    lines: tuple[tuple[str, Text], ...]


@dataclass(frozen=True, slots=True)
class DeclareForm:
    """Ask for what is missing to declare an incident."""

    severity: str = ""
    title: str = ""
    system: str = ""


@dataclass(frozen=True, slots=True)
class HandoffForm:
    """Let the person complete a handoff note."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class RunForm:
    """Ask for the parameters that an action still needs."""

    request: Request
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckForm:
    """Ask for what a check wants to know before it runs."""

    wanted: Wanted
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Later:
    """Say something now, work, then answer: for what may take longer than Slack waits.

    `work` may be given a function that shows what is known so far.
    """

    now: Text
    work: Callable[["Show"], Awaitable["Answer"]] = field(compare=False)


Show: TypeAlias = Callable[["Answer"], Awaitable[None]]
Answer: TypeAlias = (
    Said
    | Help
    | Listing
    | Timeline
    | Menu
    | Which
    | Shelf
    | Opened
    | Report
    | Disclosed
    | DeclareForm
    | HandoffForm
    | RunForm
    | CheckForm
    | Runs
    | Told
    | Actions
    | Later
)
Form: TypeAlias = DeclareForm | HandoffForm | RunForm | CheckForm
Handler: TypeAlias = Callable[[str, Caller, Ports], Awaitable[Answer]]
