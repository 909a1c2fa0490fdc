"""One step of a canary: the next share up, when it is time, or the way back at any moment."""

from collections.abc import Iterator
from typing import Final, Protocol

from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.kubernetes.address import Address
from bot.providers.kubernetes.approved import as_approved
from bot.providers.kubernetes.canary.ladder import Standing, is_way_back, require_turn
from bot.providers.kubernetes.canary.pods import by_pods
from bot.providers.kubernetes.canary.wanted import Canary
from bot.providers.kubernetes.canary.weights import by_weight
from bot.providers.kubernetes.cluster import Cluster, opened
from bot.providers.kubernetes.refusals import Changed

_LIMIT: Final = 600.0


class Way(Protocol):
    """How a share is given: what is there, whether it can be had, and the change itself."""

    @property
    def standing(self) -> Standing: ...

    def require_possible(self) -> None: ...

    async def try_out(self, cluster: Cluster) -> None: ...

    def lines(self) -> Iterator[Line]: ...

    def state(self) -> dict[str, str]: ...

    def warnings(self) -> Iterator[Text]: ...

    async def move(self, cluster: Cluster, progress: Progress) -> Text: ...


async def _way(cluster: Cluster, wanted: Canary) -> Way:
    return await (by_pods(cluster, wanted) if wanted.service else by_weight(cluster, wanted))


async def _preview(address: Address, wanted: Canary) -> Preview:
    async with opened(address) as cluster:
        way = await _way(cluster, wanted)
        require_turn(wanted, way.standing)
        way.require_possible()
        await way.try_out(cluster)
    undo = _undo(wanted, way.standing)
    told = [] if undo else [say("Nothing takes this back at once: up again it goes step by step.")]
    return Preview(
        lines=tuple(way.lines()),
        state={**way.state(), "since": str(way.standing.note or "-")},
        arguments={"share": str(wanted.share), "stable": wanted.stable, "canary": wanted.canary, **wanted.way},
        warnings=(*way.warnings(), *told),
        undo=undo,
    )


def _undo(wanted: Canary, standing: Standing) -> dict[str, str]:
    """The step before, where this one goes up: what went down comes up again only with its gates and its time."""
    is_up = not is_way_back(wanted, standing)
    return {"share": str(standing.step)} if is_up and standing.step is not None else {}


async def _execute(address: Address, wanted: Canary, preview: Preview, progress: Progress) -> Text:
    wanted = as_approved(wanted, preview)
    async with opened(address) as cluster:
        way = await _way(cluster, wanted)
        if {**way.state(), "since": str(way.standing.note or "-")} != dict(preview.state):
            raise Changed("{name} no longer looks as it was shown; nothing was done.", name=wanted.canary)
        require_turn(wanted, way.standing)
        way.require_possible()
        return await way.move(cluster, progress)


CANARY: Final = Change("kubernetes.canary", Address, Canary, _LIMIT, _preview, _execute)
