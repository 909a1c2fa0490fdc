"""`app_api.revoke_key`: ends one customer's key, named by its id and confirmed by its company; it cannot come back."""

from typing import Final

from pydantic import Field

from bot.core.errors import Denied, TargetError, TimedOut
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.app_api.address import Address, Id, api_of
from bot.providers.app_api.keys import Key, KeyList, keys
from bot.providers.web_api import Api, Lost, Request, came_true

_LIMIT: Final = 30.0


class Revocation(KeyList):
    """Which key; `of_company`, when given, must be its owner. The rest says how keys are listed (see KeyList)."""

    key_id: Id
    of_company: str = Field("", max_length=100)


async def _preview(address: Address, wanted: Revocation) -> Preview:
    api = api_of(address)
    found = await keys(api, wanted)
    key = _alive(found, wanted)
    others = sum(one.company == key.company and one.is_alive for one in found) - 1
    last = say(
        "It is the only valid key of {company}: that customer is cut off until it has a new one.", company=key.company
    )
    return Preview(
        lines=(
            Line(say("key"), key.id, "-"),
            Line(say("company"), key.company, key.company),
            Line(say("last used"), key.used, key.used),
            Line(say("created"), key.created, key.created),
            Line(say("other valid keys of this company"), str(others), str(others)),
        ),
        # Not the last use: a key in the wrong hands is used while people read this.
        state={"key_id": key.id, "company": key.company, "created": key.created},
        arguments=_arguments(wanted, key),
        warnings=(
            say("A revoked key cannot come back. Warn the customer first where that is possible."),
            *(() if others else (last,)),
        ),
    )


async def _execute(address: Address, wanted: Revocation, preview: Preview, progress: Progress) -> Text:
    api = api_of(address)
    key = _alive(await keys(api, wanted), wanted)
    if {"key_id": key.id, "company": key.company, "created": key.created} != dict(preview.state):
        raise TargetError("The key {key} is no longer as it was shown; nothing was done.", key=wanted.key_id)
    await progress(say("revoking the key {key} of {company}", key=key.id, company=key.company))
    lost = await _delete(api, wanted)
    if not await came_true(lambda: _is_dead(api, wanted), lost):
        if lost:
            raise TargetError("The connection broke, and the key {key} is still valid.", key=key.id) from lost
        raise TargetError("The application accepted it, but the key {key} is still valid.", key=key.id)
    return say("the key {key} of {company} is revoked", key=key.id, company=key.company)


async def _delete(api: Api, wanted: Revocation) -> Lost | TimedOut | None:
    """Sends it once; the error stands for an answer that never came."""
    try:
        answer = await api.ask(Request(f"{wanted.path}/{wanted.key_id}", "DELETE"))
    except (Lost, TimedOut) as error:
        return error
    if answer.status >= 500:
        return Lost("{vendor} is in trouble, it answered {status}.", vendor=api.vendor, status=answer.status)
    if answer.status == 404:
        raise TargetError("Somebody else has removed the key {key} meanwhile.", key=wanted.key_id)
    if not answer.is_good:
        raise api.refusal(answer)
    return None


async def _is_dead(api: Api, wanted: Revocation) -> bool:
    try:
        found = await keys(api, wanted)
    except Denied as error:
        raise TargetError(
            "The key {key} was the one this bot uses: it is refused now. Put a new one behind this target.",
            key=wanted.key_id,
        ) from error
    except TargetError as error:
        raise Lost(
            "{reason} Whether the key {key} is revoked is not known: look at the keys first.",
            reason=error.text,
            key=wanted.key_id,
        ) from error
    return not any(one.id == wanted.key_id and one.is_alive for one in found)


def _alive(found: list[Key], wanted: Revocation) -> Key:
    named = [key for key in found if key.id == wanted.key_id]
    if len(named) != 1:
        raise TargetError("There is no key {key}.", key=wanted.key_id)
    key = named[0]
    if not key.is_alive:
        raise TargetError("The key {key} is revoked already.", key=key.id)
    if wanted.of_company and key.company != wanted.of_company:
        raise TargetError(
            "The key {key} belongs to {company}, not to {given}. Look again which key is meant.",
            key=key.id,
            company=key.company,
            given=wanted.of_company,
        )
    return key


def _arguments(wanted: Revocation, key: Key) -> dict[str, str]:
    return {name: str(value) for name, value in wanted.model_dump().items()} | {"of_company": key.company}


REVOKE_KEY = Change("app_api.revoke_key", Address, Revocation, _LIMIT, _preview, _execute)
