"""Blocking an address at the edge for some hours, and letting it in again: read, merge, write with the lock."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import Account, opened
from bot.providers.aws.again import look_again
from bot.providers.aws.refusals import Changed
from bot.providers.aws.waf import TAG, Address, AddressList, Listed, list_of

Network: TypeAlias = IPv4Network | IPv6Network

_LIMIT: Final = 30.0
_WIDEST: Final = {4: 24, 6: 48}
_TAGS: Final = 45
"""A list can carry 50 tags, and the team may want some."""


def _canonical(value: str) -> str:
    try:
        return str(ip_network(value.strip()))
    except ValueError:
        raise ValueError("not an address such as 203.0.113.7, nor a network such as 203.0.113.0/24") from None


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


_Address = Annotated[str, Field(max_length=60), AfterValidator(_canonical)]


class Block(Listed):
    """Whom to block and for how long; `never` are the networks of partners and our own, from the catalog."""

    address: _Address
    hours: int = Field(24, ge=1, le=24 * 7)
    never: Annotated[tuple[_Address, ...], BeforeValidator(_split)] = ()


class Unblock(Listed):
    """Whom to let in again."""

    address: _Address


async def _preview_block(address: Address, wanted: Block) -> Preview:
    network = ip_network(wanted.address)
    _require_blockable(network, wanted)
    async with opened(address) as account:
        found = await list_of(account, address, wanted)
    _require_room(found, network)
    return Preview(
        lines=(
            Line(say("address"), "", wanted.address),
            Line(say("blocked for"), "", f"{wanted.hours} h"),
            Line(say("addresses blocked"), str(len(found.addresses)), str(len(found.addresses) + 1)),
        ),
        state={"arn": found.arn, "lock": found.lock},
        arguments={
            "name": wanted.name,
            "id": wanted.id,
            "address": wanted.address,
            "hours": str(wanted.hours),
            "never": ",".join(wanted.never),
        },
        warnings=_block_warnings(network),
    )


async def _execute_block(address: Address, wanted: Block, preview: Preview, _: Progress) -> Text:
    blocked = preview.arguments["address"]
    end = datetime.now(UTC) + timedelta(hours=int(preview.arguments["hours"]))
    async with opened(address) as account:
        found = await _as_shown(account, address, wanted, preview)
        await _note(account, found, blocked, end)
        try:
            await _write_once(account, address, wanted, found, (*found.addresses, blocked))
        except Changed:
            with suppress(TargetError):
                await _forget(account, found, blocked)
            raise
    return say("{address} is blocked by {name} until {end}", address=blocked, name=found.name, end=end)


async def _preview_unblock(address: Address, wanted: Unblock) -> Preview:
    async with opened(address) as account:
        found = await list_of(account, address, wanted)
    if wanted.address not in found.addresses:
        raise TargetError("{address} is not blocked by {name}.", address=wanted.address, name=found.name)
    return Preview(
        lines=(
            Line(say("address"), wanted.address, ""),
            Line(say("addresses blocked"), str(len(found.addresses)), str(len(found.addresses) - 1)),
        ),
        state={"arn": found.arn, "lock": found.lock},
        arguments={"name": wanted.name, "id": wanted.id, "address": wanted.address},
    )


async def _execute_unblock(address: Address, wanted: Unblock, preview: Preview, _: Progress) -> Text:
    freed = preview.arguments["address"]
    async with opened(address) as account:
        found = await _as_shown(account, address, wanted, preview)
        await _write_once(account, address, wanted, found, tuple(one for one in found.addresses if one != freed))
        try:
            if freed in found.ends:
                await _forget(account, found, freed)
        except TargetError as error:
            return say(
                "{address} is no longer blocked by {name}; the note of its end stays there: {reason}",
                address=freed,
                name=found.name,
                reason=error.text,
            )
    return say("{address} is no longer blocked by {name}", address=freed, name=found.name)


async def _note(account: Account, found: AddressList, blocked: str, end: datetime) -> None:
    """The end first: a block that nobody knows the end of must not exist."""
    tag = {"Key": f"{TAG}{blocked}", "Value": f"{end:%Y-%m-%dT%H:%MZ}"}
    try:
        await account.ask("wafv2", "tag_resource", ResourceARN=found.arn, Tags=[tag])
    except (Unreachable, TimedOut) as error:
        raise TargetError("{reason} Nothing was blocked.", reason=error.text) from error


async def _forget(account: Account, found: AddressList, freed: str) -> None:
    """A note without its block would take up the room of others."""
    await account.ask("wafv2", "untag_resource", ResourceARN=found.arn, TagKeys=[f"{TAG}{freed}"])


def _require_blockable(network: Network, wanted: Block) -> None:
    if not network.is_global or network.is_multicast:
        raise TargetError(
            "{address} is a private or reserved address; blocking it would hit ourselves.", address=wanted.address
        )
    widest = _WIDEST[network.version]
    if network.prefixlen < widest:
        raise TargetError(
            "{address} is too wide: that would lock out whole providers. At most a /{widest}.",
            address=wanted.address,
            widest=widest,
        )
    for kept in wanted.never:
        other = ip_network(kept)
        if other.version == network.version and network.overlaps(other):
            raise TargetError(
                "{address} must never be blocked: the catalog lists {kept} as ours or a partner's.",
                address=wanted.address,
                kept=kept,
            )


def _require_room(found: AddressList, network: Network) -> None:
    if found.version != network.version:
        raise TargetError(
            "{name} holds IPv{version} addresses only; {address} belongs on another list.",
            name=found.name,
            version=found.version,
            address=str(network),
        )
    holding = next((one for one in found.addresses if network.subnet_of(ip_network(one))), None)  # type: ignore[arg-type]
    if holding is not None:
        raise TargetError("{address} is blocked already, by {holding}.", address=str(network), holding=holding)
    if len(found.ends) >= _TAGS:
        raise TargetError(
            "{name} holds {count} temporary blocks, which is all it can. End some first.", name=found.name, count=_TAGS
        )


def _block_warnings(network: Network) -> tuple[Text, ...]:
    reminder = say("WAF lets nothing expire by itself: when the time is over, the check on this list says so.")
    if network.num_addresses == 1:
        return (reminder,)
    return (say("This blocks {count} addresses at once.", count=network.num_addresses), reminder)


async def _as_shown(account: Account, address: Address, wanted: Listed, preview: Preview) -> AddressList:
    found = await list_of(account, address, wanted)
    if found.arn != preview.state["arn"] or found.lock != preview.state["lock"]:
        raise Changed("The list {name} no longer looks as it was shown; nothing was done.", name=found.name)
    return found


async def _write_once(
    account: Account, address: Address, wanted: Listed, found: AddressList, addresses: tuple[str, ...]
) -> None:
    """The whole list with the lock of the one that was read: AWS refuses it when anybody else was faster."""
    described = {"Description": found.description} if found.description else {}
    try:
        await account.ask(
            "wafv2",
            "update_ip_set",
            Name=wanted.name,
            Id=wanted.id,
            Scope=address.scope,
            Addresses=list(addresses),
            LockToken=found.lock,
            **described,
        )
    except (Unreachable, TimedOut) as error:
        await _require_written(account, address, wanted, set(addresses), error)


async def _require_written(
    account: Account, address: Address, wanted: Listed, addresses: set[str], error: TargetError
) -> None:
    """After a lost answer: look, and never send again."""
    seen = await look_again(lambda: list_of(account, address, wanted), lambda found: set(found.addresses) == addresses)
    if seen is None:
        raise Unreachable(
            "The connection broke while the list {name} was written; whether it was is not known. Look at it before "
            "anybody tries again.",
            name=wanted.name,
        ) from error
    if set(seen.addresses) != addresses:
        raise TargetError(
            "The connection broke while the list {name} was written. Looked at again, it is unchanged.",
            name=wanted.name,
        ) from error


BLOCK = Change("waf.block", Address, Block, _LIMIT, _preview_block, _execute_block)
UNBLOCK = Change("waf.unblock", Address, Unblock, _LIMIT, _preview_unblock, _execute_unblock)
