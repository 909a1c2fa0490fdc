"""How emulators were found, so that they can be brought back to it."""

from collections.abc import Iterable
from copy import deepcopy
from typing import Any, Final

_KEPT_AS_IT_IS: Final = frozenset({"url", "front", "trouble", "faults", "answering", "before_write"})
"""Addresses, parts that are remembered by themselves, and what cannot be copied."""


class Memory:
    """The public state of some objects at one moment."""

    def __init__(self, things: Iterable[object]) -> None:
        self._found = [(thing, deepcopy(_state(thing))) for thing in things]

    def restore(self, only: Iterable[object] = ()) -> None:
        """Bring these objects back to what they were, or all of them."""
        wanted = {id(one) for one in only}
        for thing, state in self._found:
            if not wanted or id(thing) in wanted:
                vars(thing).update(deepcopy(state))


def _state(thing: object) -> dict[str, Any]:
    return {
        name: value for name, value in vars(thing).items() if name not in _KEPT_AS_IT_IS and not name.startswith("_")
    }
