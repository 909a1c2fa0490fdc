"""The emulated control plane, asked by the official client and by plain HTTP as an operator's tools would ask it."""

import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import httpx
import pytest
from kubernetes.aio import client

from bot.store.embedded import find_binary
from sandbox.world import World, open_world

DEPLOYMENTS = "/apis/apps/v1/namespaces/production/deployments"
PODS = "/api/v1/namespaces/production/pods"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with open_world(redis_binary=find_binary(), pace=0.02) as opened:
        yield opened


@pytest.fixture
async def api(world: World) -> AsyncIterator[Any]:
    async with kubernetes_client(world, world.kubernetes_token) as opened:
        yield opened


@pytest.fixture
async def http(world: World) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {world.kubernetes_token}"}
    async with httpx.AsyncClient(base_url=world.kubernetes_url, headers=headers, trust_env=False) as opened:
        yield opened


def kubernetes_client(world: World, token: str) -> Any:
    configuration = client.Configuration(host=world.kubernetes_url)
    configuration.api_key = {"authorization": f"Bearer {token}"}
    return client.ApiClient(configuration)


def set_image(image: str) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": [{"name": "agente-api", "image": image}]}}}}


async def patch(
    http: httpx.AsyncClient, body: Any, kind: str = "strategic-merge-patch", **query: str
) -> httpx.Response:
    headers = {"Content-Type": f"application/{kind}+json"}
    return await http.patch(f"{DEPLOYMENTS}/agente-api", content=json.dumps(body), headers=headers, params=query)


async def test_the_seeded_deployment_is_ready_with_three_revisions_that_name_author_and_version(api: Any) -> None:
    apps = client.AppsV1Api(api)
    found = await apps.list_namespaced_deployment("production", label_selector="app=agente-api")
    (deployment,) = found.items
    assert (deployment.status.ready_replicas, deployment.spec.replicas) == (3, 3)
    assert deployment.status.observed_generation == deployment.metadata.generation
    sets = await apps.list_namespaced_replica_set("production", label_selector="app=agente-api")
    history = {
        one.metadata.annotations["deployment.kubernetes.io/revision"]: (
            one.spec.template.spec.containers[0].image,
            one.metadata.annotations["kubernetes.io/change-cause"],
        )
        for one in sets.items
    }
    assert {revision: image for revision, (image, _) in history.items()} == {
        "1": "agente-api:2.3.0",
        "2": "agente-api:2.3.1",
        "3": "agente-api:2.4.0",
    }
    assert history["2"][1] == "hotfix 2.3.1 by bruno.lima (pipeline 1815)"
    assert len({one.metadata.creation_timestamp for one in sets.items}) == 3


async def test_a_request_without_a_token_is_unauthorized(world: World) -> None:
    async with httpx.AsyncClient(base_url=world.kubernetes_url, trust_env=False) as stranger:
        for headers in ({}, {"Authorization": "Bearer guessed"}):
            answer = await stranger.get(DEPLOYMENTS, headers=headers)
            assert (answer.status_code, answer.json()["reason"]) == (401, "Unauthorized")


async def test_the_readonly_account_reads_but_its_patch_is_forbidden_with_the_reason(world: World) -> None:
    async with kubernetes_client(world, world.kubernetes_readonly_token) as readonly:
        apps = client.AppsV1Api(readonly)
        assert (await apps.read_namespaced_deployment("agente-api", "production")).status.ready_replicas == 3
        with pytest.raises(client.ApiException) as refused:
            await apps.patch_namespaced_deployment("agente-api", "production", set_image("agente-api:2.3.1"))
    status = json.loads(refused.value.body)
    assert (status["code"], status["reason"]) == (403, "Forbidden")
    assert 'User "system:serviceaccount:production:plantao-reader" cannot patch' in status["message"]
    assert world.state()["deployments"]["agente-api"]["image"] == "agente-api:2.4.0"


