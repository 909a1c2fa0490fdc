"""Which Python packages a container really has: what `pip list` says inside it, the only command that is run there."""

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, StringConstraints

from bot.core.errors import TargetError
from bot.core.findings import Measurement, Reading
from bot.core.operation import Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.address import Address, Named
from bot.providers.docker.anatomy import Container, inspect
from bot.providers.docker.engine import Engine, opened
from bot.providers.docker.logs import frames

_LIMIT: Final = 20.0
_PIP_LIMIT: Final = 15.0
_OUTPUT: Final = 512 * 1024
_PIP: Final = ("-m", "pip", "list", "--format=json", "--disable-pip-version-check", "--no-input")
_RELEASE: Final = re.compile(r"v?(\d{1,9}(?:\.\d{1,9}){0,5})(?![\w.])")

PackageName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$")]
Floor = Annotated[str, StringConstraints(pattern=r"^(\d{1,9}(\.\d{1,9}){0,5})?$")]


class Packages(Named):
    """Which packages matter, each with the version that it must have at least (empty: any), and which Python."""

    packages: Mapping[PackageName, Floor] = Field(min_length=1, max_length=30)
    python: str = Field("python", pattern=r"^(/[\w./-]{1,100}/)?python3?(\.\d{1,2})?$")


async def _read(address: Address, wanted: Packages) -> Reading:
    async with opened(address) as engine:
        container = await inspect(engine, wanted.name)
        if not container.is_running:
            return _nothing(say("{name} is not running", name=container.name))
        installed = await _installed(engine, container, wanted.python)
    found = {name: installed.get(_same(name)) for name in wanted.packages}
    absent = [name for name, version in found.items() if version is None]
    behind = [name for name, version in found.items() if version and _is_below(version, wanted.packages[name])]
    return Reading(
        _summary(container, len(found), absent, behind),
        (
            Measurement("installed", len(installed)),
            Measurement("absent", len(absent)),
            Measurement("behind", len(behind)),
        ),
        tuple(_line(name, version, wanted.packages[name]) for name, version in found.items()),
    )


async def _installed(engine: Engine, container: Container, python: str) -> dict[str, str]:
    body = {"AttachStdout": True, "AttachStderr": False, "Cmd": [python, *_PIP]}
    made = await engine.send(f"/containers/{container.id}/exec", body=body)
    output = bytearray()
    begin = {"Detach": False, "Tty": False}
    async with engine.stream(f"/exec/{made['Id']}/start", {}, begin, _PIP_LIMIT) as chunks:
        async for _, piece in frames(chunks):
            output += piece
            if len(output) > _OUTPUT:
                break
    code = (await engine.get(f"/exec/{made['Id']}/json")).get("ExitCode")
    if code != 0:
        raise TargetError(
            "{name} has no `{python}` with pip that can be asked (exit code {code}).",
            name=container.name,
            python=python,
            code=str(code),
        )
    return _listed(bytes(output), container)


def _listed(output: bytes, container: Container) -> dict[str, str]:
    try:
        rows: Any = json.loads(output)
        return {_same(str(row["name"])): str(row["version"]) for row in rows}
    except (ValueError, TypeError, KeyError) as error:
        raise TargetError("pip in {name} gave an answer that cannot be read.", name=container.name) from error


def _same(name: str) -> str:
    """Names of packages are alike whatever their case and joints."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _is_below(version: str, floor: str) -> bool:
    """By the release alone; what cannot be read, such as a release candidate, does not pass for new enough."""
    if not floor:
        return False
    release = _RELEASE.match(version)
    return release is None or _steps(release[1]) < _steps(floor)


def _steps(release: str) -> list[int]:
    steps = [int(step) for step in release.split(".")]
    while steps and steps[-1] == 0:
        steps.pop()
    return steps


def _line(name: str, version: str | None, floor: str) -> str:
    return f"{name} {mask(version)[:40] if version else '—'}" + (f"  (at least {floor})" if floor else "")


def _summary(container: Container, count: int, absent: list[str], behind: list[str]) -> Text:
    if absent or behind:
        return say(
            "of {count} packages in {name} too old: {behind}; absent: {absent}",
            count=count,
            name=container.name,
            behind=", ".join(behind) or "—",
            absent=", ".join(absent) or "—",
        )
    return say("{name} has all {count} packages, none too old", name=container.name, count=count)


def _nothing(reason: Text) -> Reading:
    return Reading(reason, tuple(Measurement(name, None, missing=reason) for name in ("installed", "absent", "behind")))


PACKAGES = Read("docker.packages", Address, Packages, _LIMIT, _read)
