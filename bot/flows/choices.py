"""What may be chosen with an action or a check: what is missing, what is refused, and what a run says by itself."""

import re
from collections.abc import Mapping
from typing import Any

from bot.catalog.ask import Ask
from bot.catalog.entries import Action, Check
from bot.core.errors import UserError, WrongValue
from bot.core.run import Proposed


def missing(entry: Action | Check, given: Mapping[str, Any]) -> list[str]:
    """The questions that a person still has to answer; raises UserError for what nobody asked or nobody may say."""
    asks = entry.asks
    unknown = [name for name in given if name not in asks]
    if unknown:
        known = ", ".join(asks) or "—"
        raise UserError("“{name}” cannot be chosen here. You may choose: {known}.", name=unknown[0], known=known)
    for name, value in given.items():
        _refuse_odd(asks[name], name, str(value))
    return [name for name, ask in asks.items() if not ask.optional and not given.get(name)]


def _refuse_odd(ask: Ask, name: str, value: str) -> None:
    if ask.choices and value not in ask.choices:
        raise WrongValue(
            "{name} cannot be “{value}”. Choose one of {choices}.",
            field=name,
            name=name,
            value=value,
            choices=", ".join(ask.choices),
        )
    if not ask.choices and not re.fullmatch(ask.pattern, value):
        raise WrongValue(
            "“{value}” cannot be used as {name} ({title}).", field=name, value=value, name=name, title=ask.title
        )


def told_by(check: Check, proposal: Proposed) -> Check:
    """A check with what the approved run says of it, such as the release that should be there after a rollback."""
    return check.told(_answers(check, {**proposal.preview.arguments, **proposal.given}))


def about(check: Check, action: Action, given: Mapping[str, Any]) -> Check:
    """A check of what was chosen, before anything is done: what is to come of it is not expected yet."""
    answers = _answers(check, {**action.parameters, **given})
    return check.told({name: answer for name, answer in answers.items() if name not in check.compared.values()})


def _answers(check: Check, facts: Mapping[str, Any]) -> dict[str, str]:
    """What the facts of a run say to the questions of a check."""
    answers = {}
    for name, ask in check.asks.items():
        found = (re.search(pattern, str(facts.get(fact, ""))) for fact, pattern in ask.from_run.items())
        if answer := next((one[1] for one in found if one), ""):
            answers[name] = answer
    return answers
