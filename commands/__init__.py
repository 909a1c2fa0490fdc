"""The slash commands: a literal table of modules, each with `handle(words, caller, ports)`."""

from collections.abc import Mapping

from bot.flows.answers import Handler
from commands import diag, handoff, incident, rollback

COMMANDS: Mapping[str, Handler] = {
    "/incident": incident.handle,
    "/diag": diag.handle,
    "/rollback": rollback.handle,
    "/handoff": handoff.handle,
}
