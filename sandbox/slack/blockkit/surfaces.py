"""What Slack checks about a message's blocks, a modal, a Home tab as a whole."""

from collections.abc import Iterator
from typing import Any

from . import limits
from .blocks import BLOCKS, IN_HOMES, IN_MESSAGES, IN_MODALS
from .parts import plain
from .repeats import repeated_ids
from .rules import Rule, by_type, flag, items, problem, shape, string

_MESSAGE = items(by_type(BLOCKS, IN_MESSAGES), least=0, most=limits.MESSAGE_BLOCKS)
_TABLES = frozenset({"table", "data_table"})

_VIEW: dict[str, Rule] = {
    "private_metadata": string(limits.PRIVATE_METADATA, shortest=0),
    "callback_id": string(limits.CALLBACK_ID, shortest=0),
    "external_id": string(limits.CALLBACK_ID, shortest=0),
}

_SURFACES: dict[str, Rule] = {
    "modal": shape(
        {
            "title": plain(limits.VIEW_TITLE),
            "blocks": items(by_type(BLOCKS, IN_MODALS), most=limits.VIEW_BLOCKS),
        },
        {
            **_VIEW,
            "submit": plain(limits.VIEW_TITLE),
            "close": plain(limits.VIEW_TITLE),
            "clear_on_close": flag,
            "notify_on_close": flag,
            "submit_disabled": flag,
        },
    ),
    "home": shape({"blocks": items(by_type(BLOCKS, IN_HOMES), most=limits.VIEW_BLOCKS)}, _VIEW),
}


def message_problems(blocks: list[Any]) -> list[str]:
    """Everything wrong with the blocks of a message; an empty list when Slack would take them."""
    problems = list(_MESSAGE(blocks, "/blocks"))
    return problems or [*repeated_ids(blocks, "/blocks"), *_too_many_of_a_kind(blocks)]


def view_problems(view: Any, kind: str) -> list[str]:
    """Everything wrong with a view of the expected kind."""
    problems = list(by_type(_SURFACES, {kind})(view, "/view"))
    return problems or [*repeated_ids(view["blocks"], "/view/blocks"), *_missing_submit(view)]


def _missing_submit(view: dict[str, Any]) -> Iterator[str]:
    has_input = any(block["type"] == "input" for block in view["blocks"])
    if view["type"] == "modal" and has_input and "submit" not in view:
        yield problem("missing required field: submit", "/view")


def _too_many_of_a_kind(blocks: list[dict[str, Any]]) -> Iterator[str]:
    kinds = [block["type"] for block in blocks]
    if sum(kind in _TABLES for kind in kinds) > limits.TABLES_PER_MESSAGE:
        yield problem(f"no more than {limits.TABLES_PER_MESSAGE} table allowed", "/blocks")
    if kinds.count("data_visualization") > limits.CHARTS_PER_MESSAGE:
        yield problem(f"no more than {limits.CHARTS_PER_MESSAGE} charts allowed", "/blocks")
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > limits.MARKDOWN_TOTAL:
        yield problem(f"must be less than {limits.MARKDOWN_TOTAL + 1} characters", "/blocks")
