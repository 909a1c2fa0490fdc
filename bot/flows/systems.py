"""Which system a person means: the channel's, or the one that they name."""

from bot.catalog.system import System
from bot.flows.ports import Caller, Ports


def of_channel(ports: Ports, caller: Caller) -> System | None:
    """The system that is meant where the caller stands; None where no channel says so."""
    return ports.catalog.tied_to(caller.channel, caller.channel_name)


def named(ports: Ports, word: str) -> System | None:
    """The system that a word names by its id."""
    return ports.catalog.systems.get(word)


def here(ports: Ports, caller: Caller) -> System:
    """The system of the channel, or the first: for what belongs to no system in particular."""
    return of_channel(ports, caller) or ports.catalog.home
