"""Asking for a change the way the bot does, and the permissions that docs/permissions.md promises to be enough."""

import asyncio
import re
from collections.abc import Awaitable
from pathlib import Path

import pytest
from readings import Settings, rendered

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"


async def preview(name: str, address: Settings, /, **parameters: object) -> Preview:
    change = _change(name)
    async with asyncio.timeout(10):
        return await change.preview(
            change.address.model_validate(address), change.parameters.model_validate(parameters)
        )


async def silent(_: Text) -> None:
    """Progress that nobody reads."""


async def execute(name: str, address: Settings, shown: Preview, progress: Progress = silent) -> str:
    """Carry out exactly what was shown; its arguments have to be parameters again."""
    change = _change(name)
    again = change.parameters.model_validate(dict(shown.arguments))
    async with asyncio.timeout(change.limit):
        return rendered(await change.execute(change.address.model_validate(address), again, shown, progress))


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert "s3same" not in rendered(caught.value.text)
    return caught.value


def lines(shown: Preview) -> dict[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> str:
    return " ".join(rendered(warning) for warning in shown.warnings)


def granted(label: str) -> str:
    """The code block of docs/permissions.md with this label."""
    found = re.search(rf"^```{re.escape(label)}\n(.*?)^```$", PERMISSIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/permissions.md has no block {label}"
    return found[1].strip()


def _change(name: str) -> Change:
    found = operation(name)
    assert isinstance(found, Change)
    return found
