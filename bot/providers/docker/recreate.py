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
from bot.providers.docker.blueprint import digest, request_of, require_same_image, with_volumes_kept
from bot.providers.docker.engine import Document, Engine, opened
from bot.providers.docker.replacing import LIMIT, cautions, replace_with, require_replaceable
from bot.providers.docker.words import identity, unchanged

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
        told = await _cautions(engine, container)
    before = _settings(container)
    changes = {name: value for name, value in wanted.wishes.items() if before.get(name) != value}
    if wanted.wishes and not changes:
        raise TargetError("{name} has these settings already.", name=container.name)
    return Preview(
        lines=(
            identity(container),
            unchanged(say("image"), str(container.config["Image"])),
            *(
                Line(say("setting {name}", name=name), _shown(name, before.get(name)), _shown(name, value))
                for name, value in sorted(changes.items())
            ),
        ),
        state={**container.standing, "settings_sha": digest(container)},
        arguments=_arguments(wanted, wanted.env, wanted.value),
        warnings=tuple(told),
        undo=_undo(wanted, before),
    )


async def _execute(address: Address, wanted: Recreate, preview: Preview, progress: Progress) -> Text:
    _require_allowed(wanted)
    async with opened(address) as engine:
        old = await inspect(engine, wanted.name)
        await _require_possible(engine, old)
        if {**old.standing, "settings_sha": digest(old)} != dict(preview.state):
            raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.name)
        await replace_with(engine, old, _request(old, wanted.wishes), wanted.steady_s, progress)
    return say("{name} was made again and is up", name=old.name)


async def _require_possible(engine: Engine, container: Container) -> None:
    await require_replaceable(engine, container)
    await require_same_image(engine, container)


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


async def _cautions(engine: Engine, container: Container) -> list[Text]:
    found = await cautions(engine, container)
    if container.labels.get("com.docker.compose.project"):
        found.append(
            say("Compose or Coolify will set its own values again at the next deployment; change them there too.")
        )
    return found


def _request(old: Container, wishes: dict[str, str | None]) -> Document:
    kept = {**_settings(old), **wishes}
    env = [f"{name}={value}" for name, value in kept.items() if value is not None]
    return {**with_volumes_kept(request_of(old), old), "Env": env}


RECREATE = Change("docker.recreate", Address, Recreate, LIMIT, _preview, _execute)
