"""Asking for a change the way the bot does: preview, then exactly that preview."""

from collections.abc import Awaitable, Mapping

import pytest
from readings import Settings, rendered

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation


def change(name: str) -> Change:
    found = operation(name)
    assert isinstance(found, Change)
    return found


async def preview(name: str, address: Settings, /, **parameters: object) -> Preview:
    found = change(name)
    return await found.preview(found.address.model_validate(address), found.parameters.model_validate(parameters))


async def silent(_: Text) -> None:
    """Progress that nobody reads."""


async def execute(name: str, address: Settings, shown: Preview, progress: Progress = silent) -> str:
    """With the arguments of the preview, which have to be valid parameters."""
    found = change(name)
    wanted = found.parameters.model_validate(dict(shown.arguments))
    return rendered(await found.execute(found.address.model_validate(address), wanted, shown, progress))


async def refused(doing: Awaitable[object]) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await doing
    assert "s3same" not in rendered(caught.value.text)
    return caught.value


def lines(shown: Preview) -> Mapping[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> list[str]:
    return [rendered(warning) for warning in shown.warnings]
