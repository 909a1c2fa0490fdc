"""Who may do what, how bad is bad, and how long things may take: the decisions a team writes down beforehand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from bot.core.errors import NotAllowed, UserError
from bot.core.text import Text, Words, say


class Severity(StrEnum):
    """The internal scale of every system (requirements 6.3, X01); profiles give display names."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"

    @classmethod
    def parse(cls, word: str) -> "Severity":
        """Read `P1`, `p1` or `sev1`; raises UserError naming the scale."""
        normal = word.strip().upper().replace("SEV", "P")
        if normal not in cls.__members__:
            raise UserError("I do not know the severity “{word}”. Use P0, P1, P2 or P3.", word=word)
        return cls(normal)


class Right(StrEnum):
    """What a person may be allowed to do; a profile maps each to roles."""

    DECLARE = "declare"
    RESPOND = "respond"
    DIAGNOSE = "diagnose"
    PROPOSE = "propose"
    APPROVE = "approve"
    HANDOFF = "handoff"
    FREEZE = "freeze"
    BREACH = "breach"


RIGHT_NAMES: Mapping[Right, Text] = {
    Right.DECLARE: say("declare incidents"),
    Right.RESPOND: say("change incidents"),
    Right.DIAGNOSE: say("run diagnostics"),
    Right.PROPOSE: say("propose changes to a system"),
    Right.APPROVE: say("approve or deny this"),
    Right.HANDOFF: say("hand over the shift"),
    Right.FREEZE: say("stop or release all changes"),
    Right.BREACH: say("release a security incident"),
}

ANYONE = "anyone"


@dataclass(frozen=True, slots=True)
class Rights:
    """Roles by right; a right that is not listed belongs to nobody."""

    roles: Mapping[Right, tuple[str, ...]] = field(default_factory=dict)

    def of(self, right: Right) -> tuple[str, ...]:
        """The roles that hold this right."""
        return self.roles.get(right, ())


def require(right: Right, held: Collection[str], needed: Mapping[str, Words]) -> None:
    """Raise NotAllowed unless one of the roles held is among those needed (by key); the default is to deny."""
    if ANYONE in needed or set(held) & set(needed):
        return
    titles = list(needed.values()) or [Words("nobody", "ninguém")]
    raise NotAllowed(
        "You may not {doing}. Who may: {roles}. Nothing was changed.",
        doing=RIGHT_NAMES[right],
        roles=Words(" / ".join(title.en for title in titles), " / ".join(title.pt for title in titles)),
    )
