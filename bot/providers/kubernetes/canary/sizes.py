"""How many pods make which share: counted in whole pods, so that not every share can be had."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from bot.core.errors import TargetError
from bot.providers.kubernetes.canary.ladder import percent
from bot.providers.kubernetes.canary.wanted import Canary

_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Sizes:
    """The pods of both deployments; `total` is how many do the work, fewer than are there after half a step."""

    stable: int
    canary: int
    total: int

    @property
    def present(self) -> int:
        return self.stable + self.canary

    @property
    def share(self) -> float:
        return 100 * self.canary / self.present if self.present else 0.0

    def at(self, share: int) -> Self:
        """As near to a share as whole pods come; between 0 and 100 each deployment keeps one."""
        canary = (2 * self.total * share + 100) // 200
        if 0 < share < 100:
            canary = max(1, min(self.total - 1, canary))
        return type(self)(self.total - canary, canary, self.total)

    def misses(self, share: int) -> float:
        """By how many points of percent."""
        return abs(self.at(share).share - share)

    def meanwhile(self, then: "Sizes") -> int:
        """How many there are while the one has grown and the other not yet shrunk."""
        return max(self.stable, then.stable) + max(self.canary, then.canary)

    def step_of(self, wanted: Canary) -> int | None:
        """The step that these numbers are; None between steps."""
        fitting = (step for step in (0, *wanted.steps) if self.misses(step) <= wanted.tolerance)
        return next((step for step in fitting if self == self.at(step)), None)

    def surge_to(self, then: "Sizes") -> str:
        """A note on what is there half way: `19+5=20`, which is nineteen and five pods that do the work of twenty."""
        return f"{max(self.stable, then.stable)}+{max(self.canary, then.canary)}={self.total}"


def sizes_now(stable: int, canary: int, surges: Sequence[str]) -> Sizes:
    """What is there; where a step stopped half way, its note says how many do the work."""
    totals = [note.rpartition("=")[2] for note in surges if note.startswith(f"{stable}+{canary}=")]
    return Sizes(stable, canary, min((int(total) for total in totals if total.isdigit()), default=stable + canary))


def require_size(wanted: Canary, now: Sizes) -> None:
    """Raise TargetError where whole pods miss the share, or there would be too many of them meanwhile."""
    then = now.at(wanted.share)
    if not now.total:
        raise TargetError("{stable} has no pod that could share its work.", stable=wanted.stable)
    if now.misses(wanted.share) > wanted.tolerance:
        raise TargetError(
            "With {total} pods the nearest to {share}% is {canary} of {total}, and that is {true}%: more than "
            "{tolerance} points off. Either there are {least} pods, or an Ingress or an HTTPRoute shares by weight.",
            total=now.total,
            share=wanted.share,
            canary=then.canary,
            true=percent(then.share),
            tolerance=wanted.tolerance,
            least=_least(wanted),
        )
    if (most := now.meanwhile(then)) > wanted.max_pods:
        raise TargetError(
            "Until the canary is ready there would be {most} pods, more than the {limit} that the catalog allows.",
            most=most,
            limit=wanted.max_pods,
        )


def _least(wanted: Canary) -> int:
    """The fewest pods with which every step can be had."""
    sizes = (Sizes(total, 0, total) for total in range(2, _MOST))
    fitting = (one.total for one in sizes if max(map(one.misses, wanted.steps)) <= wanted.tolerance)
    return next(fitting, _MOST)
