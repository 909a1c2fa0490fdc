"""How many containers a Compose service has: one more is a copy of the last, one fewer is the last removed."""

import re
from collections.abc import Sequence
from typing import Final, NoReturn

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.docker.address import NAME, Address, Followed
from bot.providers.docker.anatomy import NUMBER, ONE_OFF, PROJECT, SERVICE, Container, inspect, listing
from bot.providers.docker.blueprint import (
    anonymous_volumes,
    digest,
    has_fixed_address,
    networks_of,
    request_of,
    require_own,
    require_same_image,
)
from bot.providers.docker.engine import Engine, opened
from bot.providers.docker.following import Patience, follow
from bot.providers.docker.steps import make, remove, start, stop

_LIMIT: Final = 280.0
_FOLLOW_LIMIT: Final = 60.0


class Scale(Followed):
    """The service and how many containers it is to have; `max` is the catalog's bound."""

    project: str = Field(pattern=NAME)
    service: str = Field(pattern=NAME)
    count: int = Field(ge=1, le=20)
    max: int = Field(5, ge=1, le=20)


async def _preview(address: Address, wanted: Scale) -> Preview:
    async with opened(address) as engine:
        copies = await _copies(engine, wanted)
        await _require_possible(engine, copies, wanted)
    names = ", ".join(one.name for one in copies)
    after = _names_after(copies, wanted)
    arguments = {"project": wanted.project, "service": wanted.service, "max": str(wanted.max)}
    arguments["steady_s"] = str(wanted.steady_s)
    return Preview(
        lines=(
            Line(say("containers"), str(len(copies)), str(wanted.count)),
            Line(say("names"), names, ", ".join(after)),
            Line(say("image"), str(copies[-1].config["Image"]), str(copies[-1].config["Image"])),
        ),
        state=_state(copies),
        arguments={**arguments, "count": str(wanted.count)},
        warnings=tuple(_cautions(copies, wanted)),
        undo={**arguments, "count": str(len(copies))},
    )


async def _execute(address: Address, wanted: Scale, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as engine:
        copies = await _copies(engine, wanted)
        if _state(copies) != dict(preview.state):
            raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.service)
        await _require_possible(engine, copies, wanted)
        for surplus in reversed(copies[wanted.count :]):
            await stop(engine, surplus.id)
            await remove(engine, surplus.id)
            await progress(say("{name} is removed", name=surplus.name))
        for number in range(len(copies), wanted.count):
            new = _number(copies[-1]) + number - len(copies) + 1
            await _add(engine, copies[-1], new, Patience(_FOLLOW_LIMIT, wanted.steady_s), progress)
    return say("{service} has {count} containers", service=wanted.service, count=wanted.count)


async def _copies(engine: Engine, wanted: Scale) -> list[Container]:
    """The service's containers by number; those of `compose run` do not count."""
    listed = await listing(engine, f"{PROJECT}={wanted.project}")
    own = [one for one in listed if one.labels.get(SERVICE) == wanted.service]
    regular = [one for one in own if one.labels.get(ONE_OFF, "").lower() != "true"]
    if not regular:
        raise TargetError(
            "The project {project} has no service {service} here.", project=wanted.project, service=wanted.service
        )
    return sorted([await inspect(engine, one.id) for one in regular], key=_number)


async def _require_possible(engine: Engine, copies: Sequence[Container], wanted: Scale) -> None:
    if wanted.count > wanted.max:
        raise TargetError(
            "At most {limit} containers are allowed for {service}.", limit=wanted.max, service=wanted.service
        )
    if wanted.count == len(copies):
        raise TargetError("{service} has {count} containers already.", service=wanted.service, count=wanted.count)
    for one in copies:
        if not one.is_running:
            raise TargetError("{name} is not running; start it or look at it first.", name=one.name)
        require_own(one)
        _require_many_possible(one, wanted)
    await require_same_image(engine, copies[-1])


def _require_many_possible(one: Container, wanted: Scale) -> None:
    numbered = re.fullmatch(rf"{re.escape(wanted.project)}[-_]{re.escape(wanted.service)}[-_](\d+)", one.name)
    if not numbered or int(numbered[1]) != _number(one):
        raise TargetError(
            "{service} has a fixed container name ({name}), so there can be only one.",
            service=wanted.service,
            name=one.name,
        )
    bindings = (one.host_config.get("PortBindings") or {}).values()
    taken = [str(place["HostPort"]) for places in bindings for place in places or () if place.get("HostPort")]
    if taken or one.host_config.get("NetworkMode") == "host":
        raise TargetError(
            "{service} holds a port of the machine ({port}), so there can be only one.",
            service=wanted.service,
            port=", ".join(taken) or "network_mode: host",
        )
    if has_fixed_address(one):
        raise TargetError(
            "{service} has a fixed address in its network, so there can be only one.", service=wanted.service
        )


def _number(one: Container) -> int:
    text = one.labels.get(NUMBER, "")
    return int(text) if text.isdecimal() else 0


def _names_after(copies: Sequence[Container], wanted: Scale) -> list[str]:
    stay = [one.name for one in copies[: wanted.count]]
    more = range(len(copies), wanted.count)
    return stay + [_name(copies[-1], _number(copies[-1]) + number - len(copies) + 1) for number in more]


def _name(template: Container, number: int) -> str:
    return re.sub(r"\d+$", str(number), template.name)


def _state(copies: Sequence[Container]) -> dict[str, str]:
    return {
        "containers": " ".join(f"{one.name}:{one.id[:12]}" for one in copies),
        "settings_sha": digest(copies[-1]),
        "image_id": copies[-1].standing["image_id"],
    }


def _cautions(copies: Sequence[Container], wanted: Scale) -> list[Text]:
    found = []
    mounts = [mount for mount in copies[-1].document.get("Mounts") or () if mount.get("RW", True)]
    shared = [str(mount["Destination"]) for mount in mounts]
    if wanted.count > len(copies) and shared:
        found.append(
            say("All copies write to the same {places}; can the program stand that?", places=", ".join(shared))
        )
    if wanted.count < len(copies):
        found.append(say("Requests under way in the removed containers will break."))
        if anonymous_volumes(copies[-1]):
            found.append(say("The removed containers' nameless volumes stay on the disk."))
    found.append(say("The next `docker compose up` without --scale sets the number back."))
    return found


async def _add(engine: Engine, template: Container, number: int, patience: Patience, progress: Progress) -> None:
    name = _name(template, number)
    request = {**request_of(template), "Labels": {**template.labels, NUMBER: str(number)}}
    made = await make(engine, name, request, networks_of(template))
    try:
        await start(engine, made.id)
        await follow(engine, made.id, patience, progress)
    except TargetError as error:
        await _take_away(engine, made, error)
    await progress(say("{name} is up", name=name))


async def _take_away(engine: Engine, made: Container, error: TargetError) -> NoReturn:
    try:
        await remove(engine, made.id)
    except TargetError as left:
        raise TargetError(
            "{reason} The new container could not be removed: {why} It lies there as {name}.",
            reason=error.text,
            why=left.text,
            name=made.name,
        ) from error
    raise TargetError("{reason} The new container was removed again.", reason=error.text) from error


SCALE = Change("docker.scale", Address, Scale, _LIMIT, _preview, _execute)
