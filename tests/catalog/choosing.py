"""What the proofs of a catalog's actions share: who lets them through, and what a person may choose."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from pydantic import ValidationError

from bot.catalog.entries import Action
from bot.catalog.system import System
from bot.core.errors import WrongValue
from bot.core.operation import Change
from bot.flows.choices import missing
from bot.providers import operation

Samples = Mapping[tuple[str, str], str]
"""A value for each question that is answered by a pattern, by action and name."""


def rule_of(action: Action) -> str:
    """Risk, roles and what is stricter than the risk wants, in one line: `high approver`."""
    if action.refused is not None:
        return f"refused, {action.instead}" if action.instead else "refused"
    if action.approve is None:
        raise AssertionError(f"nobody may approve {action.name}")
    rule = action.approve
    quorum = action.quorum
    return " ".join(
        [
            action.risk,
            "/".join(rule.roles),
            *([f"one {'/'.join(rule.among)}"] if rule.among else []),
            *([f"{quorum} people"] if quorum > 1 else []),
            *(["breach"] if action.breach_ok else []),
            *([f"alone in {'/'.join(rule.emergency)}"] if rule.emergency else []),
            *(["by hand"] if action.by_hand is not None else []),
        ]
    )


def rules(found: System) -> dict[str, str]:
    """The rule of every action of the folder."""
    return {name: rule_of(action) for name, action in found.actions.items()}


def refused_choices(found: System, samples: Samples) -> list[str]:
    """What the operations would refuse of what the catalog lets people choose; every choice is tried."""
    return [
        f"{action.name} {given}: {complaint}"
        for action in found.actions.values()
        if action.operation
        for given in _givens(action, samples)
        if (complaint := _complaint(action, given))
    ]


def _givens(action: Action, samples: Samples) -> Iterator[dict[str, str]]:
    """Every combination of choices, and samples of what is typed; what is optional is left out once."""
    answers = [
        [*(ask.choices or (samples[action.name, name],)), *([""] if ask.optional else [])]
        for name, ask in action.asks.items()
    ]
    for chosen in product(*answers):
        yield {name: value for name, value in zip(action.asks, chosen, strict=True) if value}


def _complaint(action: Action, given: Mapping[str, Any]) -> str:
    found = operation(action.operation)
    if not isinstance(found, Change):
        return "only reads"
    try:
        found.parameters.model_validate({**action.parameters, **given})
    except ValidationError as error:
        return error.errors()[0]["msg"]
    return ""


def let_through(found: System, action: str, ask: str, value: str) -> bool:
    """Whether the bot takes this when a person types or chooses it."""
    try:
        missing(found.actions[action], {ask: value})
    except WrongValue:
        return False
    return True
