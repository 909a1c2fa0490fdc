"""A diagnosis in Slack: normal or not in the first line, then the findings, worst first."""

from itertools import groupby

from bot.core.findings import Finding, Judgement, Level
from bot.core.text import Text, say
from bot.flows.diagnose import Menu, Report
from bot.slack.blocks import parts
from bot.slack.blocks.incident import finding_lines
from bot.slack.blocks.parts import Block, Message
from bot.slack.voice import Voice, escape

EVIDENCE_LINES = 5
EVIDENCE_CHARACTERS = 160

VERDICTS = {
    Level.OK: say("🟢 *Normal*: {what}"),
    Level.UNKNOWN: say("⚪ *Not everything could be seen*: {what}"),
    Level.WARN: say("🟡 *Not normal*: {what}"),
    Level.CRIT: say("🔴 *Critical*: {what}"),
}


def report(value: Report, voice: Voice) -> Message:
    """The answer to a `/diag`."""
    verdict = voice(Text(VERDICTS[value.level].msgid, {"what": value.what}))
    counted = say(
        "{ok} of {count} checks ok · {when} · took {took} s",
        ok=sum(finding.level is Level.OK for finding in value.findings),
        count=len(value.findings),
        when=value.at,
        took=f"{value.took:.1f}",
    )
    blocks = [parts.section(verdict), parts.context(voice(counted))]
    for _, same in groupby(value.findings, lambda finding: (finding.level, voice(finding.summary))):
        blocks += _findings(list(same), voice)
    return parts.message(verdict, blocks)


def _findings(same: list[Finding], voice: Voice) -> list[Block]:
    """Findings that say the same, as one: all checks of a dead target do."""
    finding = same[0]
    [words] = finding_lines(((one.level, one.title, one.summary) for one in same), voice)
    limits = [text for judgement in finding.judgements if (text := _limit(judgement, voice))]
    blocks = [parts.section(words)]
    if finding.level is not Level.OK:
        limits += [
            f"`{escape(line[:EVIDENCE_CHARACTERS]).replace('`', '´')}`" for line in finding.evidence[:EVIDENCE_LINES]
        ]
    if limits:
        blocks.append(parts.context("\n".join(limits)))
    return blocks


def _limit(judgement: Judgement, voice: Voice) -> str:
    measured = judgement.measurement
    if judgement.level is Level.OK:
        return ""
    if measured.value is None:
        reason = measured.missing or say("not reported")
        return voice(say("{name}: {reason}", name=measured.name, reason=reason))
    number = f"{measured.value:g}" if isinstance(measured.value, float) else str(measured.value)
    value = f"{number} {measured.unit}".strip()
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


def menu(value: Menu, voice: Voice) -> Message:
    """What can be diagnosed."""
    title = voice(say("*What can be diagnosed in {system}*", system=value.system.profile.name))
    rows = []
    for group, checks in value.system.groups().items():
        names = ", ".join(f"{escape(voice.words(check.title))} (`{check.name}`)" for check in checks)
        rows.append(f"`/diag {group}` — {names}")
    hint = voice(say("`/diag all` runs everything · `/diag redis INC-1` keeps the result in the incident"))
    return parts.message(title, [parts.section(title), *parts.lines(rows), parts.context(hint)])
