"""Asking for a check the way the bot does, and looking into its answer."""

import asyncio
from collections.abc import Mapping

import pytest

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import Text
from bot.providers import operation

Settings = Mapping[str, object]
LENIENCE = 3  # a check has its own shorter limits; this one only ends what hangs on a machine that is busy


async def read(name: str, address: Settings, /, **parameters: object) -> Reading:
    found = operation(name)
    assert isinstance(found, Read)
    async with asyncio.timeout(LENIENCE * found.limit):
        return await found.run(found.address.model_validate(address), found.parameters.model_validate(parameters))


async def reveal(name: str, address: Settings, /, **parameters: object) -> tuple[str, ...]:
    """What a check masks, as the restricted channel reads it."""
    found = operation(name)
    assert isinstance(found, Read)
    assert found.reveal is not None
    async with asyncio.timeout(LENIENCE * found.limit):
        return await found.reveal(found.address.model_validate(address), found.parameters.model_validate(parameters))


async def refusal(name: str, address: Settings, /, **parameters: object) -> TargetError:
    with pytest.raises(TargetError) as caught:
        await read(name, address, **parameters)
    assert "s3same" not in spoken(caught.value)
    return caught.value


def spoken(error: TargetError) -> str:
    return rendered(error.text)


def summary(reading: Reading) -> str:
    return rendered(reading.summary)


def rendered(text: Text) -> str:
    inner = {name: rendered(value) if isinstance(value, Text) else value for name, value in text.values.items()}
    return text.msgid.format(**inner)


def measured(reading: Reading) -> dict[str, object]:
    return {measurement.name: measurement.value for measurement in reading.measurements}


def missing(reading: Reading, name: str) -> str:
    found: Measurement = next(one for one in reading.measurements if one.name == name)
    assert found.value is None
    assert found.missing is not None
    return rendered(found.missing)
