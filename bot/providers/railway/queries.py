"""The documents that are sent, all of them; nothing is ever put together from words."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Document:
    """One query or mutation; `field` is what its answer is read from."""

    field: str
    text: str
    is_for_workspace: bool = False


_DEPLOYMENT: Final = """
    id status createdAt statusUpdatedAt canRollback canRedeploy deploymentStopped meta
    creator { name email }
    instances { id status }
"""
_LOG_VARIABLES: Final = "$id: String!, $limit: Int, $startDate: DateTime, $filter: String"
_LOG_ARGUMENTS: Final = "deploymentId: $id, limit: $limit, startDate: $startDate, filter: $filter"
_LOG: Final = "timestamp message severity attributes { key value }"

PROJECT: Final = Document(
    "project",
    """query Project($id: String!) {
      project(id: $id) {
        id name workspaceId
        services { edges { node { id name } } }
        environments { edges { node { id name } } }
      }
    }""",
)
DEPLOYMENTS: Final = Document(
    "deployments",
    f"""query Deployments($input: DeploymentListInput!, $first: Int) {{
      deployments(input: $input, first: $first) {{ edges {{ node {{ {_DEPLOYMENT} }} }} }}
    }}""",
)
DEPLOYMENT: Final = Document(
    "deployment", f"query Deployment($id: String!) {{ deployment(id: $id) {{ {_DEPLOYMENT} }} }}"
)
SNAPSHOT: Final = Document(
    "deploymentSnapshot",
    "query Snapshot($id: String!) { deploymentSnapshot(deploymentId: $id) { id variables } }",
)
DEPLOY_LOGS: Final = Document(
    "deploymentLogs", f"query DeployLogs({_LOG_VARIABLES}) {{ deploymentLogs({_LOG_ARGUMENTS}) {{ {_LOG} }} }}"
)
BUILD_LOGS: Final = Document(
    "buildLogs", f"query BuildLogs({_LOG_VARIABLES}) {{ buildLogs({_LOG_ARGUMENTS}) {{ {_LOG} }} }}"
)
VARIABLES: Final = Document(
    "written",
    """query Variables($projectId: String!, $environmentId: String!, $serviceId: String!) {
      rendered: variables(projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId)
      written: variables(
        projectId: $projectId, environmentId: $environmentId, serviceId: $serviceId, unrendered: true
      )
    }""",
)
METRICS: Final = Document(
    "metrics",
    """query Metrics(
      $serviceId: String, $environmentId: String, $startDate: DateTime!, $measurements: [MetricMeasurement!]!,
      $sampleRateSeconds: Int
    ) {
      metrics(
        serviceId: $serviceId, environmentId: $environmentId, startDate: $startDate, measurements: $measurements,
        sampleRateSeconds: $sampleRateSeconds
      ) { measurement values { ts value } }
    }""",
)
AUDIT: Final = Document(
    "auditLogs",
    """query Audit($workspaceId: String!, $first: Int, $filter: AuditLogFilterInput) {
      auditLogs(workspaceId: $workspaceId, first: $first, filter: $filter) {
        edges { node { id eventType createdAt context payload } }
      }
    }""",
    is_for_workspace=True,
)

ROLLBACK: Final = Document("deploymentRollback", "mutation Rollback($id: String!) { deploymentRollback(id: $id) }")
REDEPLOY: Final = Document(
    "deploymentRedeploy", "mutation Redeploy($id: String!) { deploymentRedeploy(id: $id) { id } }"
)
RESTART: Final = Document("deploymentRestart", "mutation Restart($id: String!) { deploymentRestart(id: $id) }")
UPSERT: Final = Document(
    "variableCollectionUpsert",
    "mutation Upsert($input: VariableCollectionUpsertInput!) { variableCollectionUpsert(input: $input) }",
)
