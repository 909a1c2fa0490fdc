"""Which containers there are and how they are: one by name, or all whose name or label fits."""

from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Quantity, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.address import LABEL, Address, Named
from bot.providers.docker.anatomy import Container, Listed, inspect, listing
from bot.providers.docker.engine import LIMIT, Missing, opened
from bot.providers.docker.words import told

_SHOWN: Final = 20
_LONG_MINUTES: Final = 120
_WORDS_LIMIT: Final = 200


class Wanted(Parameters):
    """Those whose name contains `name` and that carry the label (`key` or `key=value`); neither means all."""

    name: str = Field("", pattern=r"^[a-zA-Z0-9_.-]{0,128}$")
    label: str = Field("", pattern=f"{LABEL}|^$")


async def _read_all(address: Address, wanted: Wanted) -> Reading:
    async with opened(address) as engine:
        found = [one for one in await listing(engine, wanted.label) if wanted.name in one.name]
    running = sum(one.is_running for one in found)
    restarting = sum(one.state == "restarting" for one in found)
    unhealthy = sum(one.is_unhealthy for one in found)
    worst_first = sorted(found, key=lambda one: (one.is_running and not one.is_unhealthy, one.name))
    return Reading(
        _summary(found, running, restarting, unhealthy),
        (
            Measurement("total", len(found)),
            Measurement("running", running),
            Measurement("restarting", restarting),
            Measurement("unhealthy", unhealthy),
            Measurement("stopped", sum(one.state in {"exited", "created", "dead"} for one in found)),
        ),
        tuple(str(one) for one in worst_first[:_SHOWN]),
    )


def _summary(found: list[Listed], running: int, restarting: int, unhealthy: int) -> Text:
    if not found:
        return say("no such container")
    return say(
        "{running} of {total} containers running, {restarting} restarting, {unhealthy} unhealthy",
        running=running,
        total=len(found),
        restarting=restarting,
        unhealthy=unhealthy,
    )


async def _read_one(address: Address, wanted: Named) -> Reading:
    async with opened(address) as engine:
        try:
            container = await inspect(engine, wanted.name)
        except Missing:
            return _absent(wanted.name)
    return Reading(_state_words(container), _measurements(container), _evidence(container))


def _absent(name: str) -> Reading:
    gone = say("there is no container `{name}`", name=name)
    others = ("restarts", "oom_killed", "exit_code", "uptime_s", "health")
    return Reading(
        gone,
        (
            Measurement("state", "absent"),
            Measurement("running", False),
            *(Measurement(other, None, missing=gone) for other in others),
        ),
    )


def _measurements(container: Container) -> tuple[Measurement, ...]:
    state, uptime = container.state, container.uptime_s
    exit_code: Quantity = None if state["Running"] and not state.get("Restarting") else int(state["ExitCode"])
    return (
        Measurement("state", str(state["Status"])),
        Measurement("running", container.is_running),
        Measurement("restarts", container.restarts),
        Measurement("oom_killed", bool(state.get("OOMKilled"))),
        Measurement("exit_code", exit_code, missing=say("it runs") if exit_code is None else None),
        Measurement("uptime_s", uptime, "s", say("it is not running") if uptime is None else None),
        Measurement(
            "health", container.health or None, missing=None if container.health else say("it has no health check")
        ),
    )


def _state_words(container: Container) -> Text:
    state = container.state
    if container.is_running:
        return _uptime_words(container)
    if state.get("OOMKilled"):
        return say("{name} was killed because its memory ran out", name=container.name)
    return say(
        "{name} is {state}, exit code {code}, {restarts} restarts",
        name=container.name,
        state=told(str(state["Status"])),
        code=int(state["ExitCode"]),
        restarts=container.restarts,
    )


def _uptime_words(container: Container) -> Text:
    minutes, health = round((container.uptime_s or 0) / 60), told(container.health or "—")
    if minutes < _LONG_MINUTES:
        return say(
            "{name} runs for {minutes} min, {restarts} restarts, health: {health}",
            name=container.name,
            minutes=minutes,
            restarts=container.restarts,
            health=health,
        )
    return say(
        "{name} runs for {hours} h, {restarts} restarts, health: {health}",
        name=container.name,
        hours=round(minutes / 60),
        restarts=container.restarts,
        health=health,
    )


def _evidence(container: Container) -> tuple[str, ...]:
    """The image, times, and the last words of the health check; never the environment."""
    state = container.state
    words = [f"image {container.config.get('Image', '')}", f"started {state.get('StartedAt', '')[:19]}Z"]
    if not container.is_running:
        words.append(f"finished {state.get('FinishedAt', '')[:19]}Z")
    if state.get("Error"):
        words.append(f"error {state['Error']}")
    checks = (state.get("Health") or {}).get("Log") or ()
    if checks and container.health == "unhealthy":
        words.append(f"health check: exit {checks[-1].get('ExitCode')} {checks[-1].get('Output', '')}")
    return tuple(" ".join(mask(word).split())[:_WORDS_LIMIT] for word in words)


CONTAINERS = Read("docker.containers", Address, Wanted, LIMIT, _read_all)
CONTAINER = Read("docker.container", Address, Named, LIMIT, _read_one)
