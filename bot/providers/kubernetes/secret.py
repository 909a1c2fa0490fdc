"""A secret's existence, age and last change; its contents are not even asked for."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import say
from bot.providers.kubernetes.address import NAME, Address
from bot.providers.kubernetes.cluster import LIMIT, Document, opened
from bot.providers.kubernetes.refusals import Absent
from bot.providers.kubernetes.resources import SECRETS
from bot.providers.kubernetes.workloads import moment


class SecretName(Parameters):
    """Which secret."""

    name: str = Field(pattern=NAME)


async def _read(address: Address, wanted: SecretName) -> Reading:
    async with opened(address) as cluster:
        try:
            secret = await cluster.read_metadata(SECRETS, wanted.name)
        except Absent:
            reason = say("there is no secret {name}", name=wanted.name)
            names = (("age_days", "d"), ("changed_days", "d"), ("keys", ""))
            rest = (Measurement(name, None, unit, reason) for name, unit in names)
            return Reading(reason, (Measurement("exists", False), *rest))
    return _told(wanted.name, secret)


def _told(name: str, secret: Document) -> Reading:
    metadata = secret["metadata"]
    age, changed, keys = _days(metadata["creationTimestamp"]), _changed(metadata), _keys(metadata)
    untold = say("the cluster does not record who changed this secret and when")
    return Reading(
        say(
            "{name} exists, {age} days old, last changed {changed} days ago",
            name=name,
            age=age,
            changed="?" if changed is None else changed,
        ),
        (
            Measurement("exists", True),
            Measurement("age_days", age, "d"),
            Measurement("changed_days", changed, "d", untold if changed is None else None),
            Measurement("keys", len(keys) or None, "", None if keys else untold),
        ),
    )


def _days(stamp: str) -> float:
    return round((datetime.now(UTC) - moment(stamp)).total_seconds() / 86400, 1)


def _changed(metadata: dict[str, Any]) -> float | None:
    """Days since somebody wrote the contents; later notes on the labels alone do not count."""
    times = [one["time"] for one in metadata.get("managedFields") or [] if one.get("time") and _owned(one)]
    return min(map(_days, times), default=None)


def _keys(metadata: dict[str, Any]) -> set[str]:
    return {key for one in metadata.get("managedFields") or [] for key in _owned(one)}


def _owned(entry: dict[str, Any]) -> set[str]:
    data = (entry.get("fieldsV1") or {}).get("f:data") or {}
    return {key for key in data if key.startswith("f:")}


SECRET = Read("kubernetes.secret", Address, SecretName, LIMIT, _read)
