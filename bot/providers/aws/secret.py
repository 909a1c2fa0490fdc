"""Secrets Manager: that a secret exists and how old it is; its value is never asked for."""

from datetime import UTC, datetime
from typing import Any, Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.aws.account import LIMIT, Account, Address, Document, opened
from bot.providers.aws.refusals import NoSuch

_DAY: Final = 86_400


class Named(Parameters):
    """Which secret, by name or ARN."""

    name: str = Field(max_length=512, pattern=r"^[A-Za-z0-9_/+=.@:-]+$")


async def described(account: Account, name: str) -> Document | None:
    """What Secrets Manager keeps about a secret, never the secret; None when there is none, or it is being deleted."""
    try:
        told = await account.ask("secretsmanager", "describe_secret", SecretId=name)
    except NoSuch:
        return None
    return None if told.get("DeletedDate") else told


async def _read(address: Address, wanted: Named) -> Reading:
    async with opened(address) as account:
        told = await described(account, wanted.name)
    if told is None:
        absent = say("there is no secret {name}", name=wanted.name)
        ages = tuple(Measurement(name, None, "d", absent) for name in ("age_days", "changed_days", "rotated_days"))
        return Reading(absent, (Measurement("exists", False), *ages, Measurement("rotates", None, missing=absent)))
    created, changed, rotated = (
        _days(told.get(name)) for name in ("CreatedDate", "LastChangedDate", "LastRotatedDate")
    )
    unknown = say("AWS does not tell when")
    return Reading(
        _summary(wanted.name, changed, rotated),
        (
            Measurement("exists", True),
            Measurement("age_days", created, "d", unknown if created is None else None),
            Measurement("changed_days", changed, "d", unknown if changed is None else None),
            Measurement("rotated_days", rotated, "d", say("it was never rotated") if rotated is None else None),
            Measurement("rotates", bool(told.get("RotationEnabled"))),
        ),
    )


def _days(at: Any) -> float | None:
    return round((datetime.now(UTC) - at).total_seconds() / _DAY, 1) if isinstance(at, datetime) else None


def _summary(name: str, changed: float | None, rotated: float | None) -> Text:
    if rotated is None:
        return say(
            "{name} is there, changed {changed} days ago, never rotated",
            name=name,
            changed=changed if changed is not None else "?",
        )
    return say("{name} is there, rotated {rotated} days ago", name=name, rotated=rotated)


SECRET = Read("aws_secrets.secret", Address, Named, LIMIT, _read)
