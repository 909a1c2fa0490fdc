"""Having Secrets Manager rotate a secret by its own rotation function; the value never comes near the bot."""

import asyncio
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from bot.core.errors import TargetError, TimedOut, Unreachable
from bot.core.operation import Change, Progress
from bot.core.preview import Line, Preview
from bot.core.text import Text, say
from bot.providers.aws.account import Account, Address, Document, opened
from bot.providers.aws.refusals import Changed
from bot.providers.aws.secret import Named, described

_LIMIT: Final = 300.0
_FOLLOW_LIMIT: Final = 270.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


async def _preview(address: Address, wanted: Named) -> Preview:
    async with opened(address) as account:
        told = await _rotating(account, wanted.name)
    rotated = told.get("LastRotatedDate")
    return Preview(
        lines=(
            Line(say("secret"), wanted.name, wanted.name),
            Line(say("last rotated"), f"{rotated:%Y-%m-%d %H:%M}Z" if rotated else "–", ""),
        ),
        state={"arn": str(told["ARN"]), "version": _current(told)},
        arguments={"name": wanted.name},
        warnings=(
            say("Whatever read {name} at its start keeps the old value until it is restarted.", name=wanted.name),
        ),
    )


async def _execute(address: Address, wanted: Named, preview: Preview, progress: Progress) -> Text:
    async with opened(address) as account:
        told = await _rotating(account, wanted.name)
        if told["ARN"] != preview.state["arn"] or _current(told) != preview.state["version"]:
            raise Changed("{name} was rotated or changed meanwhile; nothing was done.", name=wanted.name)
        # The id of the new version follows from the old one: asked twice, AWS still rotates once.
        version = str(uuid5(NAMESPACE_URL, f"{told['ARN']}/{preview.state['version']}"))
        try:
            await account.ask("secretsmanager", "rotate_secret", SecretId=told["ARN"], ClientRequestToken=version)
        except (Unreachable, TimedOut):
            await progress(
                say("AWS did not confirm the rotation of {name}; looking whether it began", name=wanted.name)
            )
        await _follow(account, wanted.name, version)
    return say("{name} was rotated; restart what reads it only at its start", name=wanted.name)


async def _rotating(account: Account, name: str) -> Document:
    told = await described(account, name)
    if told is None:
        raise TargetError("There is no secret {name}.", name=name)
    if not told.get("RotationEnabled"):
        raise TargetError(
            "{name} has no rotation function in Secrets Manager. Set one up, or rotate it where it was made.", name=name
        )
    if any("AWSPENDING" in stages and "AWSCURRENT" not in stages for stages in _stages(told).values()):
        raise TargetError("A rotation of {name} has begun and is not finished. Look at its function's log.", name=name)
    return told


async def _follow(account: Account, name: str, version: str) -> None:
    """Until the new version is the current one."""
    pause, seen = _FIRST_PAUSE, None
    try:
        async with asyncio.timeout(_FOLLOW_LIMIT):
            while True:
                await asyncio.sleep(pause)
                pause = min(1.5 * pause, _LONGEST_PAUSE)
                seen = await _stages_seen(account, name) or seen
                if seen is not None and "AWSCURRENT" in seen.get(version, []):
                    return
    except TimeoutError as error:
        if seen is not None and version not in seen:
            raise TargetError("The rotation of {name} did not begin; the secret is unchanged.", name=name) from error
        raise TimedOut(
            "The rotation of {name} began but its function has not finished. The old value is still the current one.",
            name=name,
        ) from error


async def _stages_seen(account: Account, name: str) -> dict[str, list[str]] | None:
    try:
        told = await described(account, name)
    except (Unreachable, TimedOut):
        return None
    return _stages(told) if told else None


def _stages(told: Document) -> dict[str, list[str]]:
    return dict(told.get("VersionIdsToStages") or {})


def _current(told: Document) -> str:
    return next((version for version, stages in _stages(told).items() if "AWSCURRENT" in stages), "")


ROTATE = Change("aws_secrets.rotate", Address, Named, _LIMIT, _preview, _execute)
