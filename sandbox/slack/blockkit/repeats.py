"""Ids that must not repeat: block_id in a surface, action_id in a block."""

from collections.abc import Iterator
from typing import Any

from .rules import problem


def repeated_ids(blocks: list[dict[str, Any]], pointer: str) -> Iterator[str]:
    yield from _repeated_block_ids(blocks, pointer, seen=set())


def _repeated_block_ids(blocks: list[dict[str, Any]], pointer: str, seen: set[str]) -> Iterator[str]:
    for index, block in enumerate(blocks):
        place = f"{pointer}/{index}"
        block_id = block.get("block_id")
        if block_id is not None and block_id in seen:
            yield problem(f"`block_id` {block_id} already exists", f"{place}/block_id")
        seen.add(block_id or "")
        yield from _repeated_action_ids(block, place)
        yield from _repeated_block_ids(block.get("child_blocks", []), f"{place}/child_blocks", seen)


def _repeated_action_ids(block: dict[str, Any], pointer: str) -> Iterator[str]:
    seen: set[str] = set()
    for place in ("elements", "actions"):
        for index, element in enumerate(block.get(place, [])):
            action_id = element.get("action_id")
            if action_id is not None and action_id in seen:
                yield problem(f"`action_id` {action_id} already exists in this block", f"{pointer}/{place}/{index}")
            seen.add(action_id or "")
