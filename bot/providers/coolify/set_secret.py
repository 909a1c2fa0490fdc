"""Correcting one secret by what the team's store holds, and loading it with one restart; nobody sees the value."""

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.coolify.deployment import History
from bot.providers.coolify.follow import CHANGE_LIMIT, Changed, identity, require_same
from bot.providers.coolify.panel import Panel, reached
from bot.providers.coolify.restart import restarted, serving
from bot.providers.coolify.set_env import set_once
from bot.providers.coolify.stored import StoreAddress, present_value
from bot.providers.secrets.secrecy import fingerprint
from bot.providers.secrets.stored import FromStore, arguments, shown, taken, warnings, way_back


async def _preview(address: StoreAddress, wanted: FromStore) -> Preview:
    async with reached(address) as panel:
        history = await panel.history()
        history.require_quiet()
        source = serving(history)
        present = await present_value(panel, wanted.name)
    new = taken(address, wanted, present, address.token)
    back = way_back(address, wanted, present, address.token)
    return Preview(
        lines=(
            Line(say("secret {name}", name=wanted.name), shown(present, address.token), shown(new, address.token)),
            Line(say("then one restart of"), "", source.words),
        ),
        state={
            "application": address.application,
            **identity(history),
            "variable": fingerprint(present, address.token),
            "store": fingerprint(new, address.token),
        },
        arguments=arguments(wanted),
        warnings=tuple(warnings(wanted, can_return=bool(back))),
        undo=back,
    )


async def _execute(address: StoreAddress, wanted: FromStore, preview: Preview, progress: Progress) -> Text:
    new = address.held(wanted.version)
    async with reached(address) as panel:
        history = await panel.history()
        require_same(history, preview.state)
        present = await present_value(panel, wanted.name)
        if fingerprint(present, address.token) != preview.state["variable"]:
            raise Changed("{name} was changed after this was shown; nothing was done.", name=wanted.name)
        if fingerprint(new, address.token) != preview.state["store"]:
            raise Changed("The store holds another value than the one that was shown; nothing was done.")
        loaded_by = await _loaded(panel, history, wanted, new, progress)
    return say(
        "{name} is what the store holds (fingerprint {after}, before {before}), loaded by {what}",
        name=wanted.name,
        after=shown(new, address.token),
        before=shown(present, address.token),
        what=loaded_by,
    )


async def _loaded(panel: Panel, history: History, wanted: FromStore, new: str, progress: Progress) -> str:
    """What runs with it."""
    try:
        await set_once(panel, wanted.name, new)
    except TargetError as error:
        raise TargetError("Nothing was restarted: {reason}", reason=error.text) from None
    await progress(say("{name} set; one restart follows", name=wanted.name))
    try:
        return (await restarted(panel, history, progress)).words
    except TargetError as error:
        raise TargetError("{name} is set, but not loaded: {reason}", name=wanted.name, reason=error.text) from None


SET_SECRET = Change("coolify.set_secret", StoreAddress, FromStore, CHANGE_LIMIT, _preview, _execute)
