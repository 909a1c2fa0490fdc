"""The weight at an Ingress of nginx: the canary has an Ingress of its own, for the same hosts and paths."""

from collections.abc import Iterator
from typing import Final

from bot.core.errors import TargetError
from bot.core.text import Text, say
from bot.providers.kubernetes.annotating import annotating
from bot.providers.kubernetes.canary.pair import Pair, require_only, service_of
from bot.providers.kubernetes.canary.splits import Split
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import INGRESSES
from bot.providers.kubernetes.workloads import annotations_of

_NGINX: Final = "nginx.ingress.kubernetes.io/"
_CANARY: Final = f"{_NGINX}canary"
_WEIGHT: Final = f"{_NGINX}canary-weight"
_TOTAL: Final = f"{_NGINX}canary-weight-total"
_CLASS: Final = "kubernetes.io/ingress.class"
_FIRST: Final = ("canary-by-header", "canary-by-cookie")
Places = dict[tuple[str, str], str]


async def ingress_split(cluster: Cluster, name: str, pair: Pair) -> Split:
    """The canary's Ingress; refused unless nginx would share by its weight, between these two deployments."""
    found = await cluster.read(INGRESSES, name)
    notes = annotations_of(found)
    _require_weight(name, notes)
    places = _places(found)
    others = [one for one in await cluster.all_of(INGRESSES) if _shares(one, found, places)]
    stable = [one for one in others if not _is_canary(one)]
    if rival := next((one for one in others if _is_canary(one)), None):
        raise TargetError(
            "{other} is a canary for the same hosts and paths as {name}: nginx takes only one.",
            other=rival["metadata"]["name"],
            name=name,
        )
    require_only(await service_of(cluster, _backend(found, places)), pair.canary, pair.stable)
    beside = {place: service for one in stable for place, service in _places(one).items() if place in places}
    if missing := [host + path for host, path in places if (host, path) not in beside]:
        raise TargetError(
            "No other Ingress serves {place}, so that nginx does not look at the weight of {name}.",
            place=missing[0],
            name=name,
        )
    require_only(await service_of(cluster, _backend(stable[0], beside)), pair.stable, pair.canary)
    return Split(
        INGRESSES,
        found,
        int(notes.get(_WEIGHT, "0")),
        lambda share: annotating(found, {_WEIGHT: str(share)}),
        tuple(_cautions(notes)),
    )


def _require_weight(name: str, notes: dict[str, str]) -> None:
    if notes.get(_CANARY) != "true":
        raise TargetError(
            'The Ingress {name} is no canary: it lacks the annotation {annotation}: "true".',
            name=name,
            annotation=_CANARY,
        )
    weight = notes.get(_WEIGHT, "0")
    if not weight.isdecimal() or int(weight) > 100 or notes.get(_TOTAL, "100") != "100":
        raise TargetError("The weight at the Ingress {name} is no percentage: {weight}.", name=name, weight=weight)


def _places(ingress: Document) -> Places:
    """What it serves, host and path, and by which Service."""
    places = {}
    for rule in ingress["spec"].get("rules") or []:
        for path in (rule.get("http") or {}).get("paths") or []:
            service = (path["backend"].get("service") or {}).get("name", "")
            places[rule.get("host", ""), path.get("path", "/")] = service
    return places


def _backend(ingress: Document, places: Places) -> str:
    """The one Service that all of its places go to."""
    services = sorted(set(places.values()))
    if len(services) != 1 or not services[0]:
        raise TargetError(
            "The Ingress {name} sends its paths to {services}, and a canary is one Service.",
            name=ingress["metadata"]["name"],
            services=", ".join(services) or "-",
        )
    return services[0]


def _shares(one: Document, canary: Document, places: Places) -> bool:
    """Whether another Ingress of the same class serves one of these hosts and paths."""
    is_other = one["metadata"]["name"] != canary["metadata"]["name"]
    return is_other and _class(one) == _class(canary) and bool(_places(one).keys() & places.keys())


def _class(ingress: Document) -> str:
    return str(ingress["spec"].get("ingressClassName") or annotations_of(ingress).get(_CLASS, ""))


def _is_canary(ingress: Document) -> bool:
    return annotations_of(ingress).get(_CANARY) == "true"


def _cautions(notes: dict[str, str]) -> Iterator[Text]:
    for rule in _FIRST:
        if f"{_NGINX}{rule}" in notes:
            yield say("Requests that {rule} decides about do not follow the weight.", rule=rule)
