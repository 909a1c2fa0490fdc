"""Objects of the emulated platform in the shape of Railway's schema."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.world.railway.platform import Deployment, LogEntry, Platform, Service, stamp

Node = dict[str, Any]


def connection(nodes: Iterable[Node]) -> Node:
    """A list in the shape of a connection."""
    return {"edges": [{"node": node, "cursor": str(at)} for at, node in enumerate(nodes)]}


def project(platform: Platform) -> Node:
    services = [{"id": one.id, "name": one.name} for one in platform.services.values()]
    return {
        "id": platform.project,
        "name": "etp-express",
        "workspaceId": platform.workspace,
        "services": connection(services),
        "environments": connection([{"id": platform.environment, "name": "production"}]),
    }


def deployment(platform: Platform, service: Service, made: Deployment) -> Node:
    return {
        "id": made.id,
        "status": made.status,
        "createdAt": stamp(made.created),
        "updatedAt": stamp(made.updated),
        "statusUpdatedAt": stamp(made.updated),
        "canRollback": made.can_roll_back and made is not service.live,
        "canRedeploy": made.is_retained,
        "deploymentStopped": made.is_stopped,
        "projectId": platform.project,
        "environmentId": platform.environment,
        "serviceId": service.id,
        "creator": {"id": "user-1", "name": None, "email": "ana.souza@example.com"},
        "instances": [{"id": name, "status": status} for name, status in made.instances.items()],
        "meta": {
            "repo": "example/etp-express",
            "branch": "main",
            "commitHash": made.commit,
            "commitMessage": made.message,
            "commitAuthor": made.author,
        },
    }


def log(entry: LogEntry) -> Node:
    attributes = [{"key": key, "value": value} for key, value in entry.attributes.items()]
    return {
        "timestamp": stamp(entry.at),
        "message": entry.message,
        "severity": entry.severity,
        "attributes": [{"key": "level", "value": f'"{entry.severity}"'}, *attributes],
    }


def metrics(service: Service, wanted: list[str]) -> list[Node]:
    """The figures asked for, one value a minute, the newest now; a limit is a constant series."""
    if not service.has_metrics:
        return []
    series: dict[str, Callable[[], list[float]]] = {
        "MEMORY_USAGE_GB": lambda: [value / 1024 for value in service.memory_mb],
        "MEMORY_LIMIT_GB": lambda: [service.memory_limit_mb / 1024 for _ in service.memory_mb],
        "CPU_USAGE": lambda: service.cpu,
        "CPU_LIMIT": lambda: [2.0 for _ in service.cpu],
    }
    return [{"measurement": name, "values": _values(series[name]())} for name in wanted]


def _values(series: list[float]) -> list[Node]:
    now = datetime.now(UTC)
    return [
        {"ts": round((now - timedelta(minutes=age)).timestamp()), "value": value}
        for age, value in zip(range(len(series) - 1, -1, -1), series, strict=True)
    ]
