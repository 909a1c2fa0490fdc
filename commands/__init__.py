"""The slash commands: a literal table of modules, each with `handle(words, caller, ports)`."""

from collections.abc import Mapping

from bot.flows.answers import Handler
from commands import diag, handoff, incident, plantao, rollback, run, runbook

COMMANDS: Mapping[str, Handler] = {
    "/incident": incident.handle,
    "/diag": diag.handle,
    "/run": run.handle,
    "/rollback": rollback.handle,
    "/runbook": runbook.handle,
    "/handoff": handoff.handle,
    "/plantao": plantao.handle,
}
