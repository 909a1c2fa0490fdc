"""What each root field of the emulated schema answers or does."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from sandbox.world.railway import documents
from sandbox.world.railway.platform import Deployment, LogEntry, Platform, Service, stamp

Arguments = dict[str, Any]


class Failed(Exception):
    """The field ends with an error message."""


class Resolvers:
    """The root fields; `is_workspace_token` decides who sees the audit log."""

    def __init__(self, platform: Platform, *, is_workspace_token: bool) -> None:
        self._platform = platform
        self._is_workspace_token = is_workspace_token

    def answer(self, name: str, arguments: Arguments) -> Any:
        """The value of a root field; raises Failed for unknown ones and unknown or missing arguments."""
        if name not in _FIELDS:
            raise Failed(f'Cannot query field "{name}" on type "Query".')
        resolve, required, optional = _FIELDS[name]
        for argument in required - arguments.keys():
            raise Failed(f'Field "{name}" argument "{argument}" is required, but it was not provided.')
        for argument in arguments.keys() - required - optional:
            raise Failed(f'Unknown argument "{argument}" on field "Query.{name}".')
        return resolve(self, arguments)

    def project(self, given: Arguments) -> Any:
        self._require_project(given["id"])
        return documents.project(self._platform)

    def deployments(self, given: Arguments) -> Any:
        scope = given["input"]
        service = self._service(scope)
        nodes = [documents.deployment(self._platform, service, one) for one in service.deployments]
        return documents.connection(nodes[: given.get("first") or 100])

    def deployment(self, given: Arguments) -> Any:
        return documents.deployment(self._platform, *self._made(given["id"]))

    def snapshot(self, given: Arguments) -> Any:
        service, made = self._made(given["deploymentId"])
        platform_own = {"RAILWAY_DEPLOYMENT_ID": made.id, "RAILWAY_SERVICE_NAME": service.name}
        moment = stamp(made.created)
        return {"id": made.id, "createdAt": moment, "updatedAt": moment, "variables": made.variables | platform_own}

    def build_logs(self, given: Arguments) -> Any:
        return _chosen(self._made(given["deploymentId"])[1].builds, given)

    def deployment_logs(self, given: Arguments) -> Any:
        return _chosen(self._made(given["deploymentId"])[1].logs, given)

    def variables(self, given: Arguments) -> Any:
        service = self._service(given)
        own = dict(service.variables)
        if not given.get("unrendered"):
            own = {name: _REFERENCE.sub(lambda found: own.get(found[1], ""), value) for name, value in own.items()}
        return own | {"RAILWAY_SERVICE_NAME": service.name}

    def metrics(self, given: Arguments) -> Any:
        return documents.metrics(self._service(given), given["measurements"])

    def audit_logs(self, given: Arguments) -> Any:
        if not self._is_workspace_token or given["workspaceId"] != self._platform.workspace:
            raise Failed("Not Authorized")
        begin = _moment((given.get("filter") or {}).get("startDate"))
        recent = [one for one in self._platform.audit if begin is None or _moment(one["createdAt"]) >= begin]
        return documents.connection(recent[: given.get("first") or 50])

    def rollback(self, given: Arguments) -> Any:
        service, made = self._made(given["id"])
        if not made.can_roll_back:
            raise Failed("Cannot roll back to this deployment")
        service.variables = dict(made.variables)
        self._platform.create(service, made, made.variables, "rollback")
        return True

    def redeploy(self, given: Arguments) -> Any:
        service, made = self._made(given["id"])
        created = self._platform.create(service, made, service.variables, "redeploy")
        return documents.deployment(self._platform, service, created)

    def restart(self, given: Arguments) -> Any:
        service, made = self._made(given["id"])
        if made is not service.live:
            raise Failed("Deployment is not running")
        self._platform.restart(service, made)
        return True

    def upsert(self, given: Arguments) -> Any:
        wanted = given["input"]
        service = self._service(wanted)
        if wanted.get("replace"):
            service.variables.clear()
        self._platform.set_variables(service, wanted["variables"], skips_deploys=bool(wanted.get("skipDeploys")))
        return True

    def _require_project(self, project: str) -> None:
        if project != self._platform.project:
            raise Failed("Not Authorized")

    def _service(self, scope: Arguments) -> Service:
        if scope.get("projectId", self._platform.project) != self._platform.project:
            raise Failed("Not Authorized")
        if scope["environmentId"] != self._platform.environment:
            raise Failed("Not Authorized")
        found = self._platform.services.get(scope["serviceId"])
        if found is None:
            raise Failed("Service not found")
        return found

    def _made(self, name: str) -> tuple[Service, Deployment]:
        for service in self._platform.services.values():
            for made in service.deployments:
                if made.id == name:
                    return service, made
        raise Failed("Deployment not found")


def _chosen(entries: list[LogEntry], given: Arguments) -> list[documents.Node]:
    begin = _moment(given.get("startDate"))
    words = (given.get("filter") or "").strip('"')
    chosen = [one for one in entries if (begin is None or one.at >= begin) and words in one.message]
    return [documents.log(one) for one in chosen[-(given.get("limit") or 100) :]]


def _moment(raw: str | None) -> Any:
    return datetime.fromisoformat(raw.replace("Z", "+00:00")) if raw else None


_Field = tuple[Callable[[Resolvers, Arguments], Any], set[str], set[str]]
_REFERENCE: Final = re.compile(r"\$\{\{(\w+)\}\}")  # to a variable of the same service
_LOG_OPTIONS: Final = {"startDate", "endDate", "filter", "limit"}
_FIELDS: Final[dict[str, _Field]] = {
    "project": (Resolvers.project, {"id"}, set()),
    "deployments": (Resolvers.deployments, {"input"}, {"first", "after", "before", "last"}),
    "deployment": (Resolvers.deployment, {"id"}, set()),
    "deploymentSnapshot": (Resolvers.snapshot, {"deploymentId"}, set()),
    "buildLogs": (Resolvers.build_logs, {"deploymentId"}, _LOG_OPTIONS),
    "deploymentLogs": (Resolvers.deployment_logs, {"deploymentId"}, _LOG_OPTIONS),
    "variables": (Resolvers.variables, {"projectId", "environmentId"}, {"serviceId", "unrendered"}),
    "metrics": (
        Resolvers.metrics,
        {"startDate", "measurements"},
        {"projectId", "environmentId", "serviceId", "endDate", "sampleRateSeconds"},
    ),
    "auditLogs": (Resolvers.audit_logs, {"workspaceId"}, {"first", "after", "before", "last", "filter", "sort"}),
    "deploymentRollback": (Resolvers.rollback, {"id"}, set()),
    "deploymentRedeploy": (Resolvers.redeploy, {"id"}, {"usePreviousImageTag"}),
    "deploymentRestart": (Resolvers.restart, {"id"}, set()),
    "variableCollectionUpsert": (Resolvers.upsert, {"input"}, set()),
}
WRITES: Final = frozenset({"deploymentRollback", "deploymentRedeploy", "deploymentRestart", "variableCollectionUpsert"})
