"""The contract with the providers: what an operation is, whether it reads or changes, and how long it may take."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

from bot.core.findings import Reading
from bot.core.preview import Preview
from bot.core.text import Text


class Parameters(BaseModel):
    """The base of every operation's parameters and every target's address: frozen, nothing unknown gets in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    # The fields of an address whose variable may be unset where the bot runs: then they are empty, which is no mistake.
    may_be_unset: ClassVar[frozenset[str]] = frozenset()


Progress: TypeAlias = Callable[[Text], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Read:
    """A READ operation: never changes anything; bounded by `limit` seconds.

    `run(address, parameters)` raises TargetError when the target does not answer as it should. `reveal` gives what it
    masks, secrets excepted: lines for the restricted channel, which are shown once and kept nowhere.
    """

    name: str
    address: type[Parameters]
    parameters: type[Parameters]
    limit: float
    run: Callable[[Any, Any], Awaitable[Reading]]
    reveal: Callable[[Any, Any], Awaitable[tuple[str, ...]]] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A CHANGE operation in two steps: `preview` reads, `execute` does exactly what a preview says.

    `execute` returns when the target says that the change is complete; `limit` (seconds) bounds it.
    A lost answer raises TargetError; the caller never calls `execute` again for the same run.
    """

    name: str
    address: type[Parameters]
    parameters: type[Parameters]
    limit: float
    preview: Callable[[Any, Any], Awaitable[Preview]]
    execute: Callable[[Any, Any, Preview, Progress], Awaitable[Text]]


Operation: TypeAlias = Read | Change
Settings: TypeAlias = Mapping[str, Any]
