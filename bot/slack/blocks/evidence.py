"""Everything behind a report: each finding with its measurements and its evidence, in a modal or as a text file."""

from collections.abc import Iterator
from typing import Final

from bot.core.findings import Finding, Judgement, Level
from bot.core.report import Report
from bot.core.text import say
from bot.slack.blocks import parts
from bot.slack.blocks.incident import LEVEL_SIGNS
from bot.slack.blocks.parts import Block
from bot.slack.blocks.report import sparkline
from bot.slack.voice import Voice, escape

FINDINGS_SHOWN: Final = 45  # two blocks each; a modal holds a hundred
CHARACTERS: Final = 2000
_LIMITS: Final = {Level.OK: "ok, limit ", Level.UNKNOWN: "", Level.WARN: "warn ", Level.CRIT: "crit "}


def view(report: Report, voice: Voice) -> Block:
    """A modal with all findings, worst first."""
    blocks = []
    for finding in report.findings[:FINDINGS_SHOWN]:
        blocks += _finding(finding, voice)
    if len(report.findings) > FINDINGS_SHOWN:
        more = len(report.findings) - FINDINGS_SHOWN
        blocks.append(parts.context(voice(say("… and {more} more checks, all of them better than these", more=more))))
    close = parts.plain(voice.plain(say("Close")), 24)
    return parts.modal("evidence", voice.plain(say("Evidence")), blocks, close=close)


def _finding(finding: Finding, voice: Voice) -> list[Block]:
    words = f"{LEVEL_SIGNS[finding.level]} *{voice(finding.title)}* — {voice(finding.summary)}"
    rows = [escape(row) for row in _measured(finding, voice)]
    if finding.trend:
        rows.append(sparkline(finding.trend))
    if finding.evidence:
        shown = parts.clip(escape("\n".join(finding.evidence)).replace("`", "´"), CHARACTERS - 600)
        rows.append(f"```{shown}```")
    return [parts.section(words), parts.context(parts.clip("\n".join(rows), CHARACTERS) or "—")]


def _measured(finding: Finding, voice: Voice) -> Iterator[str]:
    yield f"{finding.check} · {finding.took:.2f} s" + (f" · {finding.at:%H:%M:%S} UTC" if finding.at else "")
    yield from (_measurement(judgement, voice) for judgement in finding.judgements)


def _measurement(judgement: Judgement, voice: Voice) -> str:
    measured = judgement.measurement
    if measured.value is None:
        return f"{measured.name}: {voice.plain(measured.missing or say('not reported'))}"
    value = f"{measured.value:g}" if isinstance(measured.value, float) else str(measured.value)
    limit = f"  ({_LIMITS[judgement.level]}{judgement.limit})" if judgement.limit else ""
    return f"{measured.name}: {value} {measured.unit}".rstrip() + limit


def text(report: Report, voice: Voice) -> str:
    """The same as a plain text file."""
    lines = [f"{report.place} · {report.words} · {report.at:%Y-%m-%d %H:%M:%S} UTC", ""]
    for finding in report.findings:
        lines.append(f"[{finding.level}] {voice.plain(finding.title)} - {voice.plain(finding.summary)}")
        lines += [f"    {row}" for row in _measured(finding, voice)]
        lines += [f"    | {line}" for line in finding.evidence]
        lines.append("")
    return "\n".join(lines)
