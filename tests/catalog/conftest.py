"""The cases of every_system run on the tables of the file that asks for them."""

from types import ModuleType

import pytest
from proving import system

from bot.catalog.system import System

pytest.register_assert_rewrite("every_system")


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> ModuleType:
    """The file that asks for a case."""
    module: ModuleType = request.module
    return module


@pytest.fixture
def found(tables: ModuleType) -> System:
    return system(tables.NAME)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.function.__module__ != "every_system":
        return
    if "row" in metafunc.fixturenames:
        metafunc.parametrize(
            "row", metafunc.module.JUDGED, ids=lambda row: f"{row.check}-{row.measurement}-{row.value}"
        )
    if "alert" in metafunc.fixturenames:
        metafunc.parametrize("alert", metafunc.module.SEVERITIES)