@pytest.mark.parametrize(
    "path", ["/api/v1/namespaces/default/events", "/apis/apps/v1/deployments", "/api/v1/namespaces"]
)
async def test_the_accounts_are_bound_to_their_namespace(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert (answer.status_code, answer.json()["reason"]) == (403, "Forbidden")


async def test_what_is_bound_in_all_of_the_cluster_shows_nodes_and_the_pods_of_every_namespace(
    world: World, http: httpx.AsyncClient
) -> None:
    nodes = (await http.get("/api/v1/nodes")).json()["items"]
    assert {node["metadata"]["name"]: node["status"]["allocatable"]["cpu"] for node in nodes} == {
        "node-a": "16",
        "node-b": "16",
        "node-c": "16",
    }
    await world.control({"kubernetes": {"nodes": 50}})
    pods = (await http.get("/api/v1/pods")).json()["items"]
    assert {pod["metadata"]["namespace"] for pod in pods} == {"default", "production"}
    asked = [
        pod["spec"]["containers"][0]["resources"]["requests"] for pod in pods if pod["metadata"]["name"][:5] == "batch"
    ]
    assert asked == [{"cpu": "8000m", "memory": "32768Mi"}] * 3
    await world.control({"kubernetes": "normal"})
    assert len((await http.get("/api/v1/pods")).json()["items"]) == len(pods) - 3


async def test_an_absent_object_is_a_status_and_an_absent_api_is_plain_text(http: httpx.AsyncClient) -> None:
    absent = await http.get(f"{DEPLOYMENTS}/nobody")
    assert absent.status_code == 404
    assert absent.json()["message"] == 'deployments.apps "nobody" not found'
    assert absent.json()["details"] == {"name": "nobody", "group": "apps", "kind": "deployments"}
    unknown = await http.get("/apis/example.org/v1/things")
    assert (unknown.status_code, unknown.text) == (404, "404 page not found\n")


async def test_a_method_that_is_not_served_is_refused_in_words(http: httpx.AsyncClient) -> None:
    answer = await http.delete(f"{DEPLOYMENTS}/agente-api")
    assert (answer.status_code, answer.json()["reason"]) == (405, "MethodNotAllowed")


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=agente-api", 3),
        ("app==agente-worker", 1),
        ("app!=agente-api", 4),
        ("app in (agente-api, agente-worker)", 4),
        ("app notin (agente-api,redis),pod-template-hash", 2),
        ("!app", 0),
        ("app=nobody", 0),
    ],
)
async def test_label_selectors_select(http: httpx.AsyncClient, selector: str, expected: int) -> None:
    answer = await http.get(PODS, params={"labelSelector": selector})
    assert len(answer.json()["items"]) == expected


async def test_selectors_that_cannot_be_understood_are_bad_requests(http: httpx.AsyncClient) -> None:
    for query in ({"labelSelector": "app=(x"}, {"fieldSelector": "spec.secret=1"}, {"fieldSelector": "???"}):
        answer = await http.get(PODS, params=query)
        assert (answer.status_code, answer.json()["reason"]) == (400, "BadRequest")


async def test_field_selectors_select_pods_by_name_and_phase(http: httpx.AsyncClient) -> None:
    name = (await http.get(PODS)).json()["items"][0]["metadata"]["name"]
    by_name = await http.get(PODS, params={"fieldSelector": f"metadata.name={name}"})
    assert [pod["metadata"]["name"] for pod in by_name.json()["items"]] == [name]
    assert (await http.get(PODS, params={"fieldSelector": "status.phase!=Running"})).json()["items"] == []


async def test_a_list_comes_in_pages_when_a_limit_is_given(http: httpx.AsyncClient) -> None:
    first = (await http.get(PODS, params={"limit": 4})).json()
    assert (len(first["items"]), first["metadata"]["remainingItemCount"]) == (4, 3)
    rest = (await http.get(PODS, params={"limit": 4, "continue": first["metadata"]["continue"]})).json()
    assert len(rest["items"]) == 3
    assert "continue" not in rest["metadata"]


