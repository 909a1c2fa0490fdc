"""What `/diag` answers: the findings of several checks, worst first, and what can be done about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.core.findings import Finding, Level, Link, worst
from bot.core.redaction import spoken
from bot.core.text import Text

LINKS_KEPT: Final = 8


@dataclass(frozen=True, slots=True)
class Advice:
    """What helps when a check is not ok: its runbook, links, and actions that may be proposed, by name and title."""

    runbook: str = ""
    links: tuple[Link, ...] = ()
    actions: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to one `/diag`; `waiting` names the checks whose answer is still to come, `advice` is by check.

    `steps` are the actions that a runbook's resolution names, with their titles. `id` is set once the report is kept
    for its buttons; `about` says which alert or runbook was asked for, `given` what the reader said with it, `masked`
    where what is masked may be read in full.
    """

    what: str
    findings: tuple[Finding, ...]
    at: datetime
    took: float
    system: str = ""
    place: str = ""
    incident: str = ""
    id: str = ""
    about: Text | None = None
    masked: Text | None = None
    waiting: tuple[Text, ...] = ()
    advice: Mapping[str, Advice] = field(default_factory=dict)
    steps: Mapping[str, Text] = field(default_factory=dict)
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What was asked for, as it may be shown."""
        return self.what + spoken(self.given)

    @property
    def files(self) -> dict[str, bytes]:
        """What its findings bring beside words, by the name of the file: drawn panels, and logs."""
        pictures = {f"{finding.check}.png": finding.picture for finding in self.findings if finding.picture}
        return pictures | {f"{finding.check}.log": finding.document for finding in self.findings if finding.document}

    @property
    def level(self) -> Level:
        return worst(finding.level for finding in self.findings)


def lines_of(findings: Sequence[Finding]) -> tuple[tuple[Level, Text, Text], ...]:
    """What the record keeps of findings: level, title, summary; evidence stays out of it."""
    return tuple((finding.level, finding.title, finding.summary) for finding in findings)


def links_of(findings: Sequence[Finding]) -> tuple[Link, ...]:
    """What the checks themselves lead to, such as a dashboard at that hour, each once."""
    return tuple({link.url: link for finding in findings for link in finding.links}.values())[:LINKS_KEPT]
