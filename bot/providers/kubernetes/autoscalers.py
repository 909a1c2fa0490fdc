"""What the autoscaler of a deployment says: which it is, its bounds, its metric."""

from dataclasses import dataclass
from typing import Any

from bot.core.errors import TargetError
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import AUTOSCALERS


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """One HorizontalPodAutoscaler; percentages are of what the pods request."""

    document: Document

    @property
    def name(self) -> str:
        return str(self.document["metadata"]["name"])

    @property
    def least(self) -> int:
        return int(self.document["spec"].get("minReplicas", 1))

    @property
    def most(self) -> int:
        return int(self.document["spec"]["maxReplicas"])

    @property
    def current(self) -> int:
        return int((self.document.get("status") or {}).get("currentReplicas", 0))

    @property
    def desired(self) -> int:
        return int((self.document.get("status") or {}).get("desiredReplicas", 0))

    @property
    def cpu_target(self) -> int | None:
        place = self.cpu_place
        if place is None:
            return None
        figure = self.document["spec"]["metrics"][place]["resource"]["target"].get("averageUtilization")
        return None if figure is None else int(figure)

    @property
    def cpu_place(self) -> int | None:
        """Where the processor's share stands among the metrics."""
        metrics = self.document["spec"].get("metrics") or []
        return next((place for place, one in enumerate(metrics) if _is_cpu(one)), None)

    @property
    def cpu_now(self) -> int | None:
        metrics = (self.document.get("status") or {}).get("currentMetrics") or []
        shares = [one["resource"]["current"].get("averageUtilization") for one in metrics if one and _is_cpu(one)]
        return int(shares[0]) if shares and shares[0] is not None else None


def _is_cpu(metric: dict[str, Any]) -> bool:
    return metric.get("type") == "Resource" and (metric.get("resource") or {}).get("name") == "cpu"


async def autoscaler_of(cluster: Cluster, deployment: str) -> Autoscaler | None:
    """The one that owns the number of this deployment's pods; two of them is a fault that a person must mend."""
    found = [one for one in await cluster.all_of(AUTOSCALERS) if _scales(one, deployment)]
    if len(found) > 1:
        names = ", ".join(one["metadata"]["name"] for one in found)
        raise TargetError("{deployment} has several autoscalers: {names}.", deployment=deployment, names=names)
    return Autoscaler(found[0]) if found else None


def _scales(document: Document, deployment: str) -> bool:
    target = document["spec"]["scaleTargetRef"]
    return bool(target.get("kind") == "Deployment" and target.get("name") == deployment)
