"""What the engine tells of a container, read once into words of ours."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from bot.core.redaction import mask
from bot.providers.docker.engine import Document, Engine

PROJECT: Final = "com.docker.compose.project"
SERVICE: Final = "com.docker.compose.service"
NUMBER: Final = "com.docker.compose.container-number"
ONE_OFF: Final = "com.docker.compose.oneoff"
_TEXT_LIMIT: Final = 120
_LOOP_WINDOW_S: Final = 120


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of `docker ps --all`."""

    id: str
    name: str
    image: str
    state: str
    status: str
    labels: dict[str, str]

    @property
    def is_running(self) -> bool:
        return self.state == "running"

    @property
    def is_unhealthy(self) -> bool:
        return "(unhealthy)" in self.status

    def __str__(self) -> str:
        return mask(f"{self.name}  {self.status}  {self.image}")[: 3 * _TEXT_LIMIT]


@dataclass(frozen=True, slots=True)
class Container:
    """A container as inspected at `seen`, by the engine's clock."""

    document: Document
    seen: datetime

    @property
    def id(self) -> str:
        return str(self.document["Id"])

    @property
    def name(self) -> str:
        return str(self.document["Name"]).lstrip("/")

    @property
    def state(self) -> Document:
        found: Document = self.document["State"]
        return found

    @property
    def config(self) -> Document:
        found: Document = self.document["Config"]
        return found

    @property
    def host_config(self) -> Document:
        found: Document = self.document["HostConfig"]
        return found

    @property
    def labels(self) -> dict[str, str]:
        return self.config.get("Labels") or {}

    @property
    def networks(self) -> dict[str, Document]:
        return self.document["NetworkSettings"].get("Networks") or {}

    @property
    def is_running(self) -> bool:
        """Up and at work; the engine also calls a container running that waits for its next restart."""
        state = self.state
        return bool(state["Running"]) and not state.get("Restarting") and not state.get("Paused")

    @property
    def health(self) -> str:
        """`healthy`, `unhealthy`, `starting`, or empty without a health check."""
        return str((self.state.get("Health") or {}).get("Status") or "").replace("none", "")

    @property
    def restarts(self) -> int:
        return int(self.document.get("RestartCount") or 0)

    @property
    def uptime_s(self) -> int | None:
        started = moment(self.state.get("StartedAt", ""))
        return max(0, round((self.seen - started).total_seconds())) if started and self.is_running else None

    @property
    def is_looping(self) -> bool:
        """Whether its restart policy is at work, which it is not once it gave up; then start time and state change by
        themselves.
        """
        if self.state.get("Restarting"):
            return True
        return self.restarts > 0 and self.uptime_s is not None and self.uptime_s < _LOOP_WINDOW_S

    @property
    def standing(self) -> dict[str, str]:
        """What must not have drifted between a preview and its execution."""
        return {
            "id": self.id[:12],
            "image_id": str(self.document["Image"]).removeprefix("sha256:")[:12],
            "status": "restarting" if self.is_looping else str(self.state["Status"]),
            "started_at": "" if self.is_looping else str(self.state.get("StartedAt", "")),
        }


async def inspect(engine: Engine, name: str) -> Container:
    """One container by name or id; raises Missing."""
    document = await engine.get(f"/containers/{quote(name, safe='')}/json")
    return Container(document, engine.now)


async def listing(engine: Engine, label: str = "") -> list[Listed]:
    """All containers, stopped ones too, by name."""
    query = {"all": "1"} | ({"filters": json.dumps({"label": [label]})} if label else {})
    found = [_listed(item) for item in await engine.get("/containers/json", query)]
    return sorted(found, key=lambda one: one.name)


def _listed(item: dict[str, Any]) -> Listed:
    names = sorted((name.lstrip("/") for name in item.get("Names") or ()), key=len)
    return Listed(
        item["Id"],
        names[0] if names else item["Id"][:12],
        str(item.get("Image", "")),
        str(item.get("State", "")),
        str(item.get("Status", "")),
        item.get("Labels") or {},
    )


def moment(stamp: str) -> datetime | None:
    """A time of the engine, which has nine decimals; None for its year 1, which stands for never."""
    if not stamp or stamp.startswith("0001"):
        return None
    whole, _, rest = stamp.partition(".")
    return datetime.fromisoformat(f"{whole.rstrip('Z')}.{rest.rstrip('Z')[:6]:0<6}+00:00")
