"""An incident in Slack: headline, thread replies, list and timeline."""

from collections.abc import Iterable
from itertools import groupby

from bot.core import incident
from bot.core.events import Recorded
from bot.core.findings import Level, Link
from bot.core.incident import Incident, Phase
from bot.core.policy import Severity
from bot.core.text import Person, Text, plain, say
from bot.flows.incidents import Listing, Timeline
from bot.slack.blocks import parts
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

SEVERITY_SIGNS = {Severity.P0: "🔴", Severity.P1: "🟠", Severity.P2: "🟡", Severity.P3: "🔵"}
LEVEL_SIGNS = {Level.OK: "🟢", Level.UNKNOWN: "⚪", Level.WARN: "🟡", Level.CRIT: "🔴"}
PHASE_NAMES = {
    Phase.OPEN: say("open, nobody has acknowledged"),
    Phase.ACKNOWLEDGED: say("acknowledged"),
    Phase.RESOLVED: say("resolved"),
}
TIMELINE_SHOWN = 60


def headline(state: Incident, voice: Voice) -> Message:
    """The one message that is edited as the incident goes on."""
    sign = SEVERITY_SIGNS[state.severity] if state.is_open else "✅"
    name = f"{state.number} · {state.severity} · {escape(state.title)}"
    blocks = [parts.section(f"{sign} *{name}*"), parts.context(voice(_standing(state)))]
    if state.breach and state.is_open:
        blocks.append(parts.section(voice(say("🔒 *Security incident*: only actions that are safe for a breach run."))))
    words = state.latest if state.is_open else state.resolution
    if words:
        blocks.append(parts.section(parts.quoted(escape(words))))
    if state.is_open:
        blocks.append(parts.actions(_buttons(state, voice)))
    return parts.message(f"{sign} {name} — {voice(PHASE_NAMES[state.phase])}", blocks)


def _standing(state: Incident) -> Text:
    declared = say("declared by {who}, {when}", who=Person(state.declared_by), when=state.declared_at)
    match state.phase:
        case Phase.OPEN if state.overdue:
            return say("⏰ *Open and overdue*: nobody has acknowledged · {declared}", declared=declared)
        case Phase.OPEN:
            return say("*Open*: nobody has acknowledged · {declared}", declared=declared)
        case Phase.ACKNOWLEDGED:
            return say("*Acknowledged* by {who} · {declared}", who=Person(state.acknowledged_by), declared=declared)
        case Phase.RESOLVED:
            return say(
                "*Resolved* by {who} after {duration} · {declared}",
                who=Person(state.resolved_by),
                duration=lasted(state),
                declared=declared,
            )


