"""How long CloudWatch keeps a log group: the way to old logs' end that takes no evidence out of its middle."""

from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.findings import Measurement, Reading
from bot.core.operation import Change, Parameters, Progress, Read
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import LIMIT as _READ_LIMIT
from bot.providers.aws.account import Account, Document, opened
from bot.providers.aws.again import look_again
from bot.providers.aws.logs import Address, no_group
from bot.providers.aws.refusals import Changed

_LIMIT: Final = 30.0
_FOR_EVER: Final = 0
_ALLOWED: Final = frozenset(
    {_FOR_EVER, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class Retention(Parameters):
    """For how many days (0: for ever), and the fewest that the catalog allows."""

    days: int = Field(ge=0)
    min: int = Field(ge=1)


async def _read(address: Address, _: Parameters) -> Reading:
    async with opened(address) as account:
        group = await _group(account, address)
    days, stored = _days(group), round(int(group.get("storedBytes", 0)) / 1_000_000, 1)
    return Reading(
        say("{group} keeps its lines for {days}; {size} MB", group=address.group, days=_shown(days), size=stored),
        (
            Measurement("for_ever", days == _FOR_EVER),
            Measurement("days", days or None, "d", None if days else say("its lines are kept for ever")),
            Measurement("stored_mb", stored, "MB"),
        ),
    )


async def _preview(address: Address, wanted: Retention) -> Preview:
    _require_allowed(wanted)
    async with opened(address) as account:
        present = _days(await _group(account, address))
    if present == wanted.days:
        raise TargetError("{group} is kept for {days} already.", group=address.group, days=_shown(present))
    return Preview(
        lines=(Line(say("how long {group} is kept", group=address.group), _shown(present), _shown(wanted.days)),),
        state={"group": address.group, "days": str(present)},
        arguments={"days": str(wanted.days), "min": str(wanted.min)},
        warnings=_warnings(present, wanted.days),
        # The floor is lowered where need be: what is there now must be reachable again.
        undo={"days": str(present), "min": str(min(wanted.min, present) if present else wanted.min)},
    )


async def _execute(address: Address, wanted: Retention, preview: Preview, _: Progress) -> Text:
    _require_allowed(wanted)
    async with opened(address) as account:
        if {"group": address.group, "days": str(_days(await _group(account, address)))} != dict(preview.state):
            raise Changed("{group} no longer looks as it was shown; nothing was done.", group=address.group)
        try:
            await _set(account, address, wanted.days)
        except (Unreachable, TimedOut) as error:
            await _require_set(account, address, wanted.days, error)
    return say("{group} is kept for {days} now", group=address.group, days=_shown(wanted.days))


async def _group(account: Account, address: Address) -> Document:
    """The one with exactly this name; AWS looks for beginnings, the shortest first."""
    answer = await account.ask("logs", "describe_log_groups", logGroupNamePrefix=address.group)
    found = [one for one in answer.get("logGroups", []) if one.get("logGroupName") == address.group]
    if not found:
        raise no_group(address)
    return dict(found[0])


async def _set(account: Account, address: Address, days: int) -> None:
    if days == _FOR_EVER:
        await account.ask("logs", "delete_retention_policy", logGroupName=address.group)
    else:
        await account.ask("logs", "put_retention_policy", logGroupName=address.group, retentionInDays=days)


async def _require_set(account: Account, address: Address, days: int, lost: TargetError) -> None:
    seen = await look_again(lambda: _group(account, address), lambda group: _days(group) == days)
    if seen is None:
        raise Unreachable(
            "The connection broke while {group} was changed; for how long it is kept now is not known. Look at it "
            "before anybody tries again.",
            group=address.group,
        ) from lost
    if _days(seen) != days:
        raise Unreachable(
            "The answer was lost. Looked at again, {group} is kept as before.", group=address.group
        ) from lost


def _days(group: Document) -> int:
    return int(group.get("retentionInDays") or _FOR_EVER)


def _require_allowed(wanted: Retention) -> None:
    if wanted.days not in _ALLOWED:
        raise TargetError(
            "AWS keeps logs for 90, 180, 365 and some other numbers of days, not for {days}.", days=wanted.days
        )
    if wanted.days != _FOR_EVER and wanted.days < wanted.min:
        raise TargetError("Logs are kept for {min} days at least, not for {days}.", min=wanted.min, days=wanted.days)


def _shown(days: int) -> str:
    return f"{days} d" if days else "∞"


def _warnings(present: int, wanted: int) -> tuple[Text, ...]:
    if wanted == _FOR_EVER or (present and wanted > present):
        return ()
    return (
        say(
            "AWS deletes what is older within three days, and it does not come back. Is nobody keeping it as evidence?"
        ),
    )


GROUP = Read("cloudwatch_logs.group", Address, Parameters, _READ_LIMIT, _read)
RETENTION = Change("cloudwatch_logs.retention", Address, Retention, _LIMIT, _preview, _execute)
