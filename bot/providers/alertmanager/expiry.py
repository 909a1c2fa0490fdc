"""Ending a silence before its time; an expired silence stays on record in Alertmanager."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.alertmanager.matchers import Matcher, is_expressible, written
from bot.providers.alertmanager.server import OURS, SILENCE, Silence, alerts_of, silences_of, unseen
from bot.providers.http.api import Api, Declined

_PAUSES: Final = (0.2, 0.4, 0.8)
_LONGEST: Final = 24 * 60


async def preview(api: Api, which: str, matchers: tuple[Matcher, ...]) -> Preview:
    """What ends, and which alerts are heard again."""
    silence = await _chosen(api, which, matchers)
    pairs = silence.pairs
    quiet = [alert for alert in await alerts_of(api, ()) if silence.id in alert.status.silencedBy]
    heard = sorted({alert.name for alert in quiet})
    return Preview(
        lines=(
            Line(say("silence"), f"{silence.words}, {_until(silence)}", "—"),
            Line(say("alerts that are heard again"), "", ", ".join(heard) or "—"),
        ),
        state={"silence": silence.id, "state": silence.status.state, "updated": silence.updatedAt.isoformat()},
        arguments={"expire": silence.id},
        warnings=() if silence.createdBy == OURS else (say("{who} made this silence.", who=silence.author),),
        undo=_again(silence, pairs) if pairs and is_expressible(pairs) else {},
    )


async def execute(api: Api, shown: Preview) -> Text:
    """End exactly the silence that was shown, if nobody changed it since."""
    id = shown.arguments["expire"]
    silence = await _read(api, id)
    if silence.is_over or silence.updatedAt.isoformat() != shown.state["updated"]:
        raise TargetError("The silence {id} is not as it was shown; nothing was done.", id=id)
    try:
        await api.delete(f"/api/v2/silence/{id}")
    except (Unreachable, TimedOut) as error:
        await _require_over(api, id, error)
    try:
        is_over = (await _read(api, id)).is_over
    except (Unreachable, TimedOut) as error:
        raise unseen(id) from error
    if not is_over:
        raise TargetError("Alertmanager accepted it, but the silence {id} is still in force. Look there.", id=id)
    return say("the silence of {matchers} has ended; its alerts are heard again", matchers=silence.words)


async def _chosen(api: Api, which: str, matchers: tuple[Matcher, ...]) -> Silence:
    if which != "matching":
        silence = await _read(api, which)
        if silence.is_over:
            raise TargetError("The silence {id} is over already; nothing to do.", id=which)
        return silence
    ours = [silence for silence in await silences_of(api, matchers) if silence.createdBy == OURS]
    if len(ours) != 1:
        raise TargetError(
            "There are {count} silences of {matchers} made by Plantão; name the one to end by its id.",
            count=len(ours),
            matchers=written(matchers) or "—",
        )
    return ours[0]


async def _read(api: Api, id: str) -> Silence:
    try:
        return await api.get(SILENCE, f"/api/v2/silence/{id}")
    except Declined as error:
        if error.status in (400, 404):
            raise TargetError("Alertmanager has no silence {id}.", id=id) from error
        raise


async def _require_over(api: Api, id: str, lost: TargetError) -> None:
    """Whether the lost deletion arrived; it is not sent again."""
    is_known = False
    for pause in _PAUSES:
        await asyncio.sleep(pause)
        try:
            if (await _read(api, id)).is_over:
                return
            is_known = True
        except TargetError:
            continue  # whatever keeps us from looking
    if not is_known:
        raise Unreachable(
            "The connection broke while the silence was ended; whether it was is not known. Look in Alertmanager "
            "before anybody tries again."
        ) from lost
    raise TargetError(
        "The connection broke while the silence was ended. Looked at again, it is still in force."
    ) from lost


def _until(silence: Silence) -> str:
    return f"{silence.endsAt:%Y-%m-%d %H:%M}Z"


def _again(silence: Silence, pairs: tuple[Matcher, ...]) -> dict[str, str]:
    """The parameters that silence the same for the time that is left."""
    left = int((silence.endsAt - datetime.now(UTC)).total_seconds() // 60)
    minutes = str(max(1, min(left, _LONGEST)))
    comment = silence.reason if len(silence.reason) >= 3 else "silenced again by Plantão"
    return {"matchers": written(pairs), "minutes": minutes, "comment": comment}