def lasted(state: Incident) -> str:
    """How long it lasted, in the two largest units."""
    seconds = int(state.duration(state.resolved_at or state.declared_at).total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    return f"{minutes // 60} h {minutes % 60:02d} min" if minutes >= 60 else f"{minutes} min"


def _buttons(state: Incident, voice: Voice) -> list[Block]:
    buttons = []
    if state.phase is Phase.OPEN:
        acknowledge = voice.plain(say("Acknowledge"))
        buttons.append(parts.button(acknowledge, "incident:acknowledge", state.number, "primary"))
    buttons.append(parts.button(voice.plain(say("Update")), "incident:update", state.number))
    buttons.append(parts.button(voice.plain(say("Resolve")), "incident:resolve", state.number))
    return buttons


def reply(event: Recorded, after: Incident, voice: Voice) -> Message:
    """One event as one reply in the thread."""
    words = voice(_told(event, after))
    match event.fact:
        case incident.Updated(text) | incident.Resolved(text):
            blocks = [parts.section(words), parts.section(parts.quoted(escape(text)))]
        case incident.Diagnosed(lines=lines, links=links):
            blocks = [parts.section(words), *parts.lines(finding_lines(lines, voice))]
            if links:
                blocks.append(parts.context(linked(links, voice)))
        case _:
            blocks = [parts.section(words)]
    return parts.message(words, blocks)


def finding_lines(lines: Iterable[tuple[Level, Text, Text]], voice: Voice) -> list[str]:
    """One line per finding; neighbours that say the same, as all checks of a dead target do, share one."""
    merged: list[str] = []
    for (level, summary), same in groupby(((level, title, voice(summary)) for level, title, summary in lines), _saying):
        titles = ", ".join(f"*{voice(title)}*" for _, title, _ in same)
        merged.append(f"{LEVEL_SIGNS[level]} {titles} — {summary}")
    return merged


def linked(links: Iterable[Link], voice: Voice) -> str:
    """Where more is to be seen, in one line; an address that is no safe link is shown as it is."""
    return " · ".join(_link(link.url, voice(link.title)) for link in links)


def _link(url: str, words: str) -> str:
    if url.startswith(("https://", "http://127.0.0.1")) and not set(url) & set("<>| "):
        return f"<{escape(url)}|{words}>"
    return f"{words}: `{escape(url)}`"


def _saying(line: tuple[Level, Text, str]) -> tuple[Level, str]:
    return line[0], line[2]


def _told(event: Recorded, after: Incident) -> Text:
    who = Person(event.by.user)
    match event.fact:
        case incident.Declared(severity, title):
            return say("{who} declared {severity}: {title}", who=who, severity=severity, title=title)
        case incident.Acknowledged():
            return say("✋ {who} acknowledged", who=who)
        case incident.Overdue(minutes):
            return say("⏰ Nobody has acknowledged within {minutes} min.", minutes=minutes)
        case incident.Updated():
            return say("📝 Update by {who}", who=who)
        case incident.Diagnosing(what):
            return say("⏳ {who} began the diagnosis {what}, {when}. It goes on.", who=who, what=what, when=event.at)
        case incident.DiagnosisLost(what):
            return say("⚠️ The diagnosis {what} was cut off: what it found is not recorded. Run it again.", what=what)
        case incident.Diagnosed(what):
            return say("🩺 {who} ran the diagnosis {what}", who=who, what=what)
        case incident.Breached():
            return say("🔒 {who} treats it as a security incident: evidence first, no rollback, no clean-up.", who=who)
        case incident.Cleared():
            return say("🔓 {who} releases it: no security incident any longer.", who=who)
        case incident.RunMoved(summary=summary):
            return say("🔧 {summary}", summary=summary)
        case incident.Resolved():
            return say("✅ {who} resolved it after {duration}", who=who, duration=lasted(after))
        case _:
            return plain(type(event.fact).__name__)


def listing(value: Listing, voice: Voice) -> Message:
    """The open incidents."""
    if not value.incidents:
        words = voice(say("No open incident. 🎉"))
        return parts.message(words, [parts.section(words)])
    title = voice(say("*{count} open*", count=value.total))
    rows = [_row(state, voice) for state in value.incidents]
    blocks = [parts.section(title), *parts.lines(rows)]
    if value.total > len(rows):
        blocks.append(parts.context(voice(say("… and {more} older ones", more=value.total - len(rows)))))
    return parts.message(title, blocks)


def _row(state: Incident, voice: Voice) -> str:
    name = f"{SEVERITY_SIGNS[state.severity]} *{state.number}* {state.severity} · {escape(state.title)}"
    return f"{name}\n      {voice(_standing(state))}"


def timeline(value: Timeline, voice: Voice) -> Message:
    """Everything that happened, oldest first; when it is long, the latest part."""
    state = value.incident
    title = f"*{state.number}* {state.severity} · {escape(state.title)}"
    shown = value.events[-TIMELINE_SHOWN:]
    rows = [_timeline_row(event, state, voice) for event in shown]
    blocks = [parts.section(title)]
    if len(shown) < len(value.events):
        blocks.append(parts.context(voice(say("the latest {count} events", count=len(shown)))))
    return parts.message(title, [*blocks, *parts.lines(rows)])


def _timeline_row(event: Recorded, state: Incident, voice: Voice) -> str:
    words = voice(say("{when}  {told}", when=event.at, told=_told(event, state)))
    match event.fact:
        case incident.Updated(text) | incident.Resolved(text):
            return f"{words}\n{parts.quoted(escape(text))}"
        case _:
            return words