async def test_a_strategic_merge_keeps_containers_and_variables_by_name(http: httpx.AsyncClient) -> None:
    variable = {"name": "agente-api", "env": [{"name": "CACHE_TTL", "value": "60"}, {"name": "NEW", "value": "1"}]}
    answer = await patch(http, {"spec": {"template": {"spec": {"containers": [variable]}}}})
    (container,) = answer.json()["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "agente-api:2.4.0"
    values = {one["name"]: one["value"] for one in container["env"]}
    assert values == {"ENVIRONMENT": "production", "DB_POOL_SIZE": "20", "CACHE_TTL": "60", "NEW": "1"}


async def test_a_strategic_merge_deletes_a_variable_when_told_to(http: httpx.AsyncClient) -> None:
    removal = {"name": "agente-api", "env": [{"name": "CACHE_TTL", "$patch": "delete"}]}
    answer = await patch(http, {"spec": {"template": {"spec": {"containers": [removal]}}}})
    names = [one["name"] for one in answer.json()["spec"]["template"]["spec"]["containers"][0]["env"]]
    assert names == ["ENVIRONMENT", "DB_POOL_SIZE"]


async def test_a_plain_merge_replaces_lists_whole(http: httpx.AsyncClient) -> None:
    answer = await patch(http, set_image("agente-api:2.3.1"), kind="merge-patch")
    assert answer.json()["spec"]["template"]["spec"]["containers"] == [
        {"name": "agente-api", "image": "agente-api:2.3.1"}
    ]


async def test_a_json_patch_is_applied_only_if_its_test_holds(http: httpx.AsyncClient) -> None:
    path = "/spec/template/spec/containers/0/image"
    replace = {"op": "replace", "path": path, "value": "agente-api:2.3.1"}
    refused = await patch(http, [{"op": "test", "path": path, "value": "agente-api:9"}, replace], kind="json-patch")
    assert (refused.status_code, refused.json()["reason"]) == (422, "Invalid")
    done = await patch(http, [{"op": "test", "path": path, "value": "agente-api:2.4.0"}, replace], kind="json-patch")
    assert done.json()["spec"]["template"]["spec"]["containers"][0]["image"] == "agente-api:2.3.1"


async def test_an_unknown_patch_format_is_refused(http: httpx.AsyncClient) -> None:
    answer = await patch(http, {}, kind="invented")
    assert (answer.status_code, answer.json()["reason"]) == (415, "UnsupportedMediaType")


async def test_a_dry_run_answers_the_result_and_stores_nothing(world: World, api: Any) -> None:
    apps = client.AppsV1Api(api)
    before = await apps.read_namespaced_deployment("agente-api", "production")
    wanted = set_image("agente-api:2.3.1")
    answer = await apps.patch_namespaced_deployment("agente-api", "production", wanted, dry_run="All")
    assert answer.spec.template.spec.containers[0].image == "agente-api:2.3.1"
    assert answer.metadata.generation == before.metadata.generation + 1
    after = await apps.read_namespaced_deployment("agente-api", "production")
    assert after.to_dict() == before.to_dict()
    assert world.state()["deployments"]["agente-api"]["patches"] == 0


async def test_a_stale_resource_version_is_a_conflict_for_a_replacement_and_for_a_patch(
    http: httpx.AsyncClient,
) -> None:
    stale = (await http.get(f"{DEPLOYMENTS}/agente-api")).json()
    await patch(http, {"metadata": {"annotations": {"note": "changed meanwhile"}}})
    replaced = await http.put(f"{DEPLOYMENTS}/agente-api", json=stale)
    patched = await patch(http, {"metadata": {"resourceVersion": stale["metadata"]["resourceVersion"]}})
    for answer in (replaced, patched):
        assert (answer.status_code, answer.json()["reason"]) == (409, "Conflict")
    current = (await http.get(f"{DEPLOYMENTS}/agente-api")).json()
    assert (await http.put(f"{DEPLOYMENTS}/agente-api", json=current)).status_code == 200


async def test_a_change_of_labels_alone_is_no_new_generation(http: httpx.AsyncClient) -> None:
    before = (await http.get(f"{DEPLOYMENTS}/agente-api")).json()["metadata"]
    after = (await patch(http, {"metadata": {"labels": {"team": "ia"}}})).json()["metadata"]
    assert after["generation"] == before["generation"]
    assert int(after["resourceVersion"]) > int(before["resourceVersion"])


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"spec": {"replicas": -1}}, "spec.replicas"),
        ({"spec": {"selector": {"matchLabels": {"app": "other"}}}}, "spec.selector"),
        ({"spec": {"template": {"metadata": {"labels": {"app": "other"}}}}}, "spec.template.metadata.labels"),
        (set_image(""), "spec.template.spec.containers[0].image"),
        ({"spec": {"template": {"spec": {"containers": [{"name": "side"}]}}}}, "containers[1].image"),
    ],
)
async def test_a_change_that_makes_no_sense_is_invalid_and_names_the_field(
    world: World, http: httpx.AsyncClient, change: dict[str, Any], field: str
) -> None:
    answer = await patch(http, change)
    assert (answer.status_code, answer.json()["reason"]) == (422, "Invalid")
    assert field in answer.json()["message"]
    assert world.state()["deployments"]["agente-api"]["patches"] == 0


