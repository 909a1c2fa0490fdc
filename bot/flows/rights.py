"""Whether a person may do something, decided at the moment they try."""

from bot.core.policy import ANYONE, Right, require
from bot.flows.ports import Caller, Ports


async def demand(ports: Ports, caller: Caller, right: Right) -> None:
    """Raise NotAllowed unless the caller holds the right in the home system."""
    needed = ports.catalog.home.rights.of(right)
    if ANYONE in needed:
        return
    require(right, await ports.people.roles(caller.user, needed), needed)


async def demand_role(ports: Ports, caller: Caller, right: Right, roles: tuple[str, ...]) -> None:
    """Raise NotAllowed unless the caller holds one of these roles now; Slack is asked afresh."""
    require(right, await ports.people.roles(caller.user, roles, fresh=True), roles)
