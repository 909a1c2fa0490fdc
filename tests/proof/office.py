"""Trying to do things with the bot through its doors, and seeing by the record whether anything came of it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count

from bot.core.family import RUNS
from bot.core.run import Phase, Run
from bot.flows.execute import is_under_way
from tests.house import PATIENCE, House
from tests.proof import signed

FEED = "{plantao}:feed"
Body = Callable[["Try"], bytes]
ON_ITS_OWN = {"run.progressed", "incident.run_moved"}


@dataclass(frozen=True)
class Try:
    """Who tries, about what: the number of a run, freeze or incident, and the fingerprint that was shown."""

    user: str
    number: str
    shown: str
    trigger: str
    team: str = signed.TEAM


def button(action: str, value: str) -> Body:
    """A click on a button with this value."""
    return lambda one: signed.click(one.user, action, _filled(value, one), one.trigger, team=one.team)


def slash(text: str) -> Body:
    """A slash command."""
    return lambda one: signed.command(one.user, _filled(text, one), one.trigger, team=one.team)


def form(callback: str, metadata: str, **values: str) -> Body:
    """A submitted form."""

    def body(one: Try) -> bytes:
        filled = {name: _filled(value, one) for name, value in values.items()}
        return signed.submission(one.user, callback, _filled(metadata, one), filled, one.trigger, team=one.team)

    return body


def _filled(words: str, one: Try) -> str:
    """`#` stands for the number, `%` for the fingerprint, `?` for a value that no other try has."""
    fresh = str(100 + int(one.trigger.rpartition("-")[2]))
    return words.replace("#", one.number).replace("%", one.shown).replace("?", fresh)


@dataclass
class Office:
    """The house, as somebody sees it who holds the signing secret."""

    house: House
    tried: Counter[str] = field(default_factory=Counter)
    _triggers: "count[int]" = field(default_factory=lambda: count(1))
    _counted: int = 0
    _counted_to: str = "0"

    def about(self, user: str, number: str = "", shown: str = "", team: str = signed.TEAM) -> Try:
        return Try(user, number, shown, f"try-{next(self._triggers)}", team)

    def signature(self, body: bytes, *, secret: str = "", age: float = 0) -> dict[str, str]:
        """The headers that Slack would send, or somebody with another secret or an old request."""
        slack = self.house.demo.slack
        return signed.headers(secret or slack.app.signing_secret, body, slack.clock.now() - age)

    async def send(self, body: bytes, headers: dict[str, str] | None = None) -> int:
        """Post a body, as Slack would sign it unless told otherwise; the status."""
        url = str(self.house.demo.slack.app.request_url)
        signature = self.signature(body) if headers is None else headers
        answer = await self.house.client.post(url, content=body, headers=signature)
        return answer.status_code

    async def rest(self) -> None:
        """Wait for what goes on after an acknowledgement, as it does when the machine is busy."""
        await self.house.demo.bot.desk.errands.drain(10)

    async def grown(self, before: int, otherwise: str) -> None:
        """Wait until something more is recorded: a proposal goes on after its acknowledgement."""

        deadline = asyncio.get_running_loop().time() + PATIENCE
        while await self.recorded() <= before:
            assert asyncio.get_running_loop().time() < deadline, otherwise
            await asyncio.sleep(0.02)

    async def recorded(self) -> int:
        """How much the record holds, but for what follows from it later by itself."""
        entries = await self.house.demo.bot.store.xrange(FEED, min=f"({self._counted_to}")
        if entries:
            self._counted_to = entries[-1][0].decode()
            self._counted += sum(fields[b"kind"].decode() not in ON_ITS_OWN for _, fields in entries)
        return self._counted

    async def calm(self) -> None:
        """Wait until nothing that was approved is still to be carried out."""

        async def settled() -> bool:
            runs = await self.house.demo.bot.ports.record.listing(RUNS, only_open=True, limit=1000)
            return not any(map(is_under_way, runs))

        await self.house.until(settled)

    async def run(self, number: str) -> Run:
        return await self.house.demo.bot.ports.record.load(RUNS, number)

    async def proposed(self, user: str, text: str) -> tuple[str, str]:
        """Propose something; the run's number and its fingerprint."""
        await self.calm()
        before = await self.recorded()
        assert await self.send(slash(text)(self.about(user))) == 200
        await self.grown(before, f"{text} was refused")
        number = f"RUN-{int(await self.house.demo.bot.store.get('{plantao}:count:RUN'))}"
        return number, (await self.run(number)).proposal.preview.fingerprint

    async def taken_back_by(self, number: str) -> tuple[str, str]:
        """The run that takes back another, once there is one, and its fingerprint."""

        async def there() -> Run | None:
            runs = await self.house.demo.bot.ports.record.listing(RUNS, only_open=True, limit=1000)
            return next((run for run in runs if run.proposal.undo_of == number), None)

        run: Run = await self.house.until(there)
        return run.number, run.proposal.preview.fingerprint

    async def reaches(self, number: str, *phases: Phase) -> None:
        async def there() -> bool:
            return (await self.run(number)).phase in phases

        await self.house.until(there)

    async def is_released(self, number: str) -> None:
        """The step by hand may be done."""

        async def there() -> bool:
            return (await self.run(number)).released

        await self.house.until(there)


Prepared = Callable[[Office], Awaitable[tuple[str, str]]]
