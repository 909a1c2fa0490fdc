"""Which targets Prometheus reaches: what it cannot scrape, it cannot alert about."""

from typing import Final

from pydantic import TypeAdapter

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.http.api import Shape
from bot.providers.prometheus.server import LIMIT, Address, Envelope, reached

_SHOWN: Final = 20
_LINE_LIMIT: Final = 200


class Job(Parameters):
    """Which job to look at; none means all."""

    job: str = ""


class _Target(Shape):
    labels: dict[str, str]
    health: str
    lastError: str = ""

    @property
    def name(self) -> str:
        return mask(f"{self.labels.get('job', '—')} {self.labels.get('instance', '')}".rstrip())


class _Targets(Shape):
    activeTargets: list[_Target]


_TARGETS: Final = TypeAdapter(Envelope[_Targets])


async def _read(address: Address, wanted: Job) -> Reading:
    async with reached(address) as api:
        found = (await api.get(_TARGETS, "/api/v1/targets", [("state", "active")])).data.activeTargets
    chosen = [target for target in found if not wanted.job or target.labels.get("job") == wanted.job]
    up = [target for target in chosen if target.health == "up"]
    down = [target for target in chosen if target.health == "down"]
    return Reading(
        _summary(len(chosen), len(up), down),
        (Measurement("up", len(up)), Measurement("down", len(down)), Measurement("targets", len(chosen))),
        tuple(f"{target.name}: {mask(target.lastError)}"[:_LINE_LIMIT] for target in down[:_SHOWN]),
    )


def _summary(count: int, up: int, down: list[_Target]) -> Text:
    if not count:
        return say("Prometheus has no such target")
    if down:
        return say("{down} of {count} targets are down: {names}", down=len(down), count=count, names=_names(down))
    return say("{up} of {count} targets are up", up=up, count=count)


def _names(down: list[_Target]) -> str:
    return ", ".join(target.name for target in down[:3])


TARGETS = Read("prometheus.targets", Address, Job, LIMIT, _read)
