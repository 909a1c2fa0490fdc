"""An image: its names, what it sets for containers, and what its program turns out to do."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, TypeAlias

from sandbox.world.docker.program import Course

Document: TypeAlias = dict[str, Any]


def digits() -> str:
    """An id such as the engine gives."""
    return secrets.token_hex(32)


@dataclass
class Image:
    """`course` is what its own program does; None leaves it to the command of the container. A `fault` comes first."""

    tags: list[str]
    config: Document = field(default_factory=dict)
    course: Course | None = None
    fault: Course | None = None
    packages: dict[str, str] = field(default_factory=dict)
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    tagged: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: f"sha256:{digits()}")
    size: int = 184_549_376

    def is_called(self, name: str) -> bool:
        """By a name and tag (without a tag: `latest`), by its id, or by the beginning of that."""
        whole = name if ":" in name.rpartition("/")[2] else f"{name}:latest"
        return whole in self.tags or self.id == name or (len(name) > 3 and self.id[7:].startswith(name))

    def listed(self, patterns: list[str]) -> Document | None:
        """A line of `docker images`; of its names those that fit, None without any."""
        tags = [tag for tag in self.tags if not patterns or any(fnmatchcase(tag, one) for one in patterns)]
        if patterns and not tags:
            return None
        return {
            "Containers": -1,
            "Created": int(self.created.timestamp()),
            "Id": self.id,
            "Labels": self.config.get("Labels"),
            "ParentId": "",
            "RepoDigests": None,
            "RepoTags": tags,
            "SharedSize": -1,
            "Size": self.size,
            "VirtualSize": self.size,
        }

    def document(self) -> Document:
        """What `docker image inspect` tells."""
        return {
            "Id": self.id,
            "RepoTags": list(self.tags),
            "RepoDigests": [],
            "Parent": "",
            "Comment": "",
            "Created": stamp(self.created),
            "Config": self.config,
            "Architecture": "amd64",
            "Os": "linux",
            "Size": self.size,
            "VirtualSize": self.size,
            "Metadata": {"LastTagTime": stamp(self.tagged)},
        }


def stamp(at: datetime | None) -> str:
    """A time as the engine writes it, with nine decimals; its year 1 stands for never."""
    return f"{at:%Y-%m-%dT%H:%M:%S.%f}000Z" if at else "0001-01-01T00:00:00Z"
