"""A canary by weight, at an Ingress of nginx or a route of the Gateway API: only where the weight decides."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes_room import (
    NAME,
    Given,
    Room,
    do,
    eventually,
    execute,
    lines,
    open_room,
    overtaken,
    preview,
    refusal,
    refused,
    warnings,
)
from readings import spoken

from bot.providers.kubernetes.canary.ladder import SINCE
from bot.providers.kubernetes.workloads import digest_of
from sandbox.world.entrance import NGINX, ingress, service, takers
from sandbox.world.kubernetes.companions import autoscaler
from sandbox.world.kubernetes.images import Fate
from sandbox.world.kubernetes.resources import (
    AUTOSCALERS,
    HTTP_ROUTES,
    INGRESSES,
    SERVICES,
    Document,
    Resource,
)
from sandbox.world.seed import NAMESPACE

CANARY = "agente-api-canary"
DEPLOYMENTS: Given = {"stable": NAME, "canary": CANARY}
BY_INGRESS: Given = {**DEPLOYMENTS, "ingress": CANARY}
BY_ROUTE: Given = {**DEPLOYMENTS, "http_route": NAME}
WEIGHT = f"{NGINX}/canary-weight"


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    async with open_room() as opened:
        backends = [{"name": NAME, "port": 80, "weight": 100}, {"name": CANARY, "port": 80, "weight": 0}]
        opened.store.create(HTTP_ROUTES, route({"name": NAME, "namespace": NAMESPACE}, backends))
        yield opened


def route(metadata: Document, backends: list[Document]) -> Document:
    spec = {"parentRefs": [{"name": "edge"}], "rules": [{"backendRefs": backends}]}
    return {"apiVersion": HTTP_ROUTES.api_version, "kind": HTTP_ROUTES.kind, "metadata": metadata, "spec": spec}


def edit(room: Room, resource: Resource, name: str, change: Callable[[Document], object]) -> None:
    document = room.store.read(resource, NAMESPACE, name)
    change(document)
    room.store.replace(resource, document)


def annotate(room: Room, **notes: str) -> None:
    found = {f"{NGINX}/{name.replace('_', '-')}": value for name, value in notes.items()}
    edit(room, INGRESSES, CANARY, lambda one: one["metadata"]["annotations"].update(found))


def age(room: Room, resource: Resource, name: str, hours: float) -> None:
    """As if the last step had been made so much earlier."""

    def write(document: Document) -> None:
        share, _, digest = document["metadata"]["annotations"][SINCE].split()
        since = datetime.now(UTC) - timedelta(hours=hours)
        document["metadata"]["annotations"][SINCE] = f"{share} {since.isoformat()} {digest}"

    edit(room, resource, name, write)


def of_hundred(room: Room) -> int:
    """How many of a hundred requests the canary takes."""
    found = takers(room.store, NAMESPACE, NAME, CANARY)
    taken = [found[turn % len(found)]["metadata"]["labels"]["app"] for turn in range(100)]
    return taken.count(CANARY)


async def test_the_ladder_by_an_ingress_sends_the_canary_its_share_of_the_requests(room: Room) -> None:
    assert of_hundred(room) == 0
    for share, hours in ((5, 0.0), (25, 2.01), (50, 1.01), (100, 1.01)):
        if hours:
            age(room, INGRESSES, CANARY, hours)
        done = await do("canary", room, {**BY_INGRESS, "share": share})
        assert done == f"agente-api-canary takes {share}% of the traffic, by weight at agente-api-canary"
        assert of_hundred(room) == share
    await do("canary", room, {**BY_INGRESS, "share": 0})
    assert of_hundred(room) == 0
    assert room.writes() == [("patch", "ingresses", CANARY)] * 5


async def test_the_ladder_by_a_route_keeps_both_weights_at_a_hundred_together(room: Room) -> None:
    for share, hours in ((5, 0.0), (25, 2.01), (0, 0.0)):
        if hours:
            age(room, HTTP_ROUTES, NAME, hours)
        await do("canary", room, {**BY_ROUTE, "share": share})
        backends = room.store.read(HTTP_ROUTES, NAMESPACE, NAME)["spec"]["rules"][0]["backendRefs"]
        assert [(one["name"], one["weight"]) for one in backends] == [(NAME, 100 - share), (CANARY, share)]
    assert room.writes() == [("patch", "httproutes", NAME)] * 3


@pytest.mark.parametrize("way", [BY_INGRESS, BY_ROUTE])
async def test_a_step_by_weight_is_shown_undone_and_timed(room: Room, way: Given) -> None:
    shown = await preview("canary", room.address(), {**way, "share": 5})
    assert lines(shown) == {
        "share of the canary": ("0%", "5%"),
        "pods of agente-api-canary": ("1", "1"),
        "pods of agente-api": ("3", "3"),
    }
    told: list[str] = []
    await execute("canary", room.address(), {**way, "share": 5}, shown, told)
    assert told == ["agente-api-canary: 1 of 1 pods ready, its share becomes 5%"]
    assert "stays there for 120 min" in await refused_after(room, {**way, "share": 25})
    await do("canary", room, {**way, **shown.undo})
    assert "After 0% comes 5%" in await refused_after(room, {**way, "share": 25})


async def refused_after(room: Room, given: Given) -> str:
    return spoken(await refusal(preview("canary", room.address(), given)))


async def test_an_autoscaler_does_not_disturb_a_weight(room: Room) -> None:
    room.store.create(AUTOSCALERS, autoscaler(NAMESPACE, NAME, 3, 10))
    assert (await preview("canary", room.address(), {**BY_INGRESS, "share": 5})).undo == {"share": "0"}


async def test_who_would_take_more_than_its_pods_or_less_than_its_weight_is_warned_of(room: Room) -> None:
    assert warnings(await preview("canary", room.address(), {**BY_INGRESS, "share": 5})) == []
    annotate(room, canary_weight="25", canary_by_cookie="beta")
    edit(room, INGRESSES, CANARY, lambda one: one["metadata"]["annotations"].update({SINCE: note(room)}))
    assert warnings(await preview("canary", room.address(), {**BY_INGRESS, "share": 50})) == [
        "Requests that canary-by-cookie decides about do not follow the weight.",
        "agente-api-canary has 1 of 4 pods and would take 50% of the traffic.",
    ]


def note(room: Room) -> str:
    """That of a step to 25%, long ago."""
    return f"25% 2020-01-01T00:00:00+00:00 {digest_of(room.deployment(CANARY)['spec']['template'])}"


async def test_a_canary_without_a_ready_pod_takes_nothing(room: Room) -> None:
    room.edit(CANARY, lambda one: one["spec"].update(replicas=0))
    await eventually(lambda: room.pods(CANARY) == [])
    await eventually(lambda: not room.deployment(CANARY)["status"].get("replicas"))
    words = "agente-api-canary has no pod that is ready, so that its share would be lost: give it pods first."
    assert await refused("canary", room, {**BY_INGRESS, "share": 5}) == words
    room.cluster.images.tell("agente-api:2.5.0", Fate.BROKEN)
    room.edit(CANARY, lambda one: one["spec"].update(replicas=1))
    await eventually(lambda: bool(room.deployment(CANARY)["status"].get("replicas")))
    assert "is not ready: 0 of 1 pods" in await refused("canary", room, {**BY_INGRESS, "share": 5})


async def test_going_back_to_a_stable_version_without_pods_is_refused(room: Room) -> None:
    annotate(room, canary_weight="100")
    room.edit(NAME, lambda one: one["spec"].update(replicas=0))
    await eventually(lambda: not room.deployment()["status"].get("availableReplicas"))
    assert await refused("canary", room, {**BY_INGRESS, "share": 0}) == (
        "agente-api has no pod that is ready, so that going back would lose the traffic: give it pods first."
    )


def ingress_for(name: str, host: str, backend: str, **annotations: str) -> Document:
    metadata = {"name": name, "namespace": NAMESPACE, "annotations": annotations}
    return ingress(metadata, f"{host}.example.com", backend)


async def test_an_ingress_whose_weight_does_not_decide_is_refused(room: Room) -> None:
    given = {**BY_INGRESS, "share": 5}
    annotate(room, canary_weight="7", canary_weight_total="1000")
    assert "is no percentage: 7" in await refused("canary", room, given)
    annotate(room, canary="false")
    assert "is no canary: it lacks the annotation" in await refused("canary", room, given)
    annotate(room, canary="true", canary_weight="0", canary_weight_total="100")
    room.store.create(INGRESSES, ingress_for("rival", NAME, CANARY, **{f"{NGINX}/canary": "true"}))
    assert "rival is a canary for the same hosts" in await refused("canary", room, given)
    edit(room, INGRESSES, "rival", lambda one: one["spec"].update(ingressClassName="public"))
    assert (await preview("canary", room.address(), given)).undo == {"share": "0"}
    assert "There is no Ingress nobody" in await refused("canary", room, {**given, "ingress": "nobody"})


async def test_an_ingress_that_stands_alone_is_refused_since_nginx_ignores_it(room: Room) -> None:
    edit(room, INGRESSES, CANARY, lambda one: one["spec"]["rules"][0].update(host="beta.example.com"))
    assert await refused("canary", room, {**BY_INGRESS, "share": 5}) == (
        "No other Ingress serves beta.example.com/, so that nginx does not look at the weight of agente-api-canary."
    )


async def test_an_ingress_before_several_services_is_refused(room: Room) -> None:
    behind = {"service": {"name": "redis", "port": {"number": 6379}}}
    path = {"path": "/cache", "pathType": "Prefix", "backend": behind}
    edit(room, INGRESSES, CANARY, lambda one: one["spec"]["rules"][0]["http"]["paths"].append(path))
    words = "The Ingress agente-api-canary sends its paths to agente-api-canary, redis, and a canary is one Service."
    assert await refused("canary", room, {**BY_INGRESS, "share": 5}) == words


@pytest.mark.parametrize("way", [BY_INGRESS, BY_ROUTE])
async def test_a_service_that_does_not_keep_the_two_versions_apart_is_refused(room: Room, way: Given) -> None:
    for name in (NAME, CANARY):
        room.edit(name, lambda one: one["spec"]["template"]["metadata"]["labels"].update(site="agente"))
    given = {**way, "share": 5}
    edit(room, SERVICES, CANARY, lambda one: one["spec"].update(selector={"site": "agente"}))
    assert "The Service agente-api-canary selects the pods of agente-api too" in await refused("canary", room, given)
    edit(room, SERVICES, CANARY, lambda one: one["spec"].update(selector={"app": CANARY}))
    edit(room, SERVICES, NAME, lambda one: one["spec"].update(selector={"app": "agente-worker"}))
    assert await refused("canary", room, given) == "The Service agente-api does not select the pods of agente-api."


async def test_a_route_that_is_not_one_rule_with_two_services_is_refused(room: Room) -> None:
    given, words = {**BY_ROUTE, "share": 5}, "is not one rule with two Services of this namespace"
    edit(room, HTTP_ROUTES, NAME, lambda one: one["spec"]["rules"][0]["backendRefs"].append({"name": "redis"}))
    assert words in await refused("canary", room, given)
    edit(room, HTTP_ROUTES, NAME, lambda one: one["spec"].update(rules=[*one["spec"]["rules"], {"backendRefs": []}]))
    assert words in await refused("canary", room, given)
    elsewhere = [{"name": NAME}, {"name": CANARY, "namespace": "default"}]
    edit(room, HTTP_ROUTES, NAME, lambda one: one["spec"].update(rules=[{"backendRefs": elsewhere}]))
    assert words in await refused("canary", room, given)


async def test_weights_that_are_left_out_are_half_and_half_which_is_a_step_of_nobody(room: Room) -> None:
    backends = [{"name": CANARY}, {"name": NAME}]
    edit(room, HTTP_ROUTES, NAME, lambda one: one["spec"].update(rules=[{"backendRefs": backends}]))
    assert "Nobody wrote down since when agente-api-canary takes 50%" in await refused(
        "canary", room, {**BY_ROUTE, "share": 100}
    )
    await do("canary", room, {**BY_ROUTE, "share": 0})
    found = room.store.read(HTTP_ROUTES, NAMESPACE, NAME)["spec"]["rules"][0]["backendRefs"]
    assert [(one["name"], one["weight"]) for one in found] == [(CANARY, 0), (NAME, 100)]


@pytest.mark.parametrize(("way", "resource", "name"), [(BY_INGRESS, INGRESSES, CANARY), (BY_ROUTE, HTTP_ROUTES, NAME)])
async def test_a_weight_that_somebody_changes_in_the_very_moment_is_not_overwritten(
    room: Room, way: Given, resource: Resource, name: str
) -> None:
    def somebody_else() -> None:
        edit(room, resource, name, lambda one: one["metadata"].setdefault("labels", {}).update(touched="yes"))

    async with overtaken(room, somebody_else) as address:
        shown = await preview("canary", address, {**way, "share": 5})
        error = await refusal(execute("canary", address, {**way, "share": 5}, shown))
    assert spoken(error) == f"The {resource.kind} {name} was changed meanwhile; nothing was done."
    assert room.writes() == []


async def test_a_lost_answer_about_a_weight_is_found_out_by_looking(room: Room) -> None:
    room.cluster.faults.lose_answers = 1
    await do("canary", room, {**BY_ROUTE, "share": 5})
    assert room.writes() == [("patch", "httproutes", NAME)]


async def test_a_service_without_a_selector_is_refused(room: Room) -> None:
    room.store.create(SERVICES, service({"name": "front", "namespace": NAMESPACE}, {}))
    backends = [{"name": NAME}, {"name": "front"}]
    edit(room, HTTP_ROUTES, NAME, lambda one: one["spec"].update(rules=[{"backendRefs": backends}]))
    assert "The Service front has no selector" in await refused("canary", room, {**BY_ROUTE, "share": 5})
