"""Giving an image another name, such as the one to go back to before a deployment."""

from typing import Final
from urllib.parse import quote

from pydantic import Field

from bot.core.errors import TargetError
from bot.core.operation import Change, Parameters, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.docker.address import Address
from bot.providers.docker.engine import Engine, Missing, opened
from bot.providers.docker.following import once

_LIMIT: Final = 30.0
_REFERENCE: Final = r"^[a-z0-9][a-z0-9._/:-]{0,150}:[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}$"
_NAME: Final = _REFERENCE.removesuffix("$") + r"(\{date\})?$"


class Tag(Parameters):
    """The image by name and tag (or `sha256:` id), and the name and tag it gets as well.

    A tag may end in `{date}`: the engine's day, as 20261231.
    """

    image: str = Field(pattern=rf"{_REFERENCE}|^sha256:[0-9a-f]{{64}}$")
    name: str = Field(pattern=_NAME)


async def _preview(address: Address, wanted: Tag) -> Preview:
    async with opened(address) as engine:
        image = await _id(engine, wanted.image)
        name = wanted.name.replace("{date}", f"{engine.now:%Y%m%d}")
        present = await _id(engine, name)
    if not image:
        raise TargetError("There is no image {image} on this engine.", image=wanted.image)
    if image == present:
        raise TargetError("{image} is called {name} already.", image=wanted.image, name=name)
    return Preview(
        lines=(Line(say("image {name}", name=name), _short(present) or "—", _short(image)),),
        state={"image_id": image, "present_id": present},
        arguments={"image": wanted.image, "name": name},
        warnings=((say("{name} is the name of another image now, which loses it.", name=name),) if present else ()),
        undo={"image": present, "name": name} if present else {},
    )


async def _execute(address: Address, wanted: Tag, preview: Preview, progress: Progress) -> Text:
    name = preview.arguments["name"]
    repository, _, tag = name.rpartition(":")
    async with opened(address) as engine:
        image, present = await _id(engine, wanted.image), await _id(engine, name)
        if {"image_id": image, "present_id": present} != dict(preview.state):
            raise TargetError("{name} no longer looks as it was shown; nothing was done.", name=wanted.image)

        async def is_done() -> bool:
            return await _id(engine, name) == image

        path = f"/images/{quote(image, safe=':')}/tag"
        await once(lambda: engine.send(path, {"repo": repository, "tag": tag}), is_done, "tag")
        if not await is_done():
            raise TargetError("Docker accepted the name {name}, but it means another image.", name=name)
    return say("{image} is now called {name} as well", image=wanted.image, name=name)


async def _id(engine: Engine, name: str) -> str:
    """The image's id, or nothing when there is none of this name."""
    try:
        return str((await engine.get(f"/images/{quote(name, safe='/:')}/json"))["Id"])
    except Missing:
        return ""


def _short(image: str) -> str:
    return image.removeprefix("sha256:")[:12]


TAG = Change("docker.tag", Address, Tag, _LIMIT, _preview, _execute)
