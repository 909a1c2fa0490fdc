"""What has to hold before a change: checks, checks of what was chosen, and steps that have to be done first."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from bot.catalog.entries import Action, Check
from bot.catalog.system import System
from bot.core.errors import UserError
from bot.core.family import RUNS
from bot.core.findings import Finding, Level
from bot.core.preview import Preview
from bot.core.run import Phase
from bot.core.text import Text, say
from bot.flows import choices, conditions
from bot.flows.ports import Ports

DONE_WITHIN: Final = timedelta(days=1)
LOOKED_AT: Final = 1000


async def look(ports: Ports, action: Action, given: Mapping[str, Any]) -> list[Finding]:
    """What the checks say that an action rests on: those it requires, and those it shows."""
    return await _found(ports, action, given, (*action.requires, *(action.evidence or action.verify)))


async def look_required(ports: Ports, action: Action, given: Mapping[str, Any]) -> list[Finding]:
    """What the required checks say now."""
    return await _found(ports, action, given, action.requires)


async def _found(ports: Ports, action: Action, given: Mapping[str, Any], names: tuple[str, ...]) -> list[Finding]:
    """What these checks say, each once, of what was chosen."""
    checks = ports.catalog.of(action.system).checks
    asked = (choices.about(checks[name], action, given) for name in dict.fromkeys(names))
    return list(await asyncio.gather(*map(ports.findings.of, asked)))


async def look_at_choice(ports: Ports, action: Action, preview: Preview) -> list[Finding]:
    """What the action's guards say of exactly what would be done."""
    checks = ports.catalog.of(action.system).checks
    aimed = (_aimed(checks[name], taken, preview) for name, taken in action.guards.items())
    return list(await asyncio.gather(*map(ports.findings.of, aimed)))


def _aimed(check: Check, taken: Mapping[str, str], preview: Preview) -> Check:
    """The check with these parameters as they would be sent or were read; one that is neither the check refuses."""
    known = {**preview.state, **preview.arguments}
    seen = {parameter: known.get(name, "") for parameter, name in taken.items()}
    return check.model_copy(update={"parameters": {**check.parameters, **seen}})


async def look_beside(ports: Ports, action: Action, preview: Preview) -> Preview:
    """The preview with what is measured elsewhere; raises TargetError where that forbids the change."""
    checks = ports.catalog.of(action.system).checks
    names = tuple(dict.fromkeys(measured.partition(".")[0] for measured in action.measured))
    seen = await asyncio.gather(*(ports.findings.of(checks[name]) for name in names))
    return conditions.applied(action, checks, preview, dict(zip(names, seen, strict=True)))


def unmet(action: Action, findings: list[Finding]) -> Text | None:
    """The first required check or guard that is not ok, in words."""
    needed = {*action.requires, *action.guards}
    failing = [one for one in findings if one.check in needed and one.level is not Level.OK]
    return say("{check}: {summary}", check=failing[0].title, summary=failing[0].summary) if failing else None


async def demand_done(ports: Ports, system: System, action: Action) -> None:
    """Raise UserError while a step that has to come first was not done and verified within the last day."""
    if not action.first:
        return
    since = ports.clock.now() - DONE_WITHIN
    done = {
        state.proposal.action
        for state in await ports.record.listing(RUNS, only_open=False, limit=LOOKED_AT)
        if state.system == system.id and state.phase is Phase.VERIFIED and state.ended_at and state.ended_at > since
    }
    for name in action.first:
        if name not in done:
            raise UserError(
                "Nothing was proposed, because this has to be done first: {title} (`/run {name}`).",
                title=system.actions[name].title,
                name=name,
            )
