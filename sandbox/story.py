"""Stories: people act in the sandbox by script; what they see is printed and compared with what they should see."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from bot.core.errors import ConfigError
from sandbox.transcript import Transcript, words_of
from sandbox.world import World

PATIENCE = 30.0
POLL = 0.1


class Expectation(BaseModel):
    """Words that must appear: in a channel, in the thread under a headline, or privately to one person."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    says: str
    channel: str = ""
    thread: str = ""
    private: str = ""


class Step(BaseModel):
    """One thing that happens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    who: str = ""
    types: str = ""
    clicks: str = ""
    of: str = ""
    submits: Mapping[str, str] | None = None
    channel: str = "incidents"
    world: Mapping[str, Any] | None = None
    rolled_out: str = ""
    clock: float = 0
    expect: Expectation | None = None
    tell: str = ""

    @model_validator(mode="after")
    def _does_one_thing(self) -> "Step":
        verbs = (self.types, self.clicks, self.submits, self.world, self.rolled_out, self.clock, self.expect, self.tell)
        if sum(1 for verb in verbs if verb) != 1:
            raise ValueError("a step does one thing: types, clicks, submits, world, rolled_out, clock, expect or tell")
        if (self.types or self.clicks or self.submits) and not self.who:
            raise ValueError("say who acts")
        return self


class Story(BaseModel):
    """A title and its steps."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    steps: tuple[Step, ...] = Field(min_length=1)


class StoryFailed(Exception):
    """An expectation did not come true."""


def read_story(file: Path) -> Story:
    """Read a story; raises ConfigError saying what is wrong with it."""
    try:
        return Story.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"{file}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"])
        raise ConfigError(f"{file}: {place}: {first['msg']}") from error


class Player:
    """Plays a story through the control interface, as anybody outside could."""

    def __init__(self, url: str, world: World, write: Callable[[str], object]) -> None:
        self._url = url
        self._world = world
        self._write = write

    async def play(self, story: Story) -> bool:
        """Play all steps; False as soon as an expectation fails."""
        self._write(f"# {story.title}\n")
        async with httpx.AsyncClient(base_url=self._url, timeout=10, trust_env=False) as client:
            transcript = Transcript(self._write)
            try:
                for step in story.steps:
                    await self._step(client, step, transcript)
            except StoryFailed as failure:
                self._write(f"\nFAILED: {failure}\n")
                return False
            transcript.show(await _state(client))
        self._write("\nThe story ended as expected.\n")
        return True

    async def _step(self, client: httpx.AsyncClient, step: Step, transcript: Transcript) -> None:
        if step.tell:
            self._write(f"\n## {step.tell}\n")
        elif step.world:
            self._write(f"\n(the world: {dict(step.world)})\n")
            await self._world.control(step.world)
        elif step.rolled_out:
            await self._rolled_out(step.rolled_out)
        elif step.clock:
            self._write(f"\n({step.clock:g} seconds pass)\n")
            await _post(client, "clock", {"advance": step.clock})
        elif step.expect:
            await _expect(client, step.expect, transcript)
        else:
            await self._act(client, step, transcript)

    async def _rolled_out(self, name: str) -> None:
        """Wait until all pods of a deployment run its newest template."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not self._world.state()["deployments"][name]["rolled_out"]:
            if loop.time() > deadline:
                raise StoryFailed(f"{name} was not rolled out in {PATIENCE:g} s")
            await asyncio.sleep(POLL)

    async def _act(self, client: httpx.AsyncClient, step: Step, transcript: Transcript) -> None:
        state = await _state(client)
        transcript.show(state)
        if step.types:
            self._write(f"\n{step.who}> {step.types}\n")
            verb = "command" if step.types.startswith("/") else "message"
            answer = await _post(client, verb, {"user": step.who, "channel": step.channel, "text": step.types})
            transcript.answered(step.who, answer)
        elif step.clicks:
            self._write(f"\n{step.who}> [{step.clicks}] on {step.of}\n")
            await _post(client, "click", {"user": step.who, **_button(state, step)})
        else:
            self._write(f"\n{step.who}> submits {dict(step.submits or {})}\n")
            view = _open_view(state, step.who)
            await _post(client, "submit", {"user": step.who, "view_id": view, "values": dict(step.submits or {})})
        transcript.show(await _state(client))


async def _expect(client: httpx.AsyncClient, wanted: Expectation, transcript: Transcript) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while True:
        state = await _state(client)
        transcript.show(state)
        if any(wanted.says in words for words in _heard(state, wanted)):
            return
        if loop.time() > deadline:
            raise StoryFailed(f"nobody saw “{wanted.says}” ({wanted.model_dump(exclude_defaults=True)})")
        await asyncio.sleep(POLL)


def _heard(state: dict[str, Any], wanted: Expectation) -> list[str]:
    """Everything that was said at the place an expectation names."""
    if wanted.private:
        user = next(user["id"] for user in state["users"] if user["name"] == wanted.private)
        shown = [*state["ephemerals"].get(user, []), *state["views"].get(user, [])]
        return [words_of(message, state) for message in shown]
    messages = [message for channel in state["channels"] for message in channel["messages"]]
    if wanted.thread:
        head = _headline(state, wanted.thread)
        return [words_of(message, state) for message in messages if message.get("thread_ts") == head["ts"]]
    here = next(channel for channel in state["channels"] if channel["name"] == wanted.channel)
    return [words_of(message, state) for message in here["messages"]]


def _headline(state: dict[str, Any], name: str) -> dict[str, Any]:
    for channel in state["channels"]:
        for message in channel["messages"]:
            if message.get("thread_ts", message["ts"]) == message["ts"] and name in words_of(message, state):
                return {"channel": channel["id"], **message}
    raise StoryFailed(f"no message shows {name}")


def _button(state: dict[str, Any], step: Step) -> dict[str, str]:
    head = _headline(state, step.of)
    for block in head["blocks"] or []:
        for element in block.get("elements", []):
            if element.get("type") == "button" and element["text"]["text"] == step.clicks:
                return {"channel": head["channel"], "ts": head["ts"], "action_id": element["action_id"]}
    raise StoryFailed(f"no button {step.clicks} on {step.of}")


def _open_view(state: dict[str, Any], who: str) -> str:
    user = next(user["id"] for user in state["users"] if user["name"] == who)
    views = state["views"].get(user) or []
    if not views:
        raise StoryFailed(f"{who} has no form open")
    return str(views[-1]["id"])


async def _state(client: httpx.AsyncClient) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.get("/control/state")).json()
    return answer


async def _post(client: httpx.AsyncClient, verb: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = (await client.post(f"/control/{verb}", json=body)).json()
    if not answer.get("ok", False):
        raise StoryFailed(f"{verb}: {answer.get('error')}")
    return answer
