"""WAF address lists: who is blocked, and for how much longer.

WAF itself lets nothing expire. The end of each block is kept as a tag on the list (`plantao/203.0.113.7/32` = a time),
so that it survives the bot and anybody can see it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import say
from bot.providers.aws.account import LIMIT, Account, opened
from bot.providers.aws.account import Address as _Account
from bot.providers.aws.refusals import NoSuch

TAG: Final = "plantao/"
_SHOWN: Final = 20


class Address(_Account):
    """Regional lists, or with `CLOUDFRONT` those of the edge, which live in us-east-1."""

    scope: Literal["REGIONAL", "CLOUDFRONT"] = "REGIONAL"

    @model_validator(mode="after")
    def _is_at_the_edge(self) -> Self:
        if self.scope == "CLOUDFRONT" and self.region != "us-east-1":
            raise ValueError("scope CLOUDFRONT needs region us-east-1")
        return self


class Listed(Parameters):
    """Which list: WAF wants its name and its id."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,128}$")
    id: str = Field(pattern=r"^[A-Za-z0-9_-]{1,36}$")


@dataclass(frozen=True, slots=True)
class AddressList:
    """A list as it is now; `ends` holds when our blocks end, `lock` must be returned with a change."""

    name: str
    arn: str
    version: int
    description: str
    addresses: tuple[str, ...]
    lock: str
    ends: dict[str, datetime]

    def overdue(self, now: datetime) -> list[str]:
        return [one for one in self.addresses if one in self.ends and self.ends[one] <= now]


async def list_of(account: Account, address: Address, wanted: Listed) -> AddressList:
    """The list and the ends of its blocks."""
    try:
        answer = await account.ask("wafv2", "get_ip_set", Name=wanted.name, Id=wanted.id, Scope=address.scope)
    except NoSuch as error:
        raise TargetError("There is no address list {name} in WAF with this id.", name=wanted.name) from error
    told = answer["IPSet"]
    tags = await account.ask("wafv2", "list_tags_for_resource", ResourceARN=told["ARN"])
    kept = tags.get("TagInfoForResource", {}).get("TagList", [])
    return AddressList(
        name=str(told["Name"]),
        arn=str(told["ARN"]),
        version=6 if told["IPAddressVersion"] == "IPV6" else 4,
        description=str(told.get("Description", "")),
        addresses=tuple(map(str, told.get("Addresses", []))),
        lock=str(answer["LockToken"]),
        ends={tag["Key"].removeprefix(TAG): at for tag in kept if (at := _end(tag["Key"], tag["Value"]))},
    )


def _end(key: str, value: str) -> datetime | None:
    if not key.startswith(TAG):
        return None
    try:
        return datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError:
        return None


async def _read(address: Address, wanted: Listed) -> Reading:
    async with opened(address) as account:
        found = await list_of(account, address, wanted)
    overdue = found.overdue(datetime.now(UTC))
    return Reading(
        say(
            "addresses blocked by {name}: {count}, longer than decided: {overdue}",
            count=len(found.addresses),
            name=found.name,
            overdue=len(overdue),
        ),
        (
            Measurement("addresses", len(found.addresses)),
            Measurement("temporary", sum(one in found.ends for one in found.addresses)),
            Measurement("overdue", len(overdue)),
        ),
        tuple(
            _shown(one, found) for one in [*overdue, *(one for one in found.addresses if one not in overdue)][:_SHOWN]
        ),
    )


def _shown(one: str, found: AddressList) -> str:
    end = found.ends.get(one)
    return mask(one) + (f"  until {end:%Y-%m-%d %H:%M}Z" if end else "")


IP_SET = Read("waf.ip_set", Address, Listed, LIMIT, _read)
