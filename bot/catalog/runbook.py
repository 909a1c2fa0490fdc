"""A team's runbook: a Markdown document whose diagnosis and resolution sections name what the bot can run."""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.catalog.entries import Entry

# The words that begin a section's heading, in the languages of the documents.
_SECTIONS: Final[Mapping[str, str]] = {
    "symptom": "symptoms",
    "sintoma": "symptoms",
    "diagn": "diagnosis",
    "resol": "resolution",
    "fix": "resolution",
    "verif": "verification",
    "escal": "escalation",
}
# What stands on a line of its own: nothing, a heading, quotation, table row, or an item of a list.
_BEGINS = re.compile(r"\s*($|[#>|]|[-*+]\s|\d+[.)]\s)")
_COMMAND = re.compile(r"^/(diag|run|rollback)\s+(\S+)")


class Section(Entry):
    """One section as it was written: its heading, what it is for where that is known, and its Markdown."""

    heading: str = ""
    purpose: str = ""
    text: str = ""


class Runbook(Entry):
    """One runbook: `diagnosis` holds the words after `/diag` in that section, `resolution` the actions on offer."""

    name: str
    title: str
    sections: tuple[Section, ...] = ()
    symptoms: str = ""
    diagnosis: tuple[str, ...] = ()
    resolution: tuple[str, ...] = ()
    source: str = ""


def read_runbook(path: Path) -> Runbook:
    """Read one document; raises OSError, and nothing else: a document without known sections is only a title."""
    sections: dict[str, list[Token]] = {}
    title = path.stem
    present = ""
    text = path.read_text(encoding="utf-8")
    tokens = MarkdownIt().parse(text)
    for token, heading in _with_headings(tokens):
        if heading == "h1":
            title = token.content
        elif heading:
            present = _section(token.content)
        elif token.type in ("inline", "fence", "code_block"):
            sections.setdefault(present, []).append(token)
    return Runbook(
        name=path.stem,
        title=title,
        sections=tuple(_written(text, tokens)),
        symptoms=" ".join(token.content for token in sections.get("symptoms", [])),
        diagnosis=_named(sections.get("diagnosis", []), "diag"),
        resolution=_named(sections.get("resolution", []), "run") + _named(sections.get("resolution", []), "rollback"),
        source=str(path),
    )


def _with_headings(tokens: list[Token]) -> Iterator[tuple[Token, str]]:
    """Each token with the level of the heading whose text it is, if it is one."""
    for before, token in zip([None, *tokens], tokens, strict=False):
        is_text = before is not None and before.type == "heading_open" and token.type == "inline"
        yield token, before.tag if is_text and before is not None else ""


def _written(text: str, tokens: list[Token]) -> Iterator[Section]:
    """The document cut at its headings of the second level, deeper ones left inside; the title is not among them."""
    lines = text.splitlines()
    headings = [
        (token.map or [0, 0], following.content, token.tag)
        for token, following in pairwise(tokens)
        if token.type == "heading_open" and token.tag in ("h1", "h2")
    ]
    ends = [begin for (begin, _), _, _ in headings[1:]] + [len(lines)]
    for ((_, begin), heading, level), end in zip(headings, ends, strict=True):
        written = _unwrapped(lines[begin:end])
        if level == "h2":
            yield Section(heading=heading, purpose=_section(heading), text=written)
        elif written:
            yield Section(text=written)


def _unwrapped(lines: list[str]) -> str:
    """Lines that the author wrapped, joined again: Slack would break them where the author did."""
    joined: list[str] = []
    is_fenced = False
    for line in lines:
        is_fence = line.lstrip().startswith("```")
        if is_fenced or is_fence or _BEGINS.match(line) or not joined or not joined[-1].strip():
            joined.append(line)
        else:
            joined[-1] = f"{joined[-1]} {line.strip()}"
        is_fenced ^= is_fence
    return "\n".join(joined).strip()


def _section(heading: str) -> str:
    words = heading.lower()
    return next(
        (name for beginning, name in _SECTIONS.items() if words.lstrip("0123456789. ").startswith(beginning)), ""
    )


def _named(tokens: list[Token], verb: str) -> tuple[str, ...]:
    """The first word after each `/diag` or `/run` in code, in order, each once."""
    found = (_COMMAND.match(line.strip()) for token in tokens for line in _code(token))
    return tuple(dict.fromkeys(match[2] for match in found if match and match[1] == verb))


def _code(token: Token) -> Iterator[str]:
    if token.type in ("fence", "code_block"):
        yield from token.content.splitlines()
    for child in token.children or []:
        if child.type == "code_inline":
            yield child.content
