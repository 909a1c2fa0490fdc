"""Whether a person may do something, decided at the moment they try."""

from collections.abc import Iterable

from bot.catalog.system import System
from bot.core.policy import ANYONE, Right, require
from bot.core.text import Words
from bot.flows.ports import Caller, Ports


async def demand(ports: Ports, caller: Caller, system: System, right: Right, *, fresh: bool = False) -> None:
    """Raise NotAllowed unless the caller holds the right in this system; `fresh` asks Slack for the roles of now."""
    needed = system.rights.of(right)
    if ANYONE in needed:
        return
    require(right, await ports.people.roles(caller.user, system, needed, fresh=fresh), _titled(system, needed))


async def demand_role(ports: Ports, caller: Caller, system: System, roles: tuple[str, ...]) -> frozenset[str]:
    """Those of these roles that the caller holds now, Slack being asked afresh; raises NotAllowed when it is none."""
    held = await ports.people.roles(caller.user, system, roles, fresh=True)
    require(Right.APPROVE, held, _titled(system, roles))
    return held


def _titled(system: System, names: Iterable[str]) -> dict[str, Words]:
    """The roles by key with their titles; a role that the catalog no longer has is held by nobody."""
    roles = system.profile.roles
    return {name: roles[name].title for name in names if name in roles}
