"""Whether a variable is set and when it was last changed; what it holds is not asked for."""

from datetime import UTC, datetime

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.text import Text, say
from bot.providers.coolify.address import Address
from bot.providers.coolify.panel import LIMIT, reached
from bot.providers.coolify.variable import Variable
from bot.providers.railway.words import Name


class Named(Parameters):
    """One of the application's own variables, not that of its previews."""

    name: Name


async def _read(address: Address, wanted: Named) -> Reading:
    async with reached(address) as panel:
        variable = await panel.variable(wanted.name)
    if variable is None:
        absent = say("{name} is not set", name=wanted.name)
        return Reading(absent, (Measurement("set", False), Measurement("age_days", None, "d", absent)))
    changed = _changed(variable)
    if changed is None:
        untold = say("Coolify does not tell when it was changed")
        return Reading(
            say("{name} is set", name=wanted.name),
            (Measurement("set", True), Measurement("age_days", None, "d", untold)),
        )
    age = round((datetime.now(UTC) - changed).total_seconds() / 86_400, 1)
    return Reading(_summary(variable, changed), (Measurement("set", True), Measurement("age_days", age, "d")))


def _summary(variable: Variable, changed: datetime) -> Text:
    if variable.value == "":
        return say("{name} is there but empty; last changed {when}", name=variable.name, when=changed)
    return say("{name} is set; last changed {when}", name=variable.name, when=changed)


def _changed(variable: Variable) -> datetime | None:
    try:
        found = datetime.fromisoformat(variable.updated)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


VARIABLE = Read("coolify.variable", Address, Named, LIMIT, _read)
