"""A service and its deployments, as every operation needs them first."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.core.errors import TargetError
from bot.core.text import Text, say
from bot.providers.railway import queries
from bot.providers.railway.address import Address
from bot.providers.railway.graph import Graph, Node, nodes, seen

DEPTH: Final = 50
_UNDER_WAY: Final = frozenset({"INITIALIZING", "QUEUED", "WAITING", "BUILDING", "DEPLOYING"})
_LIVE: Final = frozenset({"SUCCESS", "CRASHED", "SLEEPING"})
_FAILED: Final = frozenset({"FAILED", "CRASHED"})


@dataclass(frozen=True, slots=True)
class Scope:
    """The ids that go into each request: project, environment, service."""

    project: str
    environment: str
    service: str
    name: str
    workspace: str = ""

    @property
    def ids(self) -> dict[str, str]:
        return {"projectId": self.project, "environmentId": self.environment, "serviceId": self.service}


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; everything foreign in it is masked and cut."""

    id: str
    status: str
    created: datetime
    settled: datetime
    can_roll_back: bool
    can_redeploy: bool
    is_stopped: bool
    commit: str
    message: str
    author: str
    instances: tuple[tuple[str, str], ...]

    @property
    def short(self) -> str:
        return self.id[:8]

    @property
    def is_under_way(self) -> bool:
        return self.status in _UNDER_WAY

    @property
    def is_live(self) -> bool:
        return self.status in _LIVE and not self.is_stopped

    @property
    def has_failed(self) -> bool:
        return self.status in _FAILED

    @property
    def running(self) -> int:
        return sum(status == "RUNNING" for _, status in self.instances)

    @property
    def words(self) -> str:
        """What it consists of: `9af31c2 fix login (ana)`."""
        author = f" ({self.author})" if self.author else ""
        return f"{self.commit[:7]} {self.message}{author}".strip() or "—"


@dataclass(frozen=True, slots=True)
class History:
    """The newest deployments of a service, newest first."""

    scope: Scope
    deployments: tuple[Deployment, ...]

    @property
    def newest(self) -> Deployment | None:
        return self.deployments[0] if self.deployments else None

    @property
    def present(self) -> Deployment | None:
        """The one that serves, or did until it crashed."""
        return next((one for one in self.deployments if one.is_live), None)

    @property
    def under_way(self) -> Deployment | None:
        return next((one for one in self.deployments if one.is_under_way), None)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.deployments)

    def named(self, prefix: str) -> Deployment:
        """The deployment whose id begins like this; raises TargetError when there is none or more than one."""
        found = [one for one in self.deployments if one.id.startswith(prefix)]
        if len(found) == 1:
            return found[0]
        if found:
            raise TargetError("More than one deployment begins with {prefix}; write more of it.", prefix=prefix)
        raise TargetError(
            "{service} has no deployment {prefix} in this environment among its last {count}.",
            service=self.scope.name,
            prefix=prefix,
            count=len(self.deployments),
        )

    def require_quiet(self) -> None:
        """Refuse to change anything while a deployment is under way."""
        if (moving := self.under_way) is not None:
            raise TargetError(
                "Refused: deployment {deployment} of {service} is under way ({status}). Wait until it has ended.",
                deployment=moving.short,
                service=self.scope.name,
                status=moving.status,
            )


async def scope_of(graph: Graph, address: Address, service: str = "") -> Scope:
    """The ids behind names; raises TargetError naming what there is."""

    def read(answer: Node) -> Scope:
        project = answer["project"]
        environment = _id_of(nodes(project["environments"]), address.environment, say("environment"))
        found = _id_of(nodes(project["services"]), service, say("service")) if service else {"id": "", "name": ""}
        return Scope(project["id"], environment["id"], found["id"], found["name"], project.get("workspaceId") or "")

    return await graph.ask(queries.PROJECT, read, id=address.project)


async def history_of(graph: Graph, scope: Scope, depth: int = DEPTH) -> History:
    """The last deployments of a service."""

    def read(answer: Node) -> History:
        found = [deployment_of(node) for node in nodes(answer["deployments"])]
        return History(scope, tuple(sorted(found, key=lambda one: one.created, reverse=True)))

    return await graph.ask(queries.DEPLOYMENTS, read, input=scope.ids, first=depth)


async def look(graph: Graph, name: str) -> Deployment:
    """One deployment as it is now."""
    return await graph.ask(queries.DEPLOYMENT, lambda answer: deployment_of(answer["deployment"]), id=name)


def deployment_of(node: Node) -> Deployment:
    """A deployment from its node; what is in `meta` depends on where its code comes from."""
    meta, creator = node.get("meta") or {}, node.get("creator") or {}
    created = moment(node["createdAt"])
    return Deployment(
        id=str(node["id"]),
        status=str(node["status"]),
        created=created,
        settled=moment(node["statusUpdatedAt"]) if node.get("statusUpdatedAt") else created,
        can_roll_back=bool(node.get("canRollback")),
        can_redeploy=bool(node.get("canRedeploy")),
        is_stopped=bool(node.get("deploymentStopped")),
        commit=seen(meta.get("commitHash"), 40),
        message=seen(meta.get("commitMessage") or meta.get("image"), 60),
        author=seen(meta.get("commitAuthor") or creator.get("name") or creator.get("email"), 40),
        instances=tuple((str(one["id"]), str(one["status"])) for one in node.get("instances") or ()),
    )


def moment(raw: str) -> datetime:
    """A time as the API writes it; nanoseconds are cut to what Python can hold."""
    whole, dot, rest = raw.removesuffix("Z").partition(".")
    digits = "".join(sign for sign in rest if sign.isdigit())[:6]
    at = datetime.fromisoformat(whole + (f".{digits:0<6}" if dot else ""))
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def minutes_between(begin: datetime, end: datetime) -> float:
    return round((end - begin).total_seconds() / 60, 1)


def _id_of(known: list[Node], wanted: str, kind: Text) -> Node:
    for node in known:
        if wanted in (node["id"], node["name"]):
            return node
    names = ", ".join(sorted(seen(node["name"], 40) for node in known)[:20])
    raise TargetError("This project has no {kind} {name}. It has: {known}.", kind=kind, name=wanted, known=names or "—")
