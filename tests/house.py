"""A test's view of the running house: it acts through the sandbox's control interface and looks at what people see."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

from bot.core.errors import NothingRecorded
from sandbox.demo import Demo
from sandbox.transcript import words_of
from tests.people import Somebody

T = TypeVar("T")
PATIENCE = 60.0
RECORD_LIMIT = 2.4  # seconds, nearly all that Slack gives: a busy machine is not what most tests are about
CLOCKS = ("approval:", "acknowledge:", "return:", "watch:", "diagnosis:", "wait:")


class House:
    """The demo with hands and eyes."""

    def __init__(self, demo: Demo, client: httpx.AsyncClient) -> None:
        self.demo = demo
        self.client = client
        self._seen: dict[str, Any] = {"version": None}

    async def command(self, who: Somebody, text: str, channel: str = "incidents") -> str:
        """Type a slash command; the words of its acknowledgement."""
        answer = await self.post("command", user=who.name, channel=channel, text=text)
        assert answer["error"] is None, answer
        return self.words(answer["ack"]) if isinstance(answer["ack"], dict) else str(answer["ack"] or "")

    async def click(self, who: Somebody, message: dict[str, Any], action: str, **more: Any) -> dict[str, Any]:
        """Click a button of a message."""
        return await self.post(
            "click", user=who.name, channel=message["channel"], ts=message["ts"], action_id=action, **more
        )

    async def submit(self, who: Somebody, **values: str) -> dict[str, Any]:
        """Submit the form that this person has open on top."""
        view = (await self.views(who))[-1]
        return await self.post("submit", user=who.name, view_id=view["id"], values=values)

    async def post(self, verb: str, **body: Any) -> dict[str, Any]:
        response = await self.client.post(f"/control/{verb}", json=body)
        answer: dict[str, Any] = response.json()
        assert response.status_code == 200, answer
        return answer

    async def state(self) -> dict[str, Any]:
        """All that can be seen; asked for again once the version that the page follows has moved."""
        if self._seen["version"] != self.demo.slack.workspace.changes.version:
            self._seen = (await self.client.get("/control/state")).json()
        return self._seen

    async def views(self, who: Somebody) -> list[dict[str, Any]]:
        views: list[dict[str, Any]] = (await self.state())["views"].get(who.id, [])
        return views

    async def private(self, who: Somebody) -> list[str]:
        """Everything only this person was told."""
        state = await self.state()
        return [self.words(message) for message in state["ephemerals"].get(who.id, [])]

    async def messages(self) -> list[dict[str, Any]]:
        state = await self.state()
        return [{**m, "channel": channel["id"]} for channel in state["channels"] for m in channel["messages"]]

    async def headline(self, name: str) -> dict[str, Any]:
        """The message that stands for an incident, a run or a handoff, once it is there."""
        return await self.until(lambda: self.find(name))

    async def thread(self, name: str) -> list[str]:
        """The replies under a headline, oldest first."""
        head = await self.headline(name)
        return [self.words(m) for m in await self.messages() if m.get("thread_ts") == head["ts"] != m["ts"]]

    async def calls(self, method: str) -> list[dict[str, Any]]:
        return [call for call in (await self.state())["calls"] if call["method"] == method]

    async def told(self, who: Somebody, words: str) -> str:
        """Wait until somebody was privately told something that contains these words."""

        async def heard() -> str | None:
            return next((said for said in await self.private(who) if words in said), None)

        return await self.until(heard)

    async def replied(self, name: str, words: str) -> str:
        """Wait for a reply in a thread that contains these words."""

        async def heard() -> str | None:
            return next((said for said in await self.thread(name) if words in said), None)

        return await self.until(heard)

    async def shows(self, name: str, words: str) -> dict[str, Any]:
        """Wait until a headline contains these words."""

        async def seen() -> dict[str, Any] | None:
            head = await self.find(name)
            return head if head and words in self.words(head) else None

        return await self.until(seen)

    async def until(self, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
        """Poll until `look` gives something; fails after `patience` seconds."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + patience
        pause = 0.01
        while not (found := await _seen(look)):
            assert loop.time() < deadline, f"waited {patience} s in vain; private: {await self.state()}"[:3000]
            await asyncio.sleep(pause)
            pause = min(pause * 1.3, 0.1)
        return found

    async def quiet(self) -> None:
        """Wait until everything recorded has been told."""

        async def all_told() -> bool:
            return not await self._untold() and not await self._at_work()

        await self.until(all_told)

    async def _untold(self) -> bool:
        """Whether the feed holds something that nobody has taken or that is not confirmed."""
        store, feed = self.demo.bot.store, f"{self.demo.bot.settings.prefix}:feed"
        newest = await store.xrevrange(feed, count=1)
        [group] = await store.xinfo_groups(feed)
        return bool(group["pending"]) or bool(newest and group["last-delivered-id"] != newest[0][0])

    async def _at_work(self) -> bool:
        """Whether a job runs or is due, but for the clocks; a docket's snapshot would cost a query for each job."""
        docket = self.demo.bot.docket
        async with docket.redis() as redis:
            if await redis.xlen(docket.stream_key):
                return True
            later = await redis.zrange(docket.queue_key, 0, -1)
        return any(not key.decode().startswith(CLOCKS) for key in later)

    async def find(self, name: str) -> dict[str, Any] | None:
        """That message, if it is there now."""
        tops = (m for m in await self.messages() if m.get("thread_ts", m["ts"]) == m["ts"])
        return next((m for m in tops if name in self.words(m)), None)

    def words(self, shown: dict[str, Any]) -> str:
        names = [{"id": user.id, "name": user.name} for user in self.demo.slack.workspace.users.values()]
        return words_of(shown, {"users": names})


async def _seen(look: Callable[[], Any]) -> Any:
    """What there is to see; nothing, while the record is late on a busy machine."""
    try:
        return await look()
    except NothingRecorded:
        return None


def buttons(message: dict[str, Any]) -> list[str]:
    """The action ids of a message's buttons."""
    return [element["action_id"] for element in _elements(message) if element["type"] == "button"]


def button_value(message: dict[str, Any], action: str) -> str:
    """The value a button carries."""
    return next(str(element["value"]) for element in _elements(message) if element.get("action_id") == action)


def _elements(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for block in message["blocks"]:
        if block["type"] == "actions":
            yield from block["elements"]
