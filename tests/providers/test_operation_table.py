"""The table of operations: each row leads to the operation of its name."""

import pytest

from bot.core.errors import ConfigError
from bot.providers import names, operation, preload


def test_every_operation_in_the_table_exists_under_its_name() -> None:
    for name in names():
        assert operation(name).name == name


def test_an_unknown_operation_names_the_nearest_ones() -> None:
    with pytest.raises(ConfigError, match=r"redis\.memory"):
        operation("redis.memmory")


def test_an_unknown_family_names_all_there_are() -> None:
    with pytest.raises(ConfigError, match=r"http\.get.*redis\.slowlog"):
        operation("zzz")


async def test_operations_can_be_loaded_beforehand_and_are_the_same_afterwards() -> None:
    await preload(["http.get", "redis.ping"])
    assert operation("redis.ping") is operation("redis.ping")
