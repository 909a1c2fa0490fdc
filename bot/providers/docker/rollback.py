"""Going back to an image that was kept: the container made again from it, with all else that was set as it is."""

from typing import Any, Final
from urllib.parse import quote

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Followed, Named
from bot.providers.docker.anatomy import Container, inspect, moment
from bot.providers.docker.blueprint import digest, request_of, with_volumes_kept
from bot.providers.docker.engine import Document, Engine, Missing, opened
from bot.providers.docker.images import images_named
from bot.providers.docker.replacing import LIMIT, cautions, replace_with, require_replaceable
from bot.providers.docker.words import identity

_NAMED: Final = 5
_ID: Final = r"^(sha256:[0-9a-f]{64})?$"
_OF_IMAGE: Final = ("User", "WorkingDir", "Healthcheck", "StopSignal", "Shell", "OnBuild")


class Back(Named, Followed):
    """Which container, and the kept image: a tag of this repository on the engine. Without one the choice is shown.

    `image_id` is the image itself, as it was recorded; a tag may mean another one by now.
    """

    repository: str = Field(pattern=r"^[a-z0-9][a-z0-9._/:-]{0,150}$")
    tag: str = Field("", pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?$")
    image_id: str = Field("", pattern=_ID)


async def _preview(address: Address, wanted: Back) -> Preview:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
        await require_replaceable(engine, container)
        await _require_choice(engine, container, wanted)
        present = await _image(engine, str(container.document["Image"]))
        target = await _target(engine, wanted)
        told = [*_doubts(present, target), *await cautions(engine, container)]
    if target["Id"] == present["Id"]:
        raise TargetError("{name} runs this image already.", name=container.name)
    return Preview(
        lines=(
            identity(container),
            Line(say("image"), str(container.config["Image"]), _reference(wanted, target)),
            Line(say("image id"), _short(present), _short(target)),
            Line(say("image made"), _made(present), _made(target)),
        ),
        state={**container.standing, "settings_sha": digest(container)},
        arguments=_arguments(wanted, wanted.tag, target),
        warnings=tuple(told),
        undo=_arguments(wanted, _own_tag(container, wanted), present),
    )


async def _execute(address: Address, wanted: Back, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as engine:
        old = await inspect(engine, wanted.name)
        await require_replaceable(engine, old)
        if {**old.standing, "settings_sha": digest(old)} != dict(preview.state):
            raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.name)
        present, target = await _image(engine, str(old.document["Image"])), await _target(engine, wanted)
        request = {**_request(old, present), "Image": _reference(wanted, target)}
        await replace_with(engine, old, request, wanted.steady_s, progress)
    return say("{name} runs {image} again and is up", name=old.name, image=_reference(wanted, target))


async def _require_choice(engine: Engine, container: Container, wanted: Back) -> None:
    """The image before the present one need not be the last that worked, so that nobody guesses it."""
    if wanted.tag or wanted.image_id:
        return
    present = str(container.document["Image"]).removeprefix("sha256:")[:12]
    kept = [one for one in await images_named(engine, f"{wanted.repository}:") if one.id != present][:_NAMED]
    if not kept:
        raise TargetError("{name} has no other image {image} to go back to.", name=wanted.name, image=wanted.repository)
    raise TargetError(
        "Name the image that {name} should go back to: {known}. It runs {present} now.",
        name=wanted.name,
        known=", ".join(one.shown for one in kept),
        present=f"{mask(str(container.config['Image']))} {present}",
    )


async def _target(engine: Engine, wanted: Back) -> Document:
    """The image that was recorded, or the one that the tag means; `named` says whether the tag means it."""
    tagged = await _found(engine, f"{wanted.repository}:{wanted.tag}") if wanted.tag else None
    target = await _found(engine, wanted.image_id) if wanted.image_id else tagged
    if target is None:
        raise TargetError(
            "There is no image {image} on this engine.", image=wanted.image_id or f"{wanted.repository}:{wanted.tag}"
        )
    return {**target, "named": tagged is not None and tagged["Id"] == target["Id"]}


async def _image(engine: Engine, name: str) -> Document:
    found = await _found(engine, name)
    if found is None:
        raise TargetError("There is no image {image} on this engine.", image=name)
    return found


async def _found(engine: Engine, name: str) -> Document | None:
    try:
        found: Document = await engine.get(f"/images/{quote(name, safe='/:')}/json")
    except Missing:
        return None
    return found


def _reference(wanted: Back, target: Document) -> str:
    return f"{wanted.repository}:{wanted.tag}" if target["named"] else str(target["Id"])


def _own_tag(container: Container, wanted: Back) -> str:
    repository, _, tag = str(container.config["Image"]).rpartition(":")
    return tag if repository == wanted.repository else ""


def _request(old: Container, image: Document) -> Document:
    """What was set for the container itself: the defaults of its image give way to those of the other one."""
    request = with_volumes_kept(request_of(old), old)
    defaults: Document = image.get("Config") or {}
    same = {key for key in _OF_IMAGE if request.get(key) == defaults.get(key)}
    if request.get("Entrypoint") == defaults.get("Entrypoint"):
        same |= {"Entrypoint"} | ({"Cmd"} if request.get("Cmd") == defaults.get("Cmd") else set())
    env = [row for row in request.get("Env") or () if row not in (defaults.get("Env") or ())]
    own = {key: _beyond(request.get(key), defaults.get(key)) for key in ("Labels", "Volumes", "ExposedPorts")}
    return {**{key: value for key, value in request.items() if key not in same}, **own, "Env": env}


def _beyond(values: dict[str, Any] | None, defaults: dict[str, Any] | None) -> dict[str, Any]:
    known = defaults or {}
    return {name: value for name, value in (values or {}).items() if name not in known or known[name] != value}


def _arguments(wanted: Back, tag: str, image: Document) -> dict[str, str]:
    return {
        "name": wanted.name,
        "repository": wanted.repository,
        "tag": tag,
        "image_id": str(image["Id"]),
        "steady_s": str(wanted.steady_s),
    }


def _doubts(present: Document, target: Document) -> list[Text]:
    found = [say("Whoever approves confirms that the data, as the present version writes it, suits the other one.")]
    if str(target.get("Created", "")) > str(present.get("Created", "")):
        found.append(say("The image is newer than the one that runs."))
    found.append(say("The next deployment or `docker compose up` brings its own image again."))
    return found


def _short(image: Document) -> str:
    return str(image["Id"]).removeprefix("sha256:")[:12]


def _made(image: Document) -> str:
    at = moment(str(image.get("Created") or ""))
    return f"{at:%Y-%m-%d %H:%MZ}" if at else "—"


ROLLBACK = Change("docker.rollback", Address, Back, LIMIT, _preview, _execute)
