"""What a command gives back: plain values that the Slack room turns into blocks."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.text import Text
from bot.flows.diagnose import Menu, Report
from bot.flows.handoff import Draft
from bot.flows.incidents import Listing, Timeline
from bot.flows.ports import Caller, Ports


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


@dataclass(frozen=True, slots=True)
class HandoffForm:
    """Let the person complete a handoff note."""

    draft: Draft


@dataclass(frozen=True, slots=True)
class Later:
    """Say something now, work, then answer: for what may take longer than Slack waits."""

    now: Text
    work: Callable[[], Awaitable["Answer"]] = field(compare=False)


Answer: TypeAlias = Said | Help | Listing | Timeline | Menu | Report | DeclareForm | HandoffForm | Later
Handler: TypeAlias = Callable[[str, Caller, Ports], Awaitable[Answer]]
