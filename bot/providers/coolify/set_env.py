"""Setting one allow-listed variable, and loading it with one restart."""

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.coolify.address import Address
from bot.providers.coolify.follow import CHANGE_LIMIT, Changed, identity, require_same
from bot.providers.coolify.panel import Panel, reached, seen
from bot.providers.coolify.restart import restarted, serving
from bot.providers.coolify.variable import Variable
from bot.providers.railway.words import Name, Names
from bot.providers.secrets.secrecy import fingerprint, looks_secret


class SetEnv(Parameters):
    """`allowed` is the catalog's list of what may be set: public values only."""

    name: Name
    value: str = Field(max_length=2000, pattern=r"^[^\x00-\x1f]*$")
    allowed: Names = Field(min_length=1)


async def _preview(address: Address, wanted: SetEnv) -> Preview:
    _require_allowed(wanted)
    async with reached(address) as panel:
        history = await panel.history()
        history.require_quiet()
        serving(history)
        variable = await existing(panel, wanted.name)
    before = variable.value
    if before == wanted.value:
        raise TargetError("Nothing to do: {name} has this value already.", name=wanted.name)
    hidden = say("Coolify hides the present value from this token, so there is no undo by this action.")
    return Preview(
        lines=(
            Line(say("variable {name}", name=wanted.name), _shown(before), seen(wanted.value, 200)),
            Line(say("then one restart of"), "", serving(history).words),
        ),
        state={"application": address.application, **identity(history), "variable": _mark(variable, address)},
        arguments=_arguments(wanted, wanted.value),
        warnings=() if before is not None else (hidden,),
        undo=_arguments(wanted, before) if before is not None and mask(before) == before else {},
    )


async def _execute(address: Address, _: SetEnv, preview: Preview, progress: Progress) -> Text:
    wanted = SetEnv.model_validate(dict(preview.arguments))
    _require_allowed(wanted)
    async with reached(address) as panel:
        history = await panel.history()
        require_same(history, preview.state)
        if _mark(await existing(panel, wanted.name), address) != preview.state["variable"]:
            raise Changed("{name} was changed after this was shown; nothing was done.", name=wanted.name)
        await set_once(panel, wanted.name, wanted.value)
        await progress(say("{name} set; one restart follows", name=wanted.name))
        try:
            done = await restarted(panel, history, progress)
        except TargetError as error:
            raise TargetError("{name} is set, but not loaded: {reason}", name=wanted.name, reason=error.text) from error
    return say("{name} set and loaded by {what}", name=wanted.name, what=done.words)


async def set_once(panel: Panel, name: str, value: str) -> None:
    """Send it once; a lost answer is looked up where the token may see values."""
    try:
        await panel.set_variable(name, value)
    except (Unreachable, TimedOut) as error:
        if await _value_if_seen(panel, name) != value:
            raise Unreachable(
                "The connection broke while {name} was sent; that it is set could not be seen. Nothing was restarted.",
                name=name,
            ) from error


async def _value_if_seen(panel: Panel, name: str) -> str | None:
    try:
        return (await existing(panel, name)).value
    except TargetError:
        return None


async def existing(panel: Panel, name: str) -> Variable:
    """A variable that is there; raises TargetError where it is not."""
    found = await panel.variable(name)
    if found is None:
        raise TargetError("{name} is not set in Coolify; whoever maintains it has to add it there first.", name=name)
    return found


def _mark(variable: Variable, address: Address) -> str:
    """What tells that nobody changed it since: its value's fingerprint, or else when it was changed."""
    return variable.updated if variable.value is None else fingerprint(variable.value, address.token)


def _require_allowed(wanted: SetEnv) -> None:
    if wanted.name not in wanted.allowed:
        raise TargetError(
            "Refused: {name} may not be set here. Allowed: {allowed}.",
            name=wanted.name,
            allowed=", ".join(wanted.allowed),
        )
    if looks_secret(wanted.name) or mask(wanted.value) != wanted.value:
        raise TargetError(
            "Refused: {name} looks like a secret or personal data, which has no place in a chat. Set it in Coolify.",
            name=wanted.name,
        )


def _shown(value: str | None) -> str:
    return "?" if value is None else seen(value, 200) or "—"


def _arguments(wanted: SetEnv, value: str) -> dict[str, str]:
    return {"name": wanted.name, "value": value, "allowed": " ".join(wanted.allowed)}


SET_ENV = Change("coolify.set_env", Address, SetEnv, CHANGE_LIMIT, _preview, _execute)
