"""Whether a change did what it should: its checks, until all hold or the time is over."""

import asyncio
from typing import Final

from bot.catalog.entries import Action
from bot.core import run
from bot.core.family import RUNS
from bot.core.findings import Level
from bot.core.report import lines_of
from bot.core.run import WORKER, Phase
from bot.flows import choices, diagnose
from bot.flows.diagnose import Wanted
from bot.flows.ports import Ports

EVERY: Final = 2.0
VERIFIABLE: Final = frozenset({Phase.FINISHED, Phase.INTERRUPTED})


async def verify(ports: Ports, number: str, action: Action | None) -> None:
    """Run the checks that the proposal named until all hold or the time is over, then say which.

    What has left the catalog meanwhile can no longer be verified; a step by hand may have nothing to verify.
    """
    fact = await _verdict(ports, number, action) if action is not None else run.Unverified(())
    await ports.record.change(RUNS, number, lambda now: fact if now.phase in VERIFIABLE else None, WORKER)


async def _verdict(ports: Ports, number: str, action: Action) -> run.Verified | run.Unverified:
    system = ports.catalog.of(action.system)
    proposal = (await ports.record.load(RUNS, number)).proposal
    if any(name not in system.checks for name in proposal.verify):
        return run.Unverified(())
    checks = tuple(choices.told_by(system.checks[name], proposal) for name in proposal.verify)
    wanted = Wanted(system, number, checks)
    loop = asyncio.get_running_loop()
    deadline = loop.time() + action.verify_within.total_seconds()
    while True:
        report = await diagnose.run(ports, wanted)
        if all(finding.level is Level.OK for finding in report.findings):
            return run.Verified(lines_of(report.findings))
        if loop.time() >= deadline:
            return run.Unverified(lines_of(report.findings))
        await asyncio.sleep(EVERY)
