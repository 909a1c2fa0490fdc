"""Making a container again as it is, with a few listed settings changed; the old one returns when the new one fails."""

import re
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import BeforeValidator, Field, field_validator

from bot.core.errors import TargetError
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Followed, Named
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.blueprint import (
    anonymous_volumes,
    digest,
    has_fixed_address,
    networks_of,
    request_of,
    require_own,
    require_same_image,
    with_volumes_kept,
)
from bot.providers.docker.engine import Document, Engine, opened
from bot.providers.docker.following import Patience, follow
from bot.providers.docker.steps import is_gone, make, remove, rename, start, stop

_LIMIT: Final = 240.0
_FOLLOW_LIMIT: Final = 120.0
_NEW, _OLD = "-plantao-new", "-plantao-old"
_SHOWN: Final = 5
_ASSIGNMENT: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,100})(?:=([^\0\r\n]{0,500}))?")


def _rows(raw: object) -> object:
    return tuple(row for row in raw.split("\n") if row) if isinstance(raw, str) else raw


def _words(raw: object) -> object:
    return tuple(raw.split()) if isinstance(raw, str) else raw


class Recreate(Named, Followed):
    """Which container, and settings as `NAME=value` (a bare `NAME` takes one away); only those in `allowed`.

    A single setting may be given as `variable` and `value` instead, where a person chooses the value alone.
    """

    env: Annotated[tuple[str, ...], BeforeValidator(_rows)] = ()
    allowed: Annotated[tuple[str, ...], BeforeValidator(_words)] = Field(default=())
    variable: str = Field("", pattern=r"^([A-Za-z_][A-Za-z0-9_]{0,100})?$")
    value: str = Field("", pattern=r"^[^\x00-\x1f\x7f]{0,500}$")

    @field_validator("env")
    @classmethod
    def _are_assignments(cls, env: tuple[str, ...]) -> tuple[str, ...]:
        if any(not _ASSIGNMENT.fullmatch(row) for row in env):
            raise ValueError("write settings as NAME=value, one a line")
        return env

    @property
    def wishes(self) -> dict[str, str | None]:
        """What each named setting is to be; None takes it away."""
        found = (row.partition("=") for row in self.env)
        listed = {name: value if equals else None for name, equals, value in found}
        return listed | ({self.variable: self.value} if self.variable else {})


async def _preview(address: Address, wanted: Recreate) -> Preview:
    _require_allowed(wanted)
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
        await _require_possible(engine, container)
        written = await engine.get(f"/containers/{container.id}/changes") or []
    before = _settings(container)
    changes = {name: value for name, value in wanted.wishes.items() if before.get(name) != value}
    if wanted.wishes and not changes:
        raise TargetError("{name} has these settings already.", name=container.name)
    return Preview(
        lines=(
            Line(say("container"), f"{container.name} ({container.id[:12]})", ""),
            Line(say("image"), str(container.config["Image"]), str(container.config["Image"])),
            *(
                Line(say("setting {name}", name=name), _shown(name, before.get(name)), _shown(name, value))
                for name, value in sorted(changes.items())
            ),
        ),
        state={**container.standing, "settings_sha": digest(container)},
        arguments=_arguments(wanted, wanted.env, wanted.value),
        warnings=tuple(_cautions(container, [str(item["Path"]) for item in written])),
        undo=_undo(wanted, before),
    )


async def _execute(address: Address, wanted: Recreate, preview: Preview, progress: Progress) -> Text:
    _require_allowed(wanted)
    async with opened(address) as engine:
        old = await inspect(engine, wanted.name)
        await _require_possible(engine, old)
        if {**old.standing, "settings_sha": digest(old)} != dict(preview.state):
            raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.name)
        made = await make(engine, f"{old.name}{_NEW}", _request(old, wanted.wishes), networks_of(old))
        try:
            await _swap(engine, old, made)
            await follow(engine, made.id, Patience(_FOLLOW_LIMIT, wanted.steady_s), progress)
        except TargetError as error:
            await _swap_back(engine, old, made)
            raise TargetError("{reason} The old container runs again, unchanged.", reason=error.text) from error
        await remove(engine, old.id)
    return say("{name} was made again and is up", name=old.name)


