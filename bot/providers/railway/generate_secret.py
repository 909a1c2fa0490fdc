"""A new random value for a secret that only the service itself knows: generated here, set, loaded, shown to nobody."""

import re
import secrets
from base64 import b64encode
from typing import Final

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import CHANGE_LIMIT, follow, redeployed
from bot.providers.railway.graph import opened, seen
from bot.providers.railway.history import history_of, scope_of
from bot.providers.railway.sameness import identity, require_same
from bot.providers.railway.set_variables import set_once, source_of
from bot.providers.railway.variables import not_loaded, values_of
from bot.providers.secrets.secrecy import fingerprint, fingerprints

OWN: Final = re.compile(
    r"^(\w{1,60}_)?((JWT|SESSION|COOKIE|CSRF|SIGNING|REFRESH)_(TOKEN_)?(SECRET|KEY|SALT)|SECRET_KEY)$"
)


class Generate(OfService):
    """Which variable; all of it is the catalog's. `size` is in random bytes, which become base64.

    Only for what a service makes up for itself, such as the key that it signs with: a vendor's key or the password of
    a database means nothing unless the other side is changed too. With `only_missing` one that has a value is left
    alone.
    """

    name: str = Field(pattern=OWN.pattern, max_length=100)
    size: int = Field(32, ge=32, le=64)
    only_missing: bool = False


async def _preview(address: Address, wanted: Generate) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        source = source_of(history)
        now = await values_of(graph, history.scope)
        _require_missing(wanted, now.own(wanted.name))
        waiting, _ = await not_loaded(graph, now, history.present.id) if history.present else ((), None)
    return Preview(
        lines=(
            Line(say("secret {name}", name=wanted.name), _known(now.own(wanted.name), address), "#????????"),
            Line(say("then one redeploy of"), "", source.words),
        ),
        state={**identity(history), "variables": fingerprints(now.written, address.token)},
        arguments={
            "service": wanted.service,
            "name": wanted.name,
            "size": str(wanted.size),
            "only_missing": str(wanted.only_missing).lower(),
        },
        warnings=_warnings(wanted.size, [name for name in waiting if name != wanted.name]),
    )


async def _execute(address: Address, wanted: Generate, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.written, address.token))
        source = source_of(history)
        value = b64encode(secrets.token_bytes(wanted.size)).decode()
        await set_once(graph, history.scope, {wanted.name: value})
        await progress(say("{names} set; one redeploy follows", names=wanted.name))
        try:
            done = await follow(graph, history.scope.name, await redeployed(graph, history, source), progress)
        except TargetError as error:
            reason = error.text
            raise TargetError("{names} are set, but not loaded: {reason}", names=wanted.name, reason=reason) from error
    return say(
        "{name} of {service} has a new value (fingerprint {fingerprint}), loaded by deployment {deployment}",
        name=wanted.name,
        service=history.scope.name,
        fingerprint=fingerprint(value, address.token),
        deployment=done.short,
    )


def _require_missing(wanted: Generate, value: str) -> None:
    if wanted.only_missing and value:
        raise TargetError("{name} has a value; this action only makes up one that is missing.", name=wanted.name)


def _known(value: str, address: Address) -> str:
    return f"#{fingerprint(value, address.token)}" if value else "—"


def _warnings(size: int, others: list[str]) -> tuple[Text, ...]:
    found = [
        say("The earlier value is gone for good: what was signed with it ends, sessions among it. Tell the users."),
        say("The new value is made up from {size} random bytes and shown to nobody.", size=size),
    ]
    if others:
        found.append(say("The redeploy also loads what others changed: {names}.", names=seen(", ".join(others), 300)))
    return tuple(found)


GENERATE_SECRET = Change("railway.generate_secret", Address, Generate, CHANGE_LIMIT, _preview, _execute)
