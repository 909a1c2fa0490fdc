"""What commands give back, by type, to messages."""

from bot.core.report import Report
from bot.core.text import say
from bot.flows.answers import Help, Said
from bot.flows.diagnose import Menu, Which
from bot.flows.incidents import Listing, Timeline
from bot.flows.restricted import Disclosed
from bot.flows.runbooks import Opened, Shelf
from bot.flows.runs import Actions, Runs, Told
from bot.slack.blocks import incident, parts, report, restricted, runbook, runs
from bot.slack.blocks.parts import Message
from bot.slack.voice import Voice

Shown = Said | Help | Listing | Timeline | Menu | Which | Shelf | Opened | Report | Disclosed | Actions | Runs | Told


def show(value: Shown, voice: Voice) -> Message:
    """One answer as one message."""
    match value:
        case Said(text):
            words = voice(text)
            return parts.message(words, [parts.section(words)])
        case Help(lines):
            title = voice(say("*What I understand*"))
            rows = [f"`{form}` — {voice(purpose)}" for form, purpose in lines]
            return parts.message(title, [parts.section(title), *parts.lines(rows)])
        case Listing():
            return incident.listing(value, voice)
        case Timeline():
            return incident.timeline(value, voice)
        case Menu():
            return report.menu(value, voice)
        case Which():
            return report.which(value, voice)
        case Shelf():
            return runbook.shelf(value, voice)
        case Opened():
            return runbook.opened(value, voice)
        case Actions():
            return runs.actions(value, voice)
        case Runs():
            return runs.listing(value, voice)
        case Told():
            return runs.told(value, voice)
        case Report():
            return report.report(value, voice)
        case Disclosed():
            return restricted.disclosed(value, voice)
