"""Which images there are to go back to: those whose name and tag fit, the one tagged last first."""

import asyncio
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import Field

from bot.core.findings import Measurement, Reading
from bot.core.operation import Parameters, Read
from bot.core.redaction import mask
from bot.core.text import Text, say
from bot.providers.docker.address import Address
from bot.providers.docker.engine import LIMIT, Engine, opened

_SHOWN: Final = 10
_LOOKED_AT: Final = 60
_AT_ONCE: Final = 10
_NAME_SHOWN: Final = 120


class Images(Parameters):
    """The image's name, and what its tags begin with."""

    repository: str = Field(pattern=r"^[a-z0-9][a-z0-9._/:-]{0,150}$")
    tag: str = Field("", pattern=r"^[A-Za-z0-9_.-]{0,100}$")


@dataclass(frozen=True, slots=True)
class Image:
    """One name of an image, and when the image got a name last."""

    tagged: datetime | None
    name: str
    id: str

    @property
    def shown(self) -> str:
        when = f"{self.tagged:%Y-%m-%d %H:%MZ}" if self.tagged else "?"
        return f"{mask(self.name)[:_NAME_SHOWN]}  {self.id}  {when}"


async def _read(address: Address, wanted: Images) -> Reading:
    beginning = f"{wanted.repository}:{wanted.tag}"
    async with opened(address) as engine:
        names = await _names(engine, beginning)
        found = await _looked_at(engine, names)
        now = engine.now
    newest = found[0].tagged if found and len(found) == len(names) else None
    untold = None if newest else _why_untold(len(names), len(found))
    age = round((now - newest).total_seconds() / 3600, 1) if newest else None
    return Reading(
        _summary(beginning, len(names), found),
        (Measurement("images", len(names)), Measurement("tagged_h", age, "h", untold)),
        tuple(one.shown for one in found[:_SHOWN]),
    )


async def images_named(engine: Engine, beginning: str) -> list[Image]:
    """The images whose name and tag begin like this, the one tagged last first."""
    return await _looked_at(engine, await _names(engine, beginning))


async def _names(engine: Engine, beginning: str) -> list[str]:
    listed = await engine.get("/images/json", {"filters": json.dumps({"reference": [f"{beginning}*"]})})
    return [name for one in listed for name in one.get("RepoTags") or () if name.startswith(beginning)]


async def _looked_at(engine: Engine, names: list[str]) -> list[Image]:
    turn = asyncio.Semaphore(_AT_ONCE)

    async def look(name: str) -> Image:
        async with turn:
            return await _image(engine, name)

    found = await asyncio.gather(*map(look, sorted(names, reverse=True)[:_LOOKED_AT]))
    return sorted(found, key=lambda one: one.tagged.timestamp() if one.tagged else 0, reverse=True)


async def _image(engine: Engine, name: str) -> Image:
    """An image with when it got a name last, which Docker keeps per image and not per name."""
    told = await engine.get(f"/images/{name}/json")
    stamp = str((told.get("Metadata") or {}).get("LastTagTime") or "")
    tagged = datetime.fromisoformat(stamp) if stamp and not stamp.startswith("0001") else None
    return Image(tagged, name, str(told["Id"]).removeprefix("sha256:")[:12])


def _why_untold(count: int, looked_at: int) -> Text:
    if not count:
        return say("no such image")
    if looked_at < count:
        return say("looked at {count} of {total} images; name more of the tag", count=looked_at, total=count)
    return say("the engine does not tell when")


def _summary(beginning: str, count: int, found: list[Image]) -> Text:
    if not found:
        return say("there is no image {name}…", name=beginning)
    if len(found) < count:
        return say(
            "{count} images {name}…, of which {looked} were looked at", count=count, name=beginning, looked=len(found)
        )
    return say("{count} images {name}…, last tagged: {newest}", count=count, name=beginning, newest=found[0].shown)


IMAGES = Read("docker.images", Address, Images, LIMIT, _read)
