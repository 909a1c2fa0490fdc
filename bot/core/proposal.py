"""A proposal: the first fact of every run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.core.preview import Lines, Preview
from bot.core.text import Text


@dataclass(frozen=True, slots=True)
class Proposed:
    """Everything that the approvers see. `given` is what a person chose, `evidence` what the checks said just before.

    `undo_of` is the run that this one takes back. `by_hand` is a step that a person does and ticks off.
    `quorum` people have to agree, one of them holding a role `among` these; `typed` is what they have to type.
    `emergency` lists the severities of an open incident in which the proposer may go ahead alone. `lasts` is the number
    of seconds after which it goes back by itself; `covered_by` is the run whose approval covers this way back.
    `on_behalf_of` is who proposed what the bot proposes to take back. `waits` are seconds for which a step does.
    """

    action: str
    title: Text
    target: str
    preview: Preview
    incident: str
    approvers: tuple[str, ...]
    self_approval: bool
    expires_at: datetime
    risk: str
    undo: Text
    verify: tuple[str, ...]
    system: str = ""
    given: Mapping[str, str] = field(default_factory=dict)
    evidence: Lines = ()
    undo_of: str = ""
    by_hand: bool = False
    quorum: int = 1
    among: tuple[str, ...] = ()
    typed: str = ""
    emergency: tuple[str, ...] = ()
    environment: str = ""
    lasts: int = 0
    covered_by: str = ""
    on_behalf_of: str = ""
    waits: int = 0

    @property
    def takes_one_click(self) -> bool:
        """Whether it is a step by hand that needs nobody's approval but the word of whoever did it."""
        return self.by_hand and self.quorum == 1

    @property
    def tick_off_roles(self) -> tuple[str, ...]:
        """The roles that may tick a step by hand off: it takes one person, so where one role has to agree, that one."""
        return self.among or self.approvers
