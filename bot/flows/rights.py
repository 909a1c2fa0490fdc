"""Whether a person may do something, decided at the moment they try."""

from collections.abc import Iterable

from bot.core.policy import ANYONE, Right, require
from bot.core.text import Words
from bot.flows.ports import Caller, Ports


async def demand(ports: Ports, caller: Caller, right: Right) -> None:
    """Raise NotAllowed unless the caller holds the right in the home system."""
    needed = ports.catalog.home.rights.of(right)
    if ANYONE in needed:
        return
    require(right, await ports.people.roles(caller.user, needed), _titled(ports, needed))


async def demand_role(ports: Ports, caller: Caller, right: Right, roles: tuple[str, ...]) -> None:
    """Raise NotAllowed unless the caller holds one of these roles now; Slack is asked afresh."""
    require(right, await ports.people.roles(caller.user, roles, fresh=True), _titled(ports, roles))


def _titled(ports: Ports, names: Iterable[str]) -> dict[str, Words]:
    """The roles by key with their titles; a role that the catalog no longer has is held by nobody."""
    roles = ports.catalog.home.profile.roles
    return {name: roles[name].title for name in names if name in roles}