async def test_the_scale_subresource_reads_and_writes_the_number_of_replicas(world: World, api: Any) -> None:
    apps = client.AppsV1Api(api)
    scale = await apps.read_namespaced_deployment_scale("agente-api", "production")
    assert (scale.spec.replicas, scale.status.selector) == (3, "app=agente-api")
    await apps.patch_namespaced_deployment_scale("agente-api", "production", {"spec": {"replicas": 5}})
    deployment = await apps.read_namespaced_deployment("agente-api", "production")
    assert deployment.spec.replicas == 5
    with pytest.raises(client.ApiException) as refused:
        await apps.replace_namespaced_deployment_scale("agente-api", "production", scale)
    assert refused.value.status == 409
    assert world.state()["deployments"]["agente-api"]["patches"] == 1


async def test_a_watch_tells_what_is_there_and_ends_after_the_time_it_was_given(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", DEPLOYMENTS, params={"watch": "true", "timeoutSeconds": "0"}) as answer:
        told = [json.loads(line) async for line in answer.aiter_lines()]
    assert [(one["type"], one["object"]["metadata"]["name"]) for one in told] == [
        ("ADDED", "agente-api"),
        ("ADDED", "agente-api-canary"),
        ("ADDED", "agente-worker"),
        ("ADDED", "redis"),
    ]


async def test_a_watch_from_a_known_version_tells_only_what_changed_since(http: httpx.AsyncClient) -> None:
    version = (await http.get(DEPLOYMENTS)).json()["metadata"]["resourceVersion"]
    await patch(http, {"metadata": {"labels": {"team": "ia"}}})
    query = {"watch": "true", "timeoutSeconds": "5", "resourceVersion": version, "labelSelector": "team=ia"}
    async with http.stream("GET", DEPLOYMENTS, params=query) as answer:
        first = json.loads(await anext(answer.aiter_lines()))
    assert (first["type"], first["object"]["metadata"]["labels"]["team"]) == ("MODIFIED", "ia")


async def test_a_watch_from_a_forgotten_version_is_told_to_list_again(http: httpx.AsyncClient) -> None:
    query = {"watch": "true", "timeoutSeconds": "5", "resourceVersion": "1"}
    async with http.stream("GET", DEPLOYMENTS, params=query) as answer:
        first = json.loads(await anext(answer.aiter_lines()))
    assert (first["type"], first["object"]["code"], first["object"]["reason"]) == ("ERROR", 410, "Expired")


async def test_the_metrics_api_is_absent_while_it_is_switched_off(world: World, http: httpx.AsyncClient) -> None:
    path = "/apis/metrics.k8s.io/v1beta1/namespaces/production/pods"
    await world.control({"kubernetes": {"metrics": False}})
    assert (await http.get(path)).status_code == 404
    await world.control({"kubernetes": {"metrics": True}})
    answer = await http.get(path, params={"labelSelector": "app=agente-api"})
    usages = [one["containers"][0]["usage"] for one in answer.json()["items"]]
    assert usages == [{"cpu": "240m", "memory": "812Mi"}] * 3
    groups = (await http.get("/apis")).json()["groups"]
    assert "metrics.k8s.io" in {group["name"] for group in groups}


async def test_a_client_learns_the_version_the_groups_and_its_own_rights(http: httpx.AsyncClient) -> None:
    assert (await http.get("/version")).json()["major"] == "1"
    assert (await http.get("/api")).json()["versions"] == ["v1"]
    served = (await http.get("/apis/apps/v1")).json()["resources"]
    assert {one["name"] for one in served} == {"deployments", "replicasets", "statefulsets"}
    rights = {}
    for namespace in ("production", "default"):
        wish = {"verb": "patch", "resource": "deployments", "group": "apps", "namespace": namespace}
        review = {"kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": wish}}
        answer = await http.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
        rights[namespace] = answer.json()["status"]["allowed"]
    assert rights == {"production": True, "default": False}


