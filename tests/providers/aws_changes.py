"""Asking for a change on the emulated AWS, of which nothing that is told may hold a secret."""

from collections.abc import Awaitable

import pytest
from changes import change, execute, lines, preview
from readings import rendered

from bot.core.errors import TargetError
from bot.core.preview import Preview

__all__ = ["change", "execute", "lines", "preview", "refused", "warnings"]


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert "s3same" not in rendered(caught.value.text)
    return caught.value


def warnings(shown: Preview) -> list[str]:
    return [rendered(warning) for warning in shown.warnings]
