"""Starting, stopping or restarting a systemd unit that the catalog lists."""

import asyncio
from typing import Final, Literal, TypeAlias

from pydantic import Field

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.host.address import Address
from bot.providers.host.changing import changed, failed, look_again, privileged
from bot.providers.host.given import Words
from bot.providers.host.ssh import Machine, logged_in
from bot.providers.host.units import Standing, Unit, full_name, standing

Verb: TypeAlias = Literal["start", "stop", "restart"]
_LIMIT: Final = 240.0
_SEND_LIMIT: Final = 100.0  # systemd gives a unit 90 s to start or stop
_FOLLOW_LIMIT: Final = 100.0
_PAUSE: Final = 0.5
_STEADY_LOOKS: Final = 3
_UNDO: Final[dict[str, str]] = {"start": "stop", "stop": "start"}


class Control(Unit):
    """What to do with which unit; only with those in `allowed`, which the catalog fixes."""

    verb: Verb
    allowed: Words = Field(min_length=1)


async def _preview(address: Address, wanted: Control) -> Preview:
    _require_allowed(wanted)
    async with logged_in(address) as machine:
        unit = await standing(machine, wanted.name)
    _require_sense(unit, wanted.verb)
    arguments = {"name": unit.name, "verb": wanted.verb, "allowed": " ".join(wanted.allowed)}
    back = _UNDO.get(wanted.verb)
    return Preview(
        lines=(
            Line(say("unit"), unit.name, ""),
            Line(say("state"), f"{unit.active} ({unit.sub})", "inactive" if wanted.verb == "stop" else "active"),
        ),
        state=_state(unit),
        arguments=arguments,
        warnings=tuple(_cautions(unit, wanted.verb)),
        undo={**arguments, "verb": back} if back else {},
    )


async def _execute(address: Address, wanted: Control, preview: Preview, progress: Progress) -> Text:
    _require_allowed(wanted)
    what = f"systemctl {wanted.verb} {full_name(wanted.name)}"
    async with logged_in(address) as machine:
        before = await standing(machine, wanted.name)
        if _state(before) != preview.state:
            raise changed(before.name)
        try:
            answer = await privileged(machine, "systemctl", wanted.verb, before.name, limit=_SEND_LIMIT)
        except (Unreachable, TimedOut) as error:
            after = await look_again(
                address,
                lambda again: standing(again, wanted.name),
                lambda seen: _is_taken(before, seen, wanted.verb),
                what,
            )
            if not _is_taken(before, after, wanted.verb):
                raise _untaken(after, wanted.verb) from error
        else:
            if answer.code:
                raise failed(machine, answer, what)
    async with logged_in(address) as machine:
        unit = await _settled(machine, wanted, progress)
    return say("{unit} is {active} ({sub})", unit=unit.name, active=unit.active, sub=unit.sub)


def _require_allowed(wanted: Control) -> None:
    if full_name(wanted.name) not in {full_name(one) for one in wanted.allowed}:
        raise TargetError(
            "{unit} is not among the units that may be changed: {allowed}.",
            unit=full_name(wanted.name),
            allowed=", ".join(wanted.allowed),
        )


def _require_sense(unit: Standing, verb: Verb) -> None:
    if verb == "start" and unit.active == "active":
        raise TargetError("{name} runs already.", name=unit.name)
    if verb == "stop" and unit.active == "inactive":
        raise TargetError("{name} is stopped already.", name=unit.name)


def _state(unit: Standing) -> dict[str, str]:
    """A unit that systemd keeps restarting has another run each time, which is no news."""
    is_looping = unit.active == "activating"
    sub, invocation = ("", "") if is_looping else (unit.sub, unit.invocation)
    return {"unit": unit.name, "active": unit.active, "sub": sub, "invocation": invocation}


def _cautions(unit: Standing, verb: Verb) -> list[Text]:
    found = []
    if verb == "stop":
        found.append(say("Whatever needs {unit} fails from then on until somebody starts it.", unit=unit.name))
    if verb == "restart" and unit.active == "active":
        found.append(say("Requests under way will break."))
    if unit.restarts:
        found.append(say("systemd has restarted it {count} times by itself.", count=unit.restarts))
    return found


def _is_taken(before: Standing, after: Standing, verb: Verb) -> bool:
    """Whether systemd is at it, or has done it."""
    if verb != "stop" and after.invocation != before.invocation:
        return True
    ends = {"inactive", "failed"} if verb == "stop" else set()
    return after.active != before.active and after.active in {"activating", "deactivating"} | ends


def _untaken(after: Standing, verb: Verb) -> TargetError:
    return TargetError(
        "The connection broke while `{verb}` was sent. Looked at again, {unit} is unchanged: {active}.",
        verb=verb,
        unit=after.name,
        active=after.active,
    )


async def _settled(machine: Machine, wanted: Control, progress: Progress) -> Standing:
    """The unit once it stays as wanted; one that dies at its start looks active for a moment."""
    aim, steady, told = "inactive" if wanted.verb == "stop" else "active", 0, ""
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            while True:
                unit = await standing(machine, wanted.name)
                if unit.active == "failed" and wanted.verb != "stop":
                    raise TargetError(
                        "{unit} was started and failed ({result}). Its journal says why.",
                        unit=unit.name,
                        result=unit.result,
                    )
                # A program that is killed for not stopping leaves its unit failed, but stopped.
                steady = steady + 1 if unit.active in {aim, "failed"} else 0
                if steady >= _STEADY_LOOKS:
                    return unit
                if unit.active != told:
                    told = unit.active
                    await progress(say("{unit} is {active} ({sub})", unit=unit.name, active=told, sub=unit.sub))
                await asyncio.sleep(_PAUSE)
    except TimeoutError as error:
        raise TimedOut(
            "{unit} was told to {verb}, but after {seconds} s it is {active}.",
            unit=full_name(wanted.name),
            verb=wanted.verb,
            seconds=f"{_FOLLOW_LIMIT:g}",
            active=told,
        ) from error


UNIT_CONTROL = Change("host.unit_control", Address, Control, _LIMIT, _preview, _execute)
