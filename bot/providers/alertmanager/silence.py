"""Silencing alerts for a limited time, and ending a silence: the one undoes the other."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.alertmanager import expiry
from bot.providers.alertmanager.matchers import Matchers, parsed, written
from bot.providers.alertmanager.server import (
    CREATED,
    OURS,
    Address,
    Alert,
    Silence,
    alerts_of,
    reached,
    silences_of,
    unseen,
)
from bot.providers.http.api import Api

_EXECUTE_LIMIT: Final = 30.0
_PAUSES: Final = (0.2, 0.4, 0.8)
_NAMES_SHOWN: Final = 10


class Wanted(Parameters):
    """Silence the alerts of these labels (`alertname=HighErrorRate, severity=critical`) for some time, with a reason.

    With `expire` it ends a silence instead: the one of this id, or with `matching` our own of exactly these matchers.
    """

    matchers: Matchers = ""
    minutes: int = Field(60, ge=1, le=24 * 60)
    comment: str = Field("", max_length=200)
    expire: str = Field("", pattern=r"^(matching|[0-9a-fA-F-]{36})?$")


async def _preview(address: Address, wanted: Wanted) -> Preview:
    async with reached(address) as api:
        if wanted.expire:
            return await expiry.preview(api, wanted.expire, parsed(wanted.matchers))
        _require_complete(wanted)
        await _require_unsilenced(api, wanted)
        covered = await alerts_of(api, parsed(wanted.matchers))
    kinds = _kinds(covered)
    return Preview(
        lines=(
            Line(say("silence"), "", f"{wanted.matchers}, {wanted.minutes} min"),
            Line(say("alerts that nobody hears"), "", _listed(covered) or "—"),
            Line(say("reason"), "", wanted.comment),
        ),
        state={"alerts": ", ".join(kinds)},
        arguments={"matchers": wanted.matchers, "minutes": str(wanted.minutes), "comment": wanted.comment},
        warnings=tuple(_warnings(covered, wanted)),
        undo={"matchers": wanted.matchers, "expire": "matching"},
    )


def _require_complete(wanted: Wanted) -> None:
    if not wanted.matchers:
        raise TargetError("Name the alerts to silence, for example `alertname=HighErrorRate`.")
    if len(wanted.comment.strip()) < 3:
        raise TargetError("Give a reason; whoever misses the alert will look for it.")


async def _require_unsilenced(api: Api, wanted: Wanted) -> None:
    existing = await silences_of(api, parsed(wanted.matchers))
    if existing:
        raise TargetError(
            "These alerts are silenced already, until {until} by {who}. Expire that silence first: {id}",
            until=existing[0].endsAt,
            who=existing[0].author,
            id=existing[0].id,
        )


def _kinds(covered: Sequence[Alert]) -> list[str]:
    """Names and severities, not instances: another pod with the same alert does not change what was approved."""
    return sorted({alert.name for alert in covered})


def _listed(covered: Sequence[Alert]) -> str:
    kinds = _kinds(covered)
    counted = [f"{name} ×{sum(alert.name == name for alert in covered)}" for name in kinds[:_NAMES_SHOWN]]
    more = len(kinds) - _NAMES_SHOWN
    return ", ".join(counted) + (f", +{more}" if more > 0 else "")


def _warnings(covered: Sequence[Alert], wanted: Wanted) -> list[Text]:
    found = []
    critical = sum(alert.is_critical for alert in covered)
    if not covered:
        found.append(say("No alert matches now; the silence would only cover alerts to come."))
    if critical:
        found.append(say("Critical alerts among them: {count}.", count=critical))
    if "alertname" not in dict(parsed(wanted.matchers)):
        found.append(say("No alert is named: it also silences other alerts of these labels that begin later."))
    return found


async def _execute(address: Address, wanted: Wanted, preview: Preview, progress: Progress) -> Text:
    async with reached(address) as api:
        if wanted.expire or "expire" in preview.arguments:
            return await expiry.execute(api, preview)
        shown = Wanted.model_validate(dict(preview.arguments))
        await _require_unsilenced(api, shown)
        if ", ".join(_kinds(await alerts_of(api, parsed(shown.matchers)))) != preview.state["alerts"]:
            raise TargetError("Other alerts match now than were shown; nothing was silenced.")
        silence = await _create_once(api, shown)
        await progress(say("silence {id} was accepted", id=silence))
        try:
            return await _confirmed(api, silence, shown)
        except (Unreachable, TimedOut) as error:
            raise unseen(silence) from error


async def _create_once(api: Api, shown: Wanted) -> str:
    """The id of the new silence; when the answer is lost it is looked for, never sent again."""
    begins = datetime.now(UTC)
    ends = begins + timedelta(minutes=shown.minutes)
    pairs = parsed(shown.matchers)
    body = {
        "matchers": [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in pairs],
        "startsAt": begins.isoformat(),
        "endsAt": ends.isoformat(),
        "createdBy": OURS,
        "comment": shown.comment,
    }
    try:
        return (await api.send(CREATED, "POST", "/api/v2/silences", body)).silenceID
    except (Unreachable, TimedOut) as error:
        return await _found(api, shown, ends, error)


async def _found(api: Api, shown: Wanted, ends: datetime, lost: TargetError) -> str:
    """The silence that ends in exactly our microsecond."""
    seen: list[Silence] | None = None
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        try:
            seen = await silences_of(api, parsed(shown.matchers))
        except TargetError:
            continue  # whatever keeps us from looking
        for silence in seen:
            if silence.createdBy == OURS and abs(silence.endsAt - ends) < timedelta(milliseconds=1):
                return silence.id
    if seen is None:
        raise Unreachable(
            "The connection broke while the silence was sent; whether it was made is not known. Look in Alertmanager "
            "before anybody tries again."
        ) from lost
    raise TargetError(
        "The connection broke while the silence was sent. Looked at again, there is none; the alerts are heard."
    ) from lost


async def _confirmed(api: Api, id: str, shown: Wanted) -> Text:
    """The silence as Alertmanager has it; raises TargetError when it has none of this id."""
    made = next((one for one in await silences_of(api, parsed(shown.matchers)) if one.id == id), None)
    if made is None:
        raise TargetError("Alertmanager accepted the silence {id}, but it is not in force. Look there.", id=id)
    quiet = [alert for alert in await alerts_of(api, parsed(shown.matchers)) if id in alert.status.silencedBy]
    return say(
        "{matchers} is silenced until {until}; alerts quiet now: {count} (silence {id})",
        matchers=written(made.pairs or ()),
        until=made.endsAt,
        count=len(quiet),
        id=id,
    )


SILENCE = Change("alertmanager.silence", Address, Wanted, _EXECUTE_LIMIT, _preview, _execute)
