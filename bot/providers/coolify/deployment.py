"""The deployments of an application, as Coolify's queue tells them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bot.core.errors import TargetError
from bot.core.redaction import mask

_UNDER_WAY: Final = frozenset({"queued", "in_progress"})
DONE: Final = "finished"
FAILED: Final = "failed"


@dataclass(frozen=True, slots=True)
class Deployment:
    """One deployment; `commit` is empty while Coolify has not looked it up."""

    id: str
    status: str
    commit: str
    message: str
    created: datetime
    is_restart: bool
    is_rollback: bool

    @property
    def is_under_way(self) -> bool:
        return self.status in _UNDER_WAY

    @property
    def words(self) -> str:
        return f"{self.commit[:7] or '?'} {self.message}".strip()


@dataclass(frozen=True, slots=True)
class History:
    """The newest deployments, newest first."""

    deployments: tuple[Deployment, ...]

    @property
    def newest(self) -> Deployment | None:
        return self.deployments[0] if self.deployments else None

    @property
    def present(self) -> Deployment | None:
        """The newest that was finished: its containers serve."""
        return next((one for one in self.deployments if one.status == DONE), None)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(one.id for one in self.deployments)

    def named(self, deployment: str, commit: str) -> Deployment:
        """The newest finished one with this id or commit, or the beginning of it."""
        matching = [
            one
            for one in self.deployments
            if (deployment and one.id.startswith(deployment)) or (commit and one.commit.startswith(commit))
        ]
        found = next((one for one in matching if one.status == DONE), None)
        if found is not None:
            return found
        if matching:
            raise TargetError(
                "Deployment {name} ended as {status}; it is no way back.",
                name=matching[0].id,
                status=matching[0].status,
            )
        raise TargetError(
            "There is no deployment {name} among the last {count}.",
            name=deployment or commit,
            count=len(self.deployments),
        )

    def commits(self) -> tuple[Deployment, ...]:
        """For each commit its first finished deployment, newest first: a rollback comes later than its code."""
        found: dict[str, Deployment] = {}
        for one in reversed(self.deployments):
            if one.status == DONE:
                found.setdefault(one.commit, one)
        return tuple(sorted(found.values(), key=lambda one: one.created, reverse=True))

    def require_quiet(self) -> None:
        """Refuse to change anything while a deployment is under way."""
        moving = next((one for one in self.deployments if one.is_under_way), None)
        if moving is not None:
            raise TargetError(
                "Refused: deployment {name} is under way ({status}). Wait until it has ended.",
                name=moving.id,
                status=moving.status,
            )


def deployment_of(row: dict[str, Any]) -> Deployment:
    commit = str(row.get("commit") or "")
    return Deployment(
        id=str(row["deployment_uuid"]),
        status=str(row["status"]),
        commit="" if commit == "HEAD" else mask(commit)[:40],
        message=" ".join(mask(str(row.get("commit_message") or "")).split())[:60],
        created=moment(str(row["created_at"])),
        is_restart=bool(row.get("restart_only")),
        is_rollback=bool(row.get("rollback")),
    )


def moment(raw: str) -> datetime:
    """`2026-01-31T02:03:04.000000Z`, or the same with a blank and without a zone, which is UTC."""
    at = datetime.fromisoformat(raw.replace("Z", "+00:00"))
    return at if at.tzinfo else at.replace(tzinfo=UTC)
