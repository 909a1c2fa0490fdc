"""Who may approve an action, and what no action's rule may say."""

from datetime import timedelta

from pydantic import Field

from bot.catalog.shape import Duration, Entry
from bot.core.policy import Severity


class ApprovalRule(Entry):
    """Who may approve an action, and for how long a proposal stands.

    `quorum` people, one of them holding a role `among` these; both stricter than the risk wants, never looser.
    `emergency` lists severities of an open incident in which the proposer may go ahead alone, loudly, outside of the
    system's hours.
    """

    roles: tuple[str, ...] = Field(min_length=1)
    self_approval: bool | None = None
    quorum: int | None = Field(None, ge=1, le=5)
    among: tuple[str, ...] = ()
    emergency: tuple[Severity, ...] = ()
    expires: Duration = timedelta(minutes=15)

    def quorum_at(self, risk: str) -> int:
        """How many people have to agree: two at least to what destroys."""
        return max(self.quorum or 1, _quorum_of(risk))

    def refuse_looser(self, risk: str) -> None:
        """Raise ValueError where it is looser than the risk wants."""
        if self.self_approval and risk != "low":
            raise ValueError(f"approve.self_approval: risk {risk} needs a second person")
        if self.emergency and risk == "destructive":
            raise ValueError("approve.emergency: what destroys always needs two people")
        if self.quorum and self.quorum < _quorum_of(risk):
            raise ValueError(f"approve.quorum: risk {risk} needs {_quorum_of(risk)} people")

    def refuse_unheard(self, risk: str, *, is_wait: bool) -> None:
        """Raise ValueError where it says of a step by hand what would never be applied."""
        if self.emergency:
            raise ValueError("approve.emergency: a step by hand knows none")
        if self.self_approval is not None and self.quorum_at(risk) == 1:
            raise ValueError("approve.self_approval: one person ticks this off, and nobody approves it before")
        if is_wait and self.quorum_at(risk) > 1:
            raise ValueError("wait: what only waits takes one person")


def _quorum_of(risk: str) -> int:
    return 2 if risk == "destructive" else 1
