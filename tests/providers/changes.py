"""Asking for a change the way the bot does: preview, then exactly that preview, its arguments parameters again."""

import asyncio

import pytest
from readings import Settings, rendered, spoken

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Preview
from bot.core.text import Text
from bot.providers import operation

PREVIEW_LIMIT = 40.0


def change(name: str) -> Change:
    found = operation(name)
    assert isinstance(found, Change)
    return found


async def preview(name: str, address: Settings, /, **parameters: object) -> Preview:
    found = change(name)
    wanted = found.parameters.model_validate(parameters)
    async with asyncio.timeout(PREVIEW_LIMIT):
        shown = await found.preview(found.address.model_validate(address), wanted)
    assert found.parameters.model_validate(dict(shown.arguments))
    return shown


async def silent(_: Text) -> None:
    """Progress that nobody reads."""


def into(told: list[str]) -> Progress:
    """Progress that is kept, in English."""

    async def tell(text: Text) -> None:
        told.append(rendered(text))

    return tell


async def execute(name: str, address: Settings, shown: Preview, progress: Progress = silent) -> str:
    found = change(name)
    wanted = found.parameters.model_validate(dict(shown.arguments))
    async with asyncio.timeout(found.limit):
        return rendered(await found.execute(found.address.model_validate(address), wanted, shown, progress))


async def refused(name: str, address: Settings, /, **parameters: object) -> str:
    """Why there is no preview."""
    with pytest.raises(TargetError) as caught:
        await preview(name, address, **parameters)
    return spoken(caught.value)


async def failing(name: str, address: Settings, shown: Preview) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await execute(name, address, shown)
    return caught.value


def lines(shown: Preview) -> dict[str, tuple[str, str]]:
    return {rendered(line.label): (line.before, line.after) for line in shown.lines}


def warnings(shown: Preview) -> str:
    return " ".join(rendered(warning) for warning in shown.warnings)
