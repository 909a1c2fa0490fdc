"""Modals in their stacks, and Home tabs."""

from dataclasses import dataclass, field
from typing import Any

from .refusal import SlackRefusal

STACK_DEPTH = 3
Values = dict[str, dict[str, dict[str, Any]]]


@dataclass
class View:
    """One modal or Home tab as a user has it on the screen."""

    id: str
    user: str
    content: dict[str, Any]
    hash: str
    root_view_id: str
    app_id: str
    previous_view_id: str | None = None
    chosen: Values = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[dict[str, Any]]:
        blocks: list[dict[str, Any]] = self.content["blocks"]
        return blocks

    @property
    def external_id(self) -> str:
        return str(self.content.get("external_id") or "")

    @property
    def is_modal(self) -> bool:
        return bool(self.content["type"] == "modal")

    @property
    def wants_close_notice(self) -> bool:
        return bool(self.content.get("notify_on_close"))


class Views:
    """Every view that is open, by id, by external id, by the person who sees it."""

    def __init__(self) -> None:
        self._by_id: dict[str, View] = {}
        self._by_external_id: dict[str, str] = {}
        self._stacks: dict[str, list[View]] = {}
        self.homes: dict[tuple[str, str], View] = {}

    def stack(self, user: str) -> list[View]:
        """The user's modals, the visible one last."""
        return self._stacks.get(user, [])

    def stacks(self) -> dict[str, list[View]]:
        return {user: stack for user, stack in self._stacks.items() if stack}

    def find(self, view_id: str = "", external_id: str = "") -> View | None:
        return self._by_id.get(view_id or self._by_external_id.get(external_id, ""))

    def claim_external_id(self, external_id: str, owner: str) -> None:
        """Refuse an external id that another view holds."""
        holder = self._by_external_id.get(external_id) if external_id else None
        if holder not in (None, owner):
            raise SlackRefusal("duplicate_external_id")

    def open(self, view: View) -> None:
        """Show a modal as the root of a new stack; what the user had open goes."""
        self.close_all(view.user)
        self._stacks[view.user] = [view]
        self._index(view)

    def push(self, view: View) -> None:
        stack = self._stacks[view.user]
        if len(stack) >= STACK_DEPTH:
            raise SlackRefusal("push_limit_reached")
        stack.append(view)
        self._index(view)

    def show_home(self, view: View) -> None:
        old = self.homes.get((view.app_id, view.user))
        if old is not None:
            self._forget(old)
        self.homes[view.app_id, view.user] = view
        self._index(view)

    def replace(self, view: View, content: dict[str, Any], new_hash: str) -> None:
        """New content under the same id; what was typed stays where block_id and action_id stayed."""
        self._by_external_id.pop(view.external_id, None)
        view.content, view.hash, view.errors = content, new_hash, {}
        self._index(view)

    def close_top(self, user: str) -> View:
        view = self._stacks[user].pop()
        self._forget(view)
        return view

    def close_all(self, user: str) -> list[View]:
        """Close the whole stack, the visible view first."""
        closed = self._stacks.pop(user, [])[::-1]
        for view in closed:
            self._forget(view)
        return closed

    def _index(self, view: View) -> None:
        self._by_id[view.id] = view
        if view.external_id:
            self._by_external_id[view.external_id] = view.id

    def _forget(self, view: View) -> None:
        self._by_id.pop(view.id, None)
        self._by_external_id.pop(view.external_id, None)
