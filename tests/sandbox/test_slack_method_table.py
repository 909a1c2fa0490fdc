"""The method table against the reference data it was written from."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from sandbox.slack.methods import COMMON_ERRORS, METHODS, Method
from sandbox.slack.webapi.handlers import HANDLERS

REFERENCE = Path(__file__).parents[2].parent / "shared" / "slack" / "slack-methods-we-use.json"


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    if not REFERENCE.exists() and os.environ.get("CI") != "true":
        pytest.skip("the reference data stands beside the repository only where it was laid out")
    told: dict[str, Any] = json.loads(REFERENCE.read_text(encoding="utf-8"))["methods"]
    return told


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
    assert row.tier in documented["rate_limit"]
    assert row.errors - COMMON_ERRORS <= set(documented["method_errors"])
