"""The emulated Railway: deployments take their steps, variables belong to deployments, tokens have a scope."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

from sandbox.world.railway import Railway, Service, open_railway


@pytest.fixture
async def railway() -> AsyncIterator[Railway]:
    async with open_railway(pace=0.03) as opened:
        yield opened


@pytest.fixture
def service(railway: Railway) -> Service:
    made = railway.platform.add_service("backend", LEVEL="info")
    railway.platform.deployed(made, "aaaa111", "first", hours=2)
    railway.platform.deployed(made, "bbbb222", "second", hours=1)
    return made


async def ask(railway: Railway, query: str, header: str = "Project-Access-Token", **variables: Any) -> dict[str, Any]:
    token = railway.token if header == "Project-Access-Token" else f"Bearer {railway.workspace_token}"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(railway.url, json={"query": query, "variables": variables}, headers={header: token})
    found: dict[str, Any] = answer.json()
    return found


async def statuses(railway: Railway, wanted: Callable[[list[str]], bool]) -> list[str]:
    """The statuses that the newest deployment goes through until they are as wanted."""
    service = next(iter(railway.platform.services.values()))
    told: list[str] = []
    query = "query D($id: String!) { deployment(id: $id) { status } }"
    async with asyncio.timeout(40):
        while not wanted(told):
            status = (await ask(railway, query, id=service.deployments[0].id))["data"]["deployment"]["status"]
            told += [status] if not told or told[-1] != status else []
    return told


async def test_a_redeploy_goes_through_its_steps_and_takes_the_place_of_the_present_one(
    railway: Railway, service: Service
) -> None:
    before = service.deployments[0]
    answer = await ask(railway, "mutation { deploymentRedeploy(id: $id) { id status } }", id=before.id)
    assert answer["data"]["deploymentRedeploy"] == {"id": service.deployments[0].id, "status": "BUILDING"}
    told = await statuses(railway, lambda told: told[-1:] == ["SUCCESS"])
    assert told == [status for status in ["BUILDING", "DEPLOYING", "SUCCESS"] if status in told]
    assert before.status == "REMOVED"
    assert service.live is service.deployments[0]


async def test_a_failing_build_leaves_the_present_deployment_alone(railway: Railway, service: Service) -> None:
    railway.platform.next_end = "FAILED"
    before = service.live
    await ask(railway, "mutation { deploymentRedeploy(id: $id) { id } }", id=service.deployments[0].id)
    told = await statuses(railway, lambda told: told[-1:] == ["FAILED"])
    assert told == [status for status in ["BUILDING", "FAILED"] if status in told]
    assert service.live is before


async def test_a_rollback_brings_the_old_variables_back(railway: Railway, service: Service) -> None:
    railway.platform.set_variables(service, {"LEVEL": "debug"}, skips_deploys=True)
    answer = await ask(railway, "mutation { deploymentRollback(id: $id) }", id=service.deployments[1].id)
    assert answer == {"data": {"deploymentRollback": True}}
    assert service.variables == {"LEVEL": "info"}
    assert service.deployments[0].commit == "aaaa111"


async def test_a_restart_loads_no_changed_variables(railway: Railway, service: Service) -> None:
    railway.platform.set_variables(service, {"LEVEL": "debug"}, skips_deploys=True)
    await ask(railway, "mutation { deploymentRestart(id: $id) }", id=service.deployments[0].id)
    await statuses(railway, lambda told: told[-1:] == ["SUCCESS"])
    assert service.live is not None
    assert (service.live.restarts, service.live.variables) == (1, {"LEVEL": "info"})


async def test_each_setting_of_a_variable_starts_a_deployment_unless_told_otherwise(
    railway: Railway, service: Service
) -> None:
    mutation = "mutation { variableCollectionUpsert(input: $input) }"
    scope = {
        "projectId": railway.platform.project,
        "environmentId": railway.platform.environment,
        "serviceId": service.id,
        "variables": {"LEVEL": "debug"},
    }
    await ask(railway, mutation, input=scope | {"skipDeploys": True})
    assert len(service.deployments) == 2
    await ask(railway, mutation, input=scope)
    assert len(service.deployments) == 3


async def test_a_token_reaches_its_own_project_only(railway: Railway, service: Service) -> None:
    query = "query { project(id: $id) { name } }"
    assert (await ask(railway, query, id=railway.platform.project))["data"] == {"project": {"name": "etp-express"}}
    assert (await ask(railway, query, id="another"))["errors"][0]["message"] == "Not Authorized"
    audit = "query { auditLogs(workspaceId: $id) { edges { node { eventType } } } }"
    refused = await ask(railway, audit, id=railway.platform.workspace)
    assert refused["errors"][0]["message"] == "Not Authorized"
    assert "data" in await ask(railway, audit, header="Authorization", id=railway.platform.workspace)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("query { deployment(id: $id) { colour } }", 'Cannot query field "colour"'),
        ("query { deployment { id } }", '"id" is required'),
        ("query { deployment(id: $id, colour: 1) { id } }", 'Unknown argument "colour"'),
        ("query { colours }", 'Cannot query field "colours"'),
        ("query { deploymentRestart(id: $id) }", "on this type"),
        ("query { deployment(id: $id { id } }", "Syntax Error"),
        ("subscription { deployment }", "Syntax Error"),
        ("query { deployment", "Syntax Error"),
    ],
)
async def test_queries_outside_the_schema_are_refused(
    railway: Railway, service: Service, query: str, message: str
) -> None:
    answer = await ask(railway, query, id=service.deployments[0].id)
    assert message in answer["errors"][0]["message"]


async def test_the_language_knows_aliases_lists_and_literals(railway: Railway, service: Service) -> None:
    query = (
        'query Q($e: String!) { a: metrics(startDate: "2026-01-01T00:00:00Z", measurements: [CPU_USAGE], '
        "serviceId: $s, environmentId: $e) { kind: measurement values { value } } "
        "b: variables(projectId: $p, environmentId: $e, serviceId: $s, unrendered: true) }"
    )
    platform = railway.platform
    answer = await ask(railway, query, s=service.id, e=platform.environment, p=platform.project)
    assert [one["kind"] for one in answer["data"]["a"]] == ["CPU_USAGE"]
    assert answer["data"]["b"]["LEVEL"] == "info"
