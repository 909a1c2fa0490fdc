"""A person fills in a form: what they enter, block by block."""

from typing import Any

from ..inputs import elements_of, leaf_blocks, read_value
from ..refusal import ControlRefusal
from ..views import Values
from ..workspace import Workspace


def enter(blocks: list[dict[str, Any]], chosen: Values, values: dict[str, Any], workspace: Workspace) -> None:
    """Remember `{block_id: value}` or `{block_id: {action_id: value}}` in `chosen`; all of it or nothing."""
    by_id = {block["block_id"]: block for block in leaf_blocks(blocks)}
    entered: list[tuple[str, str, dict[str, Any]]] = []
    for block_id, given in values.items():
        if block_id not in by_id:
            raise ControlRefusal(f"there is no block {block_id!r}; the blocks are {', '.join(by_id)}", status=400)
        elements = {element["action_id"]: element for element in elements_of(by_id[block_id])}
        if not elements:
            raise ControlRefusal(f"the block {block_id!r} takes no value", status=400)
        by_action = given if isinstance(given, dict) and given.keys() <= elements.keys() else None
        for action_id, value in (by_action or dict.fromkeys(list(elements)[:1], given)).items():
            entered.append((block_id, action_id, read_value(elements[action_id], value, workspace)))
    for block_id, action_id, state in entered:
        chosen.setdefault(block_id, {})[action_id] = state
