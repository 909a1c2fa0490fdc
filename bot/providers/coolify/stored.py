"""One variable of the application beside what the team's store holds for it; both stay here, fingerprints leave."""

from bot.core.errors import Denied, TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.text import say
from bot.providers.coolify.address import Address
from bot.providers.coolify.panel import LIMIT, Panel, reached
from bot.providers.coolify.presence import Named
from bot.providers.coolify.set_env import existing
from bot.providers.secrets.stored import Stored, shown


class StoreAddress(Stored, Address):
    """An application on Coolify, and what the store holds for one variable there; the token has to see values."""


async def present_value(panel: Panel, name: str) -> str:
    """What the variable has of its own; raises TargetError where Coolify hides it, or where it is another's."""
    value = (await existing(panel, name)).value
    if value is None:
        raise Denied(
            "Coolify hides the value of {name} from this token, so that nothing can be compared. Give it the "
            "permission `read:sensitive`.",
            name=name,
        )
    if "{{" in value:
        raise TargetError("{name} refers to a shared variable of Coolify; a person changes it there.", name=name)
    return value


async def _compare(address: StoreAddress, wanted: Named) -> Reading:
    async with reached(address) as panel:
        value = await present_value(panel, wanted.name)
    held = address.held("value")
    is_equal = value == held
    return Reading(
        say("{name} in Coolify is what the store holds", name=wanted.name)
        if is_equal
        else say("{name} in Coolify differs from what the store holds", name=wanted.name),
        (Measurement("equal", is_equal),),
        (f"{wanted.name} (Coolify): {shown(value, address.token)}", f"{wanted.name}: {shown(held, address.token)}"),
    )


COMPARE = Read("coolify.compare", StoreAddress, Named, LIMIT, _compare)
