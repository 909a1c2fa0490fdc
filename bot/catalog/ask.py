"""What a check or an action asks of a person."""

from collections.abc import Mapping

from pydantic import Field

from bot.catalog.shape import Entry, Title


class Ask(Entry):
    """A parameter that a person chooses: one of `choices`, or what the pattern lets through.

    `from_run` is for checks of a run, before and after it: the argument of the run that answers it, and the pattern
    whose group is the answer; what a measurement has to be is asked only afterwards. `verify` are the checks behind
    each choice, which verify an action besides its own. `personal` is for checks: what is about somebody is used once,
    and neither kept nor shown.
    """

    title: Title
    choices: tuple[str, ...] = Field((), max_length=100)
    pattern: str = r"^[\w .:/@%+-]{1,200}$"
    default: str = ""
    optional: bool = False
    from_run: Mapping[str, str] = Field(default_factory=dict)
    verify: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    personal: bool = False


def require_of_check(asks: Mapping[str, Ask]) -> None:
    """Raise ValueError for what a check would never apply, or would keep in a run."""
    for name, ask in asks.items():
        if ask.verify:
            raise ValueError(f"asks.{name}.verify belongs to an action")
        if ask.personal and ask.from_run:
            raise ValueError(f"asks.{name}.personal: a run that answers it keeps the answer")


def require_of_action(asks: Mapping[str, Ask]) -> None:
    """Raise ValueError for what an action would never apply, or must not be asked since a run keeps what was chosen."""
    for name, ask in asks.items():
        if ask.personal or ask.from_run:
            raise ValueError(f"asks.{name}: personal and from_run belong to a check; a run keeps what was chosen")