async def _require_possible(engine: Engine, container: Container) -> None:
    require_own(container)
    if not container.is_running:
        raise TargetError("{name} is not running; start it or look at it first.", name=container.name)
    await require_same_image(engine, container)
    for left in (f"{container.name}{_OLD}", f"{container.name}{_NEW}"):
        if not await is_gone(engine, left):
            raise TargetError("An earlier attempt left the container {name}; a person has to look at it.", name=left)
    if has_fixed_address(container):
        raise TargetError(
            "{name} has a fixed address in its network; Compose has to make it again.", name=container.name
        )


def _require_allowed(wanted: Recreate) -> None:
    for name, value in wanted.wishes.items():
        if name not in wanted.allowed:
            raise TargetError(
                "The setting {name} may not be changed; only {allowed}.",
                name=name,
                allowed=", ".join(wanted.allowed) or "none",
            )
        if value and _shown(name, value) != value:
            raise TargetError("The value of {name} looks like a secret; those are not set from here.", name=name)


def _settings(container: Container) -> dict[str, str]:
    rows = (str(row).partition("=") for row in container.config.get("Env") or ())
    return {name: value for name, _, value in rows}


def _shown(name: str, value: str | None) -> str:
    if value is None:
        return "—"
    return mask(f"{name}={value}").partition("=")[2]


def _undo(wanted: Recreate, before: dict[str, str]) -> dict[str, str]:
    """The settings as they are now; none when one of them is a secret, which the record must not hold."""
    if not wanted.wishes or any(
        _shown(name, before.get(name)) not in {"—", before.get(name)} for name in wanted.wishes
    ):
        return {}
    if wanted.variable in before and not wanted.env:
        return _arguments(wanted, (), before[wanted.variable])
    rows = [f"{name}={before[name]}" if name in before else name for name in wanted.wishes]
    if not all(_ASSIGNMENT.fullmatch(row) for row in rows):
        return {}
    return _arguments(wanted, rows) | {"variable": ""}


def _arguments(wanted: Recreate, rows: Sequence[str], value: str = "") -> dict[str, str]:
    return {
        "name": wanted.name,
        "env": "\n".join(rows),
        "variable": wanted.variable,
        "value": value,
        "allowed": " ".join(wanted.allowed),
        "steady_s": str(wanted.steady_s),
    }


def _cautions(container: Container, written: list[str]) -> list[Text]:
    found = [say("It is down for the time that it takes to stop and to start.")]
    mounts = {str(mount["Destination"]) for mount in container.document.get("Mounts") or ()}
    lost = sorted(
        path for path in written if not any(path == place or place.startswith(f"{path}/") for place in mounts)
    )
    if lost:
        found.append(
            say(
                "What was written inside it, outside of volumes, is lost: {paths} ({count} in all).",
                paths=", ".join(mask(path) for path in lost[:_SHOWN]),
                count=len(lost),
            )
        )
    if places := [place for _, place in anonymous_volumes(container)]:
        found.append(say("The nameless volumes at {places} are kept and mounted again.", places=", ".join(places)))
    if container.labels.get("com.docker.compose.project"):
        found.append(
            say("Compose or Coolify will set its own values again at the next deployment; change them there too.")
        )
    return found


def _request(old: Container, wishes: dict[str, str | None]) -> Document:
    kept = {**_settings(old), **wishes}
    env = [f"{name}={value}" for name, value in kept.items() if value is not None]
    return {**with_volumes_kept(request_of(old), old), "Env": env}


async def _swap(engine: Engine, old: Container, made: Container) -> None:
    """Stop the old one before the new one starts: they may share ports and files."""
    await stop(engine, old.id)
    await rename(engine, old.id, f"{old.name}{_OLD}")
    await rename(engine, made.id, old.name)
    await start(engine, made.id)


async def _swap_back(engine: Engine, old: Container, made: Container) -> None:
    await stop(engine, made.id)
    await remove(engine, made.id)
    if (await inspect(engine, old.id)).name != old.name:
        await rename(engine, old.id, old.name)
    await start(engine, old.id)


RECREATE = Change("docker.recreate", Address, Recreate, _LIMIT, _preview, _execute)
