"""What the documents of a deployment say: its revisions, images, counts and the state of its rollout."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

from bot.core.redaction import mask
from bot.providers.kubernetes.cluster import Cluster, Document
from bot.providers.kubernetes.resources import REPLICA_SETS

CHANGE_CAUSE: Final = "kubernetes.io/change-cause"
_REVISION: Final = "deployment.kubernetes.io/revision"
_PAST_REVISIONS: Final = "deployment.kubernetes.io/revision-history"
_HASH_LABEL: Final = "pod-template-hash"
_CAUSE_LIMIT: Final = 120
_AUTHOR: Final = re.compile(r"(?:\bby|\bpor)\s+([\w.@*-]{1,60})")


class Rollout(StrEnum):
    """How far the present template has come."""

    COMPLETE = "complete"
    GOING = "in progress"
    STUCK = "stuck"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods of a deployment, as its controller last saw them."""

    desired: int
    total: int
    updated: int
    ready: int
    available: int
    unavailable: int
    is_observed: bool

    @property
    def are_complete(self) -> bool:
        return self.is_observed and self.total == self.updated == self.available == self.desired


def counts_of(deployment: Document) -> Counts:
    status = deployment.get("status") or {}
    return Counts(
        desired=deployment["spec"].get("replicas", 1),
        total=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        unavailable=status.get("unavailableReplicas", 0),
        is_observed=status.get("observedGeneration", 0) >= deployment["metadata"].get("generation", 0),
    )


def rollout_of(deployment: Document) -> Rollout:
    if counts_of(deployment).are_complete:
        return Rollout.COMPLETE
    if deployment["spec"].get("paused"):
        return Rollout.PAUSED
    return Rollout.STUCK if condition(deployment, "Progressing").get("status") == "False" else Rollout.GOING


def condition(deployment: Document, name: str) -> Document:
    """The condition of this type; empty when the controller has not set it."""
    conditions: list[Document] = (deployment.get("status") or {}).get("conditions") or []
    return next((one for one in conditions if one["type"] == name), {})


@dataclass(frozen=True, slots=True)
class Revision:
    """One replica set as an entry of the history."""

    number: int
    past: tuple[int, ...]
    template: Document
    cause: str
    created: datetime

    @property
    def images(self) -> tuple[str, ...]:
        return images_of(self.template)

    @property
    def digest(self) -> str:
        return digest_of(self.template)


async def revisions_of(cluster: Cluster, deployment: Document) -> list[Revision]:
    """Newest first; only replica sets that this very deployment owns."""
    found = await cluster.all_of(REPLICA_SETS, labelSelector=selector_of(deployment))
    uid = deployment["metadata"]["uid"]
    owned = [one for one in found if any(owner["uid"] == uid for owner in one["metadata"].get("ownerReferences", []))]
    return sorted(map(_revision, owned), key=lambda revision: revision.number, reverse=True)


def _revision(replica_set: Document) -> Revision:
    notes = annotations_of(replica_set)
    past = tuple(int(number) for number in notes.get(_PAST_REVISIONS, "").split(",") if number)
    created = moment(replica_set["metadata"]["creationTimestamp"])
    template = bare(replica_set["spec"]["template"])
    return Revision(revision_number(replica_set), past, template, cause_of(replica_set), created)


def present_of(deployment: Document, revisions: Iterable[Revision]) -> Revision | None:
    """The revision that the deployment asks for; None until its controller has seen the newest change."""
    digest = digest_of(deployment["spec"]["template"])
    return next((revision for revision in revisions if revision.digest == digest), None)


def revision_number(document: Document) -> int:
    return int(annotations_of(document).get(_REVISION, 0))


def cause_of(document: Document) -> str:
    return mask(annotations_of(document).get(CHANGE_CAUSE, ""))[:_CAUSE_LIMIT]


def author_of(revision: Revision) -> str:
    """Who made it, where the change cause says so: `release 2.4.0 by ana.souza`."""
    found = _AUTHOR.search(revision.cause)
    return found[1] if found else ""


def annotations_of(document: Document) -> dict[str, str]:
    return document["metadata"].get("annotations") or {}


def images_of(template: Document) -> tuple[str, ...]:
    return tuple(container["image"] for container in template["spec"]["containers"])


def image_words(images: Iterable[str]) -> str:
    """Images for people; digests are shortened."""
    return mask(", ".join(images))


def bare(template: Document) -> Document:
    """A template without the hash label that its replica set adds."""
    metadata: dict[str, Any] = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != _HASH_LABEL}
    return {**template, "metadata": {**metadata, "labels": labels}}


def digest_of(template: Document) -> str:
    """Twelve hexadecimal digits, equal for equal templates."""
    return hashlib.sha256(json.dumps(bare(template), sort_keys=True).encode()).hexdigest()[:12]


def selector_of(deployment: Document) -> str:
    """The deployment's selector as a query writes it."""
    selector = deployment["spec"]["selector"]
    parts = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    return ",".join(parts + [_requirement(one) for one in selector.get("matchExpressions") or []])


def _requirement(expression: Document) -> str:
    key, values = expression["key"], ",".join(expression.get("values") or [])
    written: dict[str, str] = {
        "In": f"{key} in ({values})",
        "NotIn": f"{key} notin ({values})",
        "Exists": key,
        "DoesNotExist": f"!{key}",
    }
    return written[str(expression["operator"])]


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def age(since: datetime) -> str:
    """A length of time in one unit: `26 h`, `9 d`, `4 min`."""
    minutes = max(0, int((datetime.now(UTC) - since).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
