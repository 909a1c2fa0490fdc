"""One call to a provider that changes something: once, bounded, cancellable, with what it says on its way."""

import asyncio
from contextlib import suppress
from typing import Final

from bot.catalog.entries import Action
from bot.core import run
from bot.core.errors import NothingRecorded, TargetError
from bot.core.family import RUNS
from bot.core.preview import Preview
from bot.core.run import WORKER, Failed, Finished, Phase
from bot.core.text import Person, Text, say
from bot.flows import announce, turns
from bot.flows.ports import Ports

EVERY: Final = 1.0  # seconds between two looks for a cancel, and between two lines of progress
END_LIMIT: Final = 5.0


async def change(ports: Ports, number: str, action: Action, preview: Preview) -> Finished | Failed:
    """Call the provider once and put whatever happens into words."""
    limit = turns.limit_of(action).total_seconds()
    progress = _Progress(ports, number)
    changing = asyncio.create_task(_carried_out(ports, action, preview, progress), name=f"execute:{number}")
    watching = asyncio.create_task(_cancelled(ports, number, progress))
    try:
        await asyncio.wait({changing, watching}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        return _outcome(changing, watching, limit)
    finally:
        watching.cancel()
        changing.cancel()
        # The target stays ours until the call has let go of it.
        await asyncio.wait({changing}, timeout=END_LIMIT)


async def _carried_out(ports: Ports, action: Action, preview: Preview, progress: "_Progress") -> Text:
    if action.tells:
        return await announce.send(ports, progress.number, action, preview, progress.tell)
    return await ports.targets.execute(action, preview.arguments, preview, progress.tell)


def _outcome(changing: asyncio.Task[Text], watching: asyncio.Task[str], limit: float) -> Finished | Failed:
    if changing.done():
        try:
            return Finished(changing.result())
        except TargetError as error:
            return Failed(error.text)
    if watching.done():
        who = Person(watching.result())
        return Failed(say("{who} cancelled it; what was done already stays done.", who=who))
    return Failed(say("It did not finish within {limit} s and may still be going on.", limit=f"{limit:g}"))


async def _cancelled(ports: Ports, number: str, progress: "_Progress") -> str:
    """Who asked to stop, once somebody does."""
    while True:
        await asyncio.sleep(EVERY)
        await progress.flush()
        with suppress(NothingRecorded):
            if who := (await ports.record.load(RUNS, number)).cancelled_by:
                return who


class _Progress:
    """Keeps what the provider says, at most once a second and then the latest."""

    def __init__(self, ports: Ports, number: str) -> None:
        self._ports = ports
        self.number = number
        self._latest: Text | None = None
        self._free_at = 0.0

    async def tell(self, summary: Text) -> None:
        """Take a line from the provider."""
        self._latest = summary
        await self.flush()

    async def flush(self) -> None:
        """Record the latest line, if there is one and the last one is old enough."""
        now = asyncio.get_running_loop().time()
        if self._latest is None or now < self._free_at:
            return
        fact, self._latest, self._free_at = run.Progressed(self._latest), None, now + EVERY
        # Progress is worth a line, not worth stopping a change half way because the record hiccupped.
        with suppress(NothingRecorded):
            await self._ports.record.change(
                RUNS, self.number, lambda state: fact if state.phase is Phase.STARTED else None, WORKER
            )
