"""The method table against the reference data it was written from."""

import inspect
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.methods import COMMON_ERRORS, METHODS, Method
from sandbox.slack.webapi.handlers import HANDLERS

REFERENCE = Path(__file__).parents[2].parent / "shared" / "slack" / "slack-methods-we-use.json"


# Documented for some methods by name and answered by all: the list of common errors leaves them out.
BEYOND_THE_COMMON_LIST = {"internal_error", "invalid_arguments", "invalid_auth"}


@pytest.fixture(scope="module")
def data() -> dict[str, Any]:
    if not REFERENCE.exists() and os.environ.get("CI") != "true":
        pytest.skip("the reference data stands beside the repository only where it was laid out")
    told: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))
    return told


@pytest.fixture(scope="module")
def reference(data: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = data["methods"]
    return told


def test_there_are_about_sixty_methods() -> None:
    assert len(METHODS) >= 60


def test_the_errors_that_any_method_may_answer_are_common_ones(data: dict[str, Any]) -> None:
    assert set(data["_common_errors"]) | BEYOND_THE_COMMON_LIST >= COMMON_ERRORS


@pytest.mark.parametrize("name", HANDLERS)
def test_the_code_of_a_method_raises_only_errors_of_its_row(name: str) -> None:
    row = METHODS[name]
    assert {error for error in raised_by(HANDLERS[name]) if not row.may_answer(error)} == set()


def test_every_method_has_a_handler_and_every_handler_a_row() -> None:
    assert HANDLERS.keys() == METHODS.keys()


@pytest.mark.parametrize("row", METHODS.values(), ids=METHODS.keys())
def test_a_row_says_nothing_that_the_reference_does_not(row: Method, reference: dict[str, Any]) -> None:
    documented = reference[row.name]
    assert set(row.required) == set(documented["required_args"])
    assert set(row.optional) <= set(documented["optional_args"])
    assert set(row.scopes) <= set(documented["bot_scopes_any_of"])
    assert bool(row.scopes) == bool(documented["bot_scopes_any_of"])
    assert row.takes_json == documented["json_body"]
    assert documented["rate_limit"].removeprefix("Tier ").startswith(row.tier)
    assert row.errors - COMMON_ERRORS <= set(documented["method_errors"])


def raised_by(handler: Any) -> set[str]:
    """The error names written in the handler itself; what its helpers raise is checked when it is raised."""
    source = inspect.getsource(handler)
    return set(re.findall(r'SlackRefusal(?:\.with_messages)?\("([a-z_]+)"', source))
