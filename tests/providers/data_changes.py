"""Asking for a change the way the bot does, and the permissions that docs/permissions.md promises to be enough."""

import re
from collections.abc import Awaitable
from pathlib import Path

import pytest
from changes import execute, lines, preview, warnings
from readings import rendered

from bot.core.errors import TargetError

__all__ = ["execute", "granted", "lines", "preview", "refused", "warnings"]

PERMISSIONS = Path(__file__).parents[2] / "docs" / "permissions.md"


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert "s3same" not in rendered(caught.value.text)
    return caught.value


def granted(label: str) -> str:
    """The code block of docs/permissions.md with this label."""
    found = re.search(rf"^```{re.escape(label)}\n(.*?)^```$", PERMISSIONS.read_text(), re.MULTILINE | re.DOTALL)
    assert found, f"docs/permissions.md has no block {label}"
    return found[1].strip()
