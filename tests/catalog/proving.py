"""What the proofs of a catalog folder share: the folder itself, the inventory, and its thresholds put to the test."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bot.catalog.load import load_system
from bot.catalog.system import System
from bot.core.findings import Level, Measurement, Quantity, Reading, conclude
from bot.core.text import say

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT.parent / "shared" / "requirements.md"
_ITEM = re.compile(r"^- \[[ xX]\] \*\*(\d{3}-[DALR]\d{2})\*\*", re.MULTILINE)
_ID = re.compile(r"\b\d{3}-[DALR]\d{2}\b")
_COMMAND = re.compile(r"`/(diag|run|rollback) (?:watch )?([a-z0-9-]+)([^`]*)`")


class Row(NamedTuple):
    """What one measured value is worth, by the catalog's thresholds."""

    check: str
    measurement: str
    value: Quantity
    level: Level


def rows(*lines: tuple[str, str, Mapping[Any, Level]]) -> list[Row]:
    """One row a value."""
    return [
        Row(check, measurement, value, level)
        for check, measurement, expected in lines
        for value, level in expected.items()
    ]


@cache
def system(name: str) -> System:
    """The folder as the bot loads it."""
    return load_system(ROOT / "catalog" / name)


def judged(found: System, row: Row) -> Level:
    """The level of this one measurement in the check's finding."""
    check = found.checks[row.check]
    reading = Reading(say("measured"), (Measurement(row.measurement, row.value),))
    finding = conclude(check.name, check.title.text(), reading, check.limits())
    return next(one.level for one in finding.judgements if one.measurement.name == row.measurement)


def limits_of(found: System) -> set[tuple[str, str, Level]]:
    """Every level that a threshold of the folder can give, ok among them."""
    wanted = set()
    for check in found.checks.values():
        for measurement, limit in check.thresholds.items():
            if limit.asked:  # the person's to say, so the scenarios try it
                continue
            levels = [Level.OK]
            levels += [Level.WARN] if limit.warn is not None else []
            levels += [Level.CRIT] if limit.crit is not None else []
            levels += [limit.otherwise] if limit.expect is not None else []
            wanted |= {(check.name, measurement, level) for level in levels}
    return wanted


def named(texts: Iterable[str]) -> set[str]:
    """The requirement ids that stand in these texts."""
    return {id_ for text in texts for id_ in _ID.findall(text)}


def inventory(prefix: str) -> set[str]:
    """The D-, A-, L- and R-ids of one system in the inventory; empty where the paper is not at hand."""
    if not INVENTORY.exists():
        return set()
    return {id_ for id_ in _ITEM.findall(INVENTORY.read_text(encoding="utf-8")) if id_.startswith(prefix)}


def ids(prefix: str, **last: int) -> set[str]:
    """`ids("000", D=22)` are 000-D01 to 000-D22."""
    return {f"{prefix}-{kind}{number:02}" for kind, count in last.items() for number in range(1, count + 1)}


def documents(found: System) -> dict[str, str]:
    """The runbooks' texts by name."""
    return {name: Path(runbook.source).read_text(encoding="utf-8") for name, runbook in found.runbooks.items()}


def stated(found: System) -> dict[str, set[str]]:
    """The requirement ids that the folder names as sources: of its checks, actions, alerts and runbooks."""
    return {
        "D": named(check.source for check in found.checks.values()),
        "A": named(action.source for action in found.actions.values()),
        "L": named(alert.source for alert in found.alerts.values()),
        "R": named(documents(found).values()),
    }


def dead_commands(found: System) -> list[str]:
    """The commands of all runbooks that would not be understood."""
    services = {action.service for action in found.actions.values() if action.verb == "rollback"}
    known = {"diag": found.knows, "run": found.actions.__contains__, "rollback": services.__contains__}
    return [
        f"{name}: /{verb} {word}{rest}"
        for name, text in documents(found).items()
        for verb, word, rest in _COMMAND.findall(text)
        if not known[verb](word) or not set(re.findall(r"(\w+)=", rest)) <= _answers(found, verb, word)
    ]


def _answers(found: System, verb: str, word: str) -> set[str]:
    """What may be said by name with a command; a rollback takes its one answer without a name."""
    named = {"diag": found.checks.get(word), "run": found.actions.get(word)}.get(verb)
    return set(named.asks) if named else set()


def refused_in_runbooks(found: System) -> list[str]:
    """The commands of all runbooks that the bot would refuse."""
    return [
        f"{name}: {action}"
        for name, runbook in found.runbooks.items()
        for action in runbook.resolution
        if action in found.actions and found.actions[action].refused is not None
    ]
