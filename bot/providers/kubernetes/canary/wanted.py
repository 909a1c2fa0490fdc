"""What a step of a canary is told: the share, and from the catalog the deployments, what shares, and the steps."""

from typing import Self

from pydantic import Field, model_validator

from bot.core.operation import Parameters
from bot.providers.kubernetes.address import NAME


class Canary(Parameters):
    """Which share of the traffic, in percent, the canary shall take; 0 stops it.

    From the catalog: the two deployments, and what shares the traffic between them, exactly one of `service` (one
    Service that selects the pods of both), `ingress` (the canary's own, with nginx's annotations) and `http_route`.
    `minutes` is the least time at each of the `steps` but the last. Where pods are counted, `tolerance` says by how
    many points of percent the share may miss its step, and `max_pods` how many there may be meanwhile.
    """

    share: int = Field(ge=0, le=100)
    stable: str = Field(pattern=NAME)
    canary: str = Field(pattern=NAME)
    service: str = Field("", pattern=f"{NAME}|^$")
    ingress: str = Field("", pattern=f"{NAME}|^$")
    http_route: str = Field("", pattern=f"{NAME}|^$")
    steps: tuple[int, ...] = Field((5, 25, 50, 100), min_length=1)
    minutes: tuple[int, ...] = (120, 60, 60)
    tolerance: int = Field(2, ge=0, le=10)
    max_pods: int = Field(50, ge=1, le=1000)

    @model_validator(mode="after")
    def _is_a_canary(self) -> Self:
        if self.stable == self.canary:
            raise ValueError("one deployment has one version: stable and canary are two deployments")
        if sum(map(bool, (self.service, self.ingress, self.http_route))) != 1:
            raise ValueError("give exactly one of service, ingress and http_route")
        if list(self.steps) != sorted(set(self.steps)) or self.steps[0] < 1 or self.steps[-1] > 100:
            raise ValueError("steps are shares from 1 to 100, each higher than the one before")
        if len(self.minutes) != len(self.steps) - 1 or min(self.minutes, default=0) < 0:
            raise ValueError("minutes are the least times at the steps, one for each but the last")
        return self

    @property
    def way(self) -> dict[str, str]:
        """What shares the traffic, as it is named in the catalog."""
        given = {"service": self.service, "ingress": self.ingress, "http_route": self.http_route}
        return {kind: name for kind, name in given.items() if name}
