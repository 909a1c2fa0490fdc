"""The emulated cluster's later parts, asked by plain HTTP: commands inside pods, roles, autoscalers, jobs, secrets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from time import monotonic
from typing import Any

import aiohttp
import pytest

from sandbox.world.kubernetes import OpenCluster, open_cluster
from sandbox.world.kubernetes.companions import FAKE_CRM_KEY, autoscaler
from sandbox.world.kubernetes.resources import AUTOSCALERS, DEPLOYMENTS, HTTP_ROUTES, INGRESSES, PODS
from sandbox.world.seed import NAMESPACE, seed

CORE = f"/api/v1/namespaces/{NAMESPACE}"


@pytest.fixture
async def opened() -> AsyncIterator[OpenCluster]:
    async with open_cluster(NAMESPACE, seed, 0.02) as cluster:
        yield cluster


@pytest.fixture
async def http(opened: OpenCluster) -> AsyncIterator[aiohttp.ClientSession]:
    headers = {"Authorization": f"Bearer {opened.token}"}
    async with aiohttp.ClientSession(opened.url, headers=headers) as session:
        yield session


async def until(holds: Callable[[], bool]) -> None:
    deadline = monotonic() + 40
    while not holds():
        assert monotonic() < deadline
        await asyncio.sleep(0)


async def run_inside(http: aiohttp.ClientSession, protocol: str, *argv: str) -> tuple[str | None, dict[int, bytes]]:
    query = [("command", word) for word in argv] + [("stdout", "true"), ("stderr", "true")]
    told: dict[int, bytes] = {}
    async with http.ws_connect(f"{CORE}/pods/postgresql-0/exec", params=query, protocols=[protocol]) as socket:
        async for message in socket:
            told[message.data[0]] = message.data[1:]
        return socket.protocol, told


@pytest.mark.parametrize("protocol", ["v4.channel.k8s.io", "v5.channel.k8s.io"])
async def test_a_command_inside_a_pod_answers_on_its_channels(http: aiohttp.ClientSession, protocol: str) -> None:
    spoken, told = await run_inside(http, protocol, "df", "-P", "-k", "/")
    assert spoken == protocol
    assert told[1].splitlines()[1].startswith(b"/dev/sdb 20971520 6291456")
    assert json.loads(told[3])["status"] == "Success"


async def test_a_command_that_fails_tells_its_exit_code_and_an_absent_one_that_it_is_not_found(
    http: aiohttp.ClientSession,
) -> None:
    _, told = await run_inside(http, "v5.channel.k8s.io", "nc", "-z", "-w", "3", "nowhere", "1")
    assert json.loads(told[3])["details"]["causes"] == [{"reason": "ExitCode", "message": "1"}]
    assert b"Connection refused" in told[2]
    _, told = await run_inside(http, "v5.channel.k8s.io", "bash")
    assert "executable file not found" in json.loads(told[3])["message"]


async def test_a_command_inside_wants_the_right_to_get_and_to_create(opened: OpenCluster) -> None:
    pods = {"apiGroups": [""], "resources": ["pods/exec"]}
    for number, verbs in enumerate((["get"], ["create"])):
        opened.cluster.access.admit(f"token-{number}", "half", NAMESPACE, [{**pods, "verbs": verbs}])
        headers = {"Authorization": f"Bearer token-{number}"}
        async with aiohttp.ClientSession(opened.url, headers=headers) as half:
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await run_inside(half, "v5.channel.k8s.io", "df", "/")
        assert refused.value.status == 403


async def test_a_role_grants_its_verbs_on_its_resources_and_names_only(opened: OpenCluster) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["crm-credentials"], "verbs": ["get"]}
    opened.cluster.access.admit("narrow", "narrow", NAMESPACE, [rule])
    headers = {"Authorization": "Bearer narrow"}
    async with aiohttp.ClientSession(opened.url, headers=headers) as narrow:
        paths = ("secrets/crm-credentials", "secrets/other", "secrets", "pods")
        codes = [(await narrow.get(f"{CORE}/{path}")).status for path in paths]
    assert codes == [200, 403, 403, 403]


async def test_a_secret_is_told_without_its_data_when_only_metadata_is_asked_for(
    opened: OpenCluster, http: aiohttp.ClientSession
) -> None:
    path = f"{CORE}/secrets/crm-credentials"
    assert (await (await http.get(path)).json())["data"]["api-key"] == FAKE_CRM_KEY
    accept = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    answer = await (await http.get(path, headers=accept)).json()
    assert (answer["kind"], sorted(answer)) == ("PartialObjectMetadata", ["apiVersion", "kind", "metadata"])
    assert opened.cluster.exposed == ["crm-credentials"]


async def test_an_autoscaler_brings_the_pods_within_its_bounds(opened: OpenCluster) -> None:
    store = opened.cluster.store
    store.create(AUTOSCALERS, autoscaler(NAMESPACE, "agente-worker", 2, 4))
    await until(lambda: store.read(DEPLOYMENTS, NAMESPACE, "agente-worker")["status"].get("readyReplicas") == 2)
    await until(lambda: store.read(AUTOSCALERS, NAMESPACE, "agente-worker")["status"]["currentReplicas"] == 2)
    pods = [pod["metadata"]["name"] for pod in store.listing(PODS, NAMESPACE)]
    assert len([name for name in pods if name.startswith("agente-worker-")]) == 2


async def test_bounds_that_contradict_each_other_and_names_that_are_taken_are_refused(
    http: aiohttp.ClientSession,
) -> None:
    path = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers"
    wrong: dict[str, Any] = autoscaler(NAMESPACE, "agente-api", 5, 4)
    assert (await http.post(path, json=wrong)).status == 422
    right = autoscaler(NAMESPACE, "agente-api", 3, 4)
    assert [(await http.post(path, json=right)).status for _ in range(2)] == [201, 409]


async def test_the_pod_of_a_stateful_set_comes_back_under_its_name(
    opened: OpenCluster, http: aiohttp.ClientSession
) -> None:
    store = opened.cluster.store
    before = store.read(PODS, NAMESPACE, "postgresql-0")["metadata"]["uid"]
    assert (await http.delete(f"{CORE}/pods/postgresql-0")).status == 200

    def is_back() -> bool:
        found = store.find(PODS, NAMESPACE, "postgresql-0")
        return found is not None and found["metadata"]["uid"] != before and found["status"]["phase"] == "Running"

    await until(is_back)


async def test_an_eviction_of_another_pod_of_the_same_name_is_a_conflict(http: aiohttp.ClientSession) -> None:
    body = {"metadata": {"name": "postgresql-0"}, "deleteOptions": {"preconditions": {"uid": "another"}}}
    assert (await http.post(f"{CORE}/pods/postgresql-0/eviction", json=body)).status == 409


@pytest.mark.parametrize(("image", "end"), [("crm-resync:1", "Complete"), ("crm-resync:broken", "Failed")])
async def test_a_job_comes_to_its_end(http: aiohttp.ClientSession, image: str, end: str) -> None:
    path = f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs"
    template = {"spec": {"containers": [{"name": "job", "image": image}]}}
    job = {"kind": "Job", "metadata": {"name": "by-hand"}, "spec": {"template": template}}
    assert (await http.post(path, json=job)).status == 201
    deadline = monotonic() + 40
    while not (status := (await (await http.get(f"{path}/by-hand")).json())["status"]).get("conditions"):
        assert monotonic() < deadline
    assert status["conditions"][0]["type"] == end


async def test_behind_a_service_are_the_pods_that_its_selector_finds_ready_or_not(
    opened: OpenCluster, http: aiohttp.ClientSession
) -> None:
    store, place = opened.cluster.store, f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
    deployment = store.read(DEPLOYMENTS, NAMESPACE, "agente-api")
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "agente-api:2.5.1-broken"
    store.replace(DEPLOYMENTS, deployment)
    labels = {"labelSelector": "kubernetes.io/service-name=agente-api"}
    found: list[bool] = []
    deadline = monotonic() + 40
    while sorted(found) != [False, True, True, True]:
        assert monotonic() < deadline, found
        async with http.get(place, params=labels) as answer:
            [only] = (await answer.json())["items"]
        found = [one["conditions"]["ready"] for one in only["endpoints"]]


@pytest.mark.parametrize(
    ("plural", "name", "wanted"),
    [
        (
            "ingresses",
            "agente-api-canary",
            {"metadata": {"annotations": {"nginx.ingress.kubernetes.io/canary-weight": "101"}}},
        ),
        ("httproutes", "shop", {"spec": {"rules": [{"backendRefs": [{"name": "shop", "weight": 5_000_000}]}]}}),
    ],
)
async def test_a_weight_that_is_none_is_refused(
    opened: OpenCluster, http: aiohttp.ClientSession, plural: str, name: str, wanted: dict[str, Any]
) -> None:
    resource = INGRESSES if plural == "ingresses" else HTTP_ROUTES
    if resource is HTTP_ROUTES:
        metadata = {"name": name, "namespace": NAMESPACE}
        opened.cluster.store.create(resource, {"metadata": metadata, "spec": {"rules": [{"backendRefs": []}]}})
    before = opened.cluster.store.read(resource, NAMESPACE, name)
    headers = {"Content-Type": "application/merge-patch+json"}
    place = f"{resource.path}/namespaces/{NAMESPACE}/{plural}/{name}"
    async with http.patch(place, json=wanted, headers=headers) as answer:
        assert (answer.status, (await answer.json())["reason"]) == (422, "Invalid")
    good: dict[str, Any] = {"metadata": {"labels": {"team": "ia"}}}
    async with http.patch(f"{place}?dryRun=All", json=good, headers=headers) as answer:
        assert (await answer.json())["metadata"]["labels"] == {"team": "ia"}
    assert opened.cluster.store.read(resource, NAMESPACE, name) == before
