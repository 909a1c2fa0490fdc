"""A diagnosis in Slack: normal or not in the first line, then what is not, worst first, with what helps."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlencode

from bot.catalog.system import ALL
from bot.core.findings import Finding, Judgement, Level
from bot.core.report import Report, links_of
from bot.core.text import Text, say
from bot.flows.diagnose import Menu, Which
from bot.slack.blocks import parts
from bot.slack.blocks.incident import finding_lines, linked
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

GROUPS_SHOWN: Final = 10
OK_SHOWN: Final = 12
EVIDENCE_LINES: Final = 3
EVIDENCE_CHARACTERS: Final = 160
PROPOSALS: Final = 3
RUNBOOKS: Final = 2
LINKS: Final = 4
STEPS: Final = 12
BARS: Final = "▁▂▃▄▅▆▇█"
BARS_SHOWN: Final = 30

VERDICTS = {
    Level.OK: say("🟢 *Normal*: {what}"),
    Level.UNKNOWN: say("⚪ *Not everything could be seen*: {what}"),
    Level.WARN: say("🟡 *Not normal*: {what}"),
    Level.CRIT: say("🔴 *Critical*: {what}"),
}


def report(value: Report, voice: Voice, *, is_shared: bool = False) -> Message:
    """The answer to a `/diag`: for one reader, or shared with a channel."""
    verdict = _verdict(value, voice)
    blocks = [parts.section(verdict), parts.context(_counted(value, voice))]
    if value.about is not None:
        blocks.append(parts.context(voice(value.about)))
    if value.masked is not None:
        blocks.append(parts.context(voice(value.masked)))
    wrong = [finding for finding in value.findings if finding.level is not Level.OK]
    groups = _alike(wrong, voice)
    for same in groups[:GROUPS_SHOWN]:
        blocks += _group(value, same, voice)
    hidden = sum(len(same) for same in groups[GROUPS_SHOWN:])
    if hidden:
        blocks.append(parts.context(voice(say("… and {count} more that are not ok: *Show more*", count=hidden))))
    fine = [finding for finding in value.findings if finding.level is Level.OK]
    blocks += _fine(fine, voice)
    if links := links_of(fine):
        blocks.append(parts.context(linked(links, voice)))
    blocks += _steps(value, voice)
    if value.id:
        blocks.append(parts.actions(_buttons(value, voice, is_shared)))
    return parts.message(verdict, blocks)


def _alike(findings: Sequence[Finding], voice: Voice) -> list[list[Finding]]:
    """Findings that say the same together, in the order of the first of them: a dead target fails many checks."""
    groups: dict[tuple[Level, str], list[Finding]] = {}
    for finding in findings:
        groups.setdefault((finding.level, voice(finding.summary)), []).append(finding)
    return list(groups.values())


def _verdict(value: Report, voice: Voice) -> str:
    what = say("everything") if value.what == ALL else value.words
    if value.waiting:
        return voice(say("⏳ *So far*: {what}", what=what))
    return voice(Text(VERDICTS[value.level].msgid, {"what": what}))


def _counted(value: Report, voice: Voice) -> str:
    counted = say(
        "{ok} of {count} checks ok · {when} · took {took} s",
        ok=sum(finding.level is Level.OK for finding in value.findings),
        count=len(value.findings) + len(value.waiting),
        when=value.at,
        took=f"{value.took:.1f}",
    )
    words = [escape(value.place), voice(counted)] if value.place else [voice(counted)]
    if value.incident:
        words.append(value.incident)
    if value.waiting:
        names = ", ".join(voice(title) for title in value.waiting[:8])
        words.append(voice(say("still waiting for {count}", count=len(value.waiting))) + f": {names}")
    return " · ".join(words)


def _group(value: Report, same: list[Finding], voice: Voice) -> list[Block]:
    """Findings that say the same, as one: all checks of a dead target do."""
    finding = same[0]
    [words] = finding_lines(((one.level, one.title, one.summary) for one in same), voice)
    rows = [text for judgement in finding.judgements if (text := _limit(judgement, voice))]
    if finding.trend:
        rows.append(sparkline(finding.trend))
    rows += [quoted_line(line, EVIDENCE_CHARACTERS) for line in finding.evidence[:EVIDENCE_LINES]]
    if helps := _helps(value, same, voice):
        rows.append(helps)
    blocks = [parts.section(words)]
    if rows:
        blocks.append(parts.context("\n".join(rows)))
    if offered := [*_proposals(value, same, voice), *_runbooks(value, same)]:
        blocks.append(parts.actions(offered))
    return blocks


def _helps(value: Report, same: list[Finding], voice: Voice) -> str:
    """The links of these findings, each once."""
    advice = [value.advice[finding.check] for finding in same if finding.check in value.advice]
    links = {link.url: link for one in advice for link in one.links}
    links |= {link.url: link for finding in same for link in finding.links}
    return linked(list(links.values())[:LINKS], voice)


def _proposals(value: Report, same: list[Finding], voice: Voice) -> list[Block]:
    offered = {
        name: title
        for finding in same
        if finding.check in value.advice
        for name, title in value.advice[finding.check].actions.items()
    }
    return [_proposal(value, name, title, voice) for name, title in list(offered.items())[:PROPOSALS]]


def _steps(value: Report, voice: Voice) -> list[Block]:
    """What the runbook says may help, as proposals."""
    steps = [_proposal(value, name, title, voice) for name, title in list(value.steps.items())[:STEPS]]
    return [parts.context(voice(say("Steps of the runbook:"))), parts.actions(steps)] if steps else []


def _proposal(value: Report, name: str, title: Text, voice: Voice) -> Block:
    words = voice.plain(say("Propose: {action}", action=title))
    return parts.button(words, "run:propose", f"{value.system}:{name}:{value.incident}")


def _runbooks(value: Report, same: list[Finding]) -> list[Block]:
    names = (value.advice[finding.check].runbook for finding in same if finding.check in value.advice)
    return [
        parts.button(f"📖 {name}", "runbook:open", f"{value.system}:{name}:{value.incident}")
        for name in list(dict.fromkeys(filter(None, names)))[:RUNBOOKS]
    ]


def _fine(findings: Sequence[Finding], voice: Voice) -> list[Block]:
    """What is ok, a line each while they are few."""
    if len(findings) <= OK_SHOWN:
        return parts.lines(finding_lines(((one.level, one.title, one.summary) for one in findings), voice))
    titles = ", ".join(voice(finding.title) for finding in findings)
    return parts.lines([f"🟢 {titles}"])


def _buttons(value: Report, voice: Voice, is_shared: bool) -> list[Block]:
    again = f"{value.system}:{value.what}:{value.incident}{said(value.given)}"
    buttons = [
        parts.button(voice.plain(say("Show more")), "report:more", value.id),
        parts.button(voice.plain(say("Run again")), "diag:run", again),
    ]
    if not is_shared:
        buttons.append(parts.button(voice.plain(say("Share here")), "report:share", value.id))
    return buttons


def _limit(judgement: Judgement, voice: Voice) -> str:
    measured = judgement.measurement
    if judgement.level is Level.OK:
        return ""
    if measured.value is None:
        reason = measured.missing or say("not reported")
        return voice(say("{name}: {reason}", name=measured.name, reason=reason))
    value = _value(judgement)
    if judgement.limit.startswith("="):
        return voice(
            say("{name} is {value}, expected {limit}", name=measured.name, value=value, limit=judgement.limit[2:])
        )
    return voice(
        say(
            "{name} is {value} ({level} {limit})",
            name=measured.name,
            value=value,
            level=judgement.level,
            limit=judgement.limit,
        )
    )


def _value(judgement: Judgement) -> str:
    measured = judgement.measurement
    number = f"{measured.value:g}" if isinstance(measured.value, float) else str(measured.value)
    return f"{number} {measured.unit}".strip()


def quoted_line(line: str, limit: int) -> str:
    """One line of evidence as code, which nothing in it can leave."""
    return f"`{escape(line[:limit]).replace('`', '´')}`"


def sparkline(series: Sequence[float]) -> str:
    """A series as bars, the latest at the right, between its own lowest and highest value."""
    shown = series[-BARS_SHOWN:]
    low, high = min(shown), max(shown)
    steps = [int((value - low) / (high - low) * (len(BARS) - 1)) if high > low else 0 for value in shown]
    return f"`{''.join(BARS[step] for step in steps)}` {low:g} … {high:g}"


def which(value: Which, voice: Voice) -> Message:
    """The question which system is meant, a button each."""
    question = voice(say("*{word}*: of which system?", word=value.word))
    buttons = [
        parts.button(system.profile.name, value.act, f"{system.id}:{value.word}:{value.number}{said(value.given)}")
        for system in value.systems[:25]
    ]
    return parts.message(question, [parts.section(question), parts.actions(buttons)])


def said(given: Mapping[str, str]) -> str:
    """What was said with a check, as the last part of what a button carries."""
    return f":{urlencode(given)}" if given else ""


def menu(value: Menu, voice: Voice) -> Message:
    """What can be diagnosed: groups with their checks, alerts, runbooks, and the other systems."""
    system = value.system
    title = voice(say("*What can be diagnosed in {system}*", system=system.profile.name))
    rows = [
        f"`/diag {group}` — {', '.join(f'`{check.usage}`' for check in checks)}"
        for group, checks in system.groups().items()
    ]
    blocks = [parts.section(title), *parts.lines(rows)]
    blocks += _named(say("*Alerts*: {names}"), system.alerts, voice)
    blocks += _named(say("*Runbooks*: {names}"), system.runbooks, voice)
    if value.others:
        ids = ", ".join(f"`/diag {other.id}`" for other in value.others)
        blocks.append(parts.context(voice(say("Other systems")) + f": {ids}"))
    hint = voice(say("`/diag all` runs everything · `/diag redis INC-1` keeps the result in the incident"))
    return parts.message(title, [*blocks, parts.context(hint)])


def _named(label: Text, names: Iterable[str], voice: Voice) -> list[Block]:
    words = ", ".join(names)
    return [parts.section(voice(Text(label.msgid, {"names": words})))] if words else []
