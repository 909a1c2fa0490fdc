"""The weight at a route of the Gateway API: one rule with two Services behind it."""

from typing import Any

from bot.core.errors import TargetError
from bot.providers.kubernetes.canary.pair import Pair, is_behind, labels_of, require_only, service_of
from bot.providers.kubernetes.canary.splits import Split
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import HTTP_ROUTES


async def route_split(cluster: Cluster, name: str, pair: Pair) -> Split:
    """The route; refused unless its only rule shares between the Services of these two deployments."""
    found = await cluster.read(HTTP_ROUTES, name)
    backends = _backends(found)
    services = [await service_of(cluster, backend["name"]) for backend in backends]
    place = next((place for place, one in enumerate(services) if is_behind(one, labels_of(pair.canary))), 0)
    require_only(services[place], pair.canary, pair.stable)
    require_only(services[1 - place], pair.stable, pair.canary)
    weights = [int(backend.get("weight", 1)) for backend in backends]

    def edits(share: int) -> list[Document]:
        path = "/spec/rules/0/backendRefs/{}/weight"
        return [
            {"op": "add", "path": path.format(place), "value": share},
            {"op": "add", "path": path.format(1 - place), "value": 100 - share},
        ]

    share = 100 * weights[place] / sum(weights) if any(weights) else 0.0
    return Split(HTTP_ROUTES, found, share, edits)


def _backends(route: Document) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = route["spec"].get("rules") or []
    backends: list[dict[str, Any]] = rules[0].get("backendRefs") or [] if len(rules) == 1 else []
    if len(backends) != 2 or any(one.get("kind", "Service") != "Service" or one.get("namespace") for one in backends):
        raise TargetError(
            "The HTTPRoute {name} is not one rule with two Services of this namespace: no weight is that of all its "
            "traffic.",
            name=route["metadata"]["name"],
        )
    return backends
