"""Asking for a change of an emulated vendor the way the bot does, and reading sentences that hold sentences."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from changes import change
from changes import preview as previewed
from readings import Settings

from bot.core.errors import TargetError
from bot.core.preview import Preview
from bot.core.text import Text, Words


def said(text: Text) -> str:
    """The English sentence with everything in it."""
    return text.msgid.format(
        **{
            name: said(value) if isinstance(value, Text) else value.en if isinstance(value, Words) else value
            for name, value in text.values.items()
        }
    )


async def executed(name: str, address: Settings, preview: Preview) -> tuple[str, list[str]]:
    """What it says in the end and on the way; its parameters are those of the preview alone."""
    found, told = change(name), []

    async def progress(text: Text) -> None:
        told.append(said(text))

    parameters = found.parameters.model_validate(dict(preview.arguments))
    async with asyncio.timeout(found.limit):
        outcome = await found.execute(found.address.model_validate(address), parameters, preview, progress)
    return said(outcome), told


async def refused_preview(name: str, address: Settings, /, **parameters: object) -> str:
    with pytest.raises(TargetError) as caught:
        await previewed(name, address, **parameters)
    return said(caught.value.text)


async def failed(name: str, address: Settings, preview: Preview) -> str:
    with pytest.raises(TargetError) as caught:
        await executed(name, address, preview)
    return said(caught.value.text)


def lines_of(preview: Preview) -> list[tuple[str, str, str]]:
    return [(said(line.label), line.before, line.after) for line in preview.lines]


def everything_in(preview: Preview) -> str:
    """All that people or the record would see."""
    return repr(replace(preview, undo={}))


def granted(section: str) -> dict[str, Any]:
    """The permissions that docs/permissions.md promises to be enough."""
    page = (Path(__file__).parents[2] / "docs" / "permissions.md").read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^## {re.escape(section)}\n(.*?)(?=^## |\Z)", page)
    assert found, f"docs/permissions.md has no section {section}"
    block = re.search(r"(?s)```yaml\n(.*?)```", found[1])
    assert block, f"the section {section} of docs/permissions.md has no block"
    permissions = yaml.safe_load(block[1])
    assert isinstance(permissions, dict)
    return permissions