async def test_an_eviction_that_would_violate_the_disruption_budget_is_refused(api: Any) -> None:
    core = client.CoreV1Api(api)
    apps = client.AppsV1Api(api)
    await apps.patch_namespaced_deployment_scale("agente-api", "production", {"spec": {"replicas": 2}})
    pods = await core.list_namespaced_pod("production", label_selector="app=agente-api")
    while len(pods.items) > 2:
        pods = await core.list_namespaced_pod("production", label_selector="app=agente-api")
    name = pods.items[0].metadata.name
    eviction = client.V1Eviction(metadata=client.V1ObjectMeta(name=name, namespace="production"))
    with pytest.raises(client.ApiException) as refused:
        await core.create_namespaced_pod_eviction(name, "production", eviction)
    assert refused.value.status == 429
    assert (await core.read_namespaced_pod(name, "production")).status.phase == "Running"


async def test_a_withdrawn_right_is_refused_until_it_is_given_back(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"kubernetes": {"forbid": ["patch"]}})
    assert (await patch(http, {})).status_code == 403
    assert (await http.get(DEPLOYMENTS)).status_code == 200
    await world.control({"kubernetes": {"forbid": []}})
    assert (await patch(http, {})).status_code == 200


async def test_a_control_plane_that_is_down_cuts_every_connection(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"kubernetes": "down"})
    with pytest.raises(httpx.TransportError):
        await http.get(DEPLOYMENTS)
    await world.control({"kubernetes": "up"})
    assert (await http.get(DEPLOYMENTS)).status_code == 200


async def test_a_lost_answer_is_a_patch_that_was_made_all_the_same(world: World, api: Any) -> None:
    apps = client.AppsV1Api(api)
    await world.control({"kubernetes": {"lose_answer": 1}})
    wanted = set_image("agente-api:2.3.1")
    await apps.patch_namespaced_deployment("agente-api", "production", wanted, dry_run="All")
    with pytest.raises(aiohttp.ClientError):
        await apps.patch_namespaced_deployment("agente-api", "production", wanted)
    state = world.state()["deployments"]["agente-api"]
    assert (state["image"], state["patches"]) == ("agente-api:2.3.1", 1)
    assert (await apps.patch_namespaced_deployment("agente-api", "production", wanted)).metadata.name == "agente-api"


async def test_a_slow_control_plane_outlasts_an_impatient_client(world: World, http: httpx.AsyncClient) -> None:
    await world.control({"kubernetes": {"latency_ms": 60_000}})
    with pytest.raises(httpx.ReadTimeout):
        await http.get(DEPLOYMENTS, timeout=0.1)
    await world.control({"kubernetes": "normal"})
    assert (await http.get(DEPLOYMENTS, timeout=30)).status_code == 200
