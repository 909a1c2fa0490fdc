"""Setting one secret to what the team's store holds for it, and loading it with one redeploy; nobody sees the value."""

from typing import Final

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.railway.address import Address, OfService
from bot.providers.railway.follow import CHANGE_LIMIT, follow, redeployed
from bot.providers.railway.graph import Graph, opened, seen
from bot.providers.railway.history import History, history_of, scope_of
from bot.providers.railway.sameness import Changed, identity, require_same
from bot.providers.railway.set_variables import set_once, source_of
from bot.providers.railway.variables import Values, not_loaded, values_of
from bot.providers.secrets.secrecy import fingerprint, fingerprints
from bot.providers.secrets.stored import FromStore, Stored, arguments, shown, taken, warnings, way_back

_SERVICE: Final = "service"


class StoreAddress(Stored, Address):
    """A project on Railway, and what the store holds for one variable there."""


class SetSecret(FromStore, OfService):
    """One secret of one service; all of it is the catalog's, but for the answer whether it has leaked."""


async def _preview(address: StoreAddress, wanted: SetSecret) -> Preview:
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        history.require_quiet()
        source = source_of(history)
        now = await values_of(graph, history.scope)
        waiting, _ = await not_loaded(graph, now, history.present.id) if history.present else ((), None)
    present = _present(wanted, now, waiting, address)
    new = taken(address, wanted, present, address.token)
    back = way_back(address, wanted, present, address.token)
    others = [name for name in waiting if name != wanted.name]
    return Preview(
        lines=(
            Line(say("secret {name}", name=wanted.name), shown(present, address.token), shown(new, address.token)),
            Line(say("then one redeploy of"), "", source.words),
        ),
        state={
            **identity(history),
            "variables": fingerprints(now.written, address.token),
            "store": fingerprint(new, address.token),
        },
        arguments={_SERVICE: wanted.service, **arguments(wanted)},
        warnings=(
            *warnings(wanted, can_return=bool(back)),
            *([say("The redeploy also loads what others changed: {names}.", names=_names(others))] if others else ()),
        ),
        undo={_SERVICE: wanted.service, **back} if back else {},
    )


def _present(wanted: SetSecret, now: Values, waiting: tuple[str, ...], address: StoreAddress) -> str:
    value = now.own(wanted.name)
    if value and value == address.held(wanted.version) and wanted.name in waiting:
        raise TargetError(
            "{name} has this value of the store already, but it is not loaded: redeploy the service.", name=wanted.name
        )
    return value


def _names(others: list[str]) -> str:
    return seen(", ".join(others), 300)


async def _execute(address: StoreAddress, wanted: SetSecret, preview: Preview, progress: Progress) -> Text:
    new = address.held(wanted.version)
    async with opened(address) as graph:
        history = await history_of(graph, await scope_of(graph, address, wanted.service))
        now = await values_of(graph, history.scope)
        require_same(history, preview.state, fingerprints(now.written, address.token))
        if fingerprint(new, address.token) != preview.state["store"]:
            raise Changed("The store holds another value than the one that was shown; nothing was done.")
        present = now.written.get(wanted.name, "")
        deployment = await _loaded(graph, history, wanted, new, progress)
    return say(
        "{name} of {service} is what the store holds (fingerprint {after}, before {before}), loaded by deployment "
        "{deployment}",
        name=wanted.name,
        service=history.scope.name,
        after=shown(new, address.token),
        before=shown(present, address.token),
        deployment=deployment,
    )


async def _loaded(graph: Graph, history: History, wanted: SetSecret, new: str, progress: Progress) -> str:
    """The deployment that has loaded it."""
    try:
        await set_once(graph, history.scope, {wanted.name: new})
    except TargetError as error:
        raise TargetError("Nothing was deployed: {reason}", reason=error.text) from None
    await progress(say("{names} set; one redeploy follows", names=wanted.name))
    try:
        started = await redeployed(graph, history, source_of(history))
        return (await follow(graph, history.scope.name, started, progress)).short
    except TargetError as error:
        raise TargetError("{name} is set, but not loaded: {reason}", name=wanted.name, reason=error.text) from None


SET_SECRET = Change("railway.set_secret", StoreAddress, SetSecret, CHANGE_LIMIT, _preview, _execute)
